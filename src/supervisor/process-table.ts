// What the operating system says about processes. A pid alone proves nothing, since pids are used again; a
// pid together with its start time names one process for ever.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { promisify } from 'node:util'

export interface ProcessEntry {
  readonly pid: number
  readonly groupId: number
  /** Opaque; only compared. On Linux it holds the boot's id, so that it means nothing after a reboot. */
  readonly startTime: string
  /** Dead already, only not yet collected by its parent. */
  readonly isZombie: boolean
}

/** Linux, where files tell what elsewhere ps does. */
export const hasProc: boolean = process.platform === 'linux'
const run = promisify(execFile)
// A fixed zone and language: lstart is printed as local time.
const psEnvironment = { PATH: '/bin:/usr/bin', LC_ALL: 'C', TZ: 'UTC0' }
const psColumns = ['-o', 'pid=', '-o', 'pgid=', '-o', 'stat=', '-o', 'lstart=']

/** The process with this pid, zombies included; undefined when there is none. */
export async function readProcess(pid: number): Promise<ProcessEntry | undefined> {
  if (hasProc) return readProcStat(pid)
  return (await listWithPs(['-p', String(pid)]))[0]
}

/** Every process of the group, zombies included. */
export async function listGroup(groupId: number): Promise<readonly ProcessEntry[]> {
  const all = hasProc ? listProc() : await listWithPs(['-ax'])
  return all.filter((entry) => entry.groupId === groupId)
}

/** Whether the process was started with `assignment` ('NAME=value') in its environment. False when unreadable. */
export async function hasInEnvironment(pid: number, assignment: string): Promise<boolean> {
  if (hasProc) return readProcFile(pid, 'environ')?.split('\0').includes(assignment) ?? false
  const output = await ps(['-Eww', '-o', 'command=', '-p', String(pid)])
  return output.split(/\s+/).includes(assignment)
}

/** Reads /proc/PID/stat (proc_pid_stat(5)). The name in parentheses may itself hold spaces and parentheses. */
export function parseProcStat(text: string, bootId: string): ProcessEntry | undefined {
  const nameEnd = text.lastIndexOf(')')
  const fields = text.slice(nameEnd + 2).split(' ')
  // After the name come state (field 3), parent (4), group (5) … and the start time in ticks since boot (22).
  const [state, , group] = fields
  const ticks = fields[19]
  const pid = Number.parseInt(text, 10)
  if (nameEnd < 0 || state === undefined || ticks === undefined || Number.isNaN(pid)) return undefined
  return {
    pid,
    groupId: Number(group),
    startTime: `${bootId}:${ticks.trim()}`,
    isZombie: state === 'Z' || state === 'X',
  }
}

/** Reads one line of ps with the columns pid, pgid, stat, lstart. */
export function parsePsLine(line: string): ProcessEntry | undefined {
  const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(\S.*?)\s*$/.exec(line)
  if (match === null) return undefined
  const [, pid, group, stat = '', started = ''] = match
  return {
    pid: Number(pid),
    groupId: Number(group),
    startTime: started.replaceAll(/\s+/g, ' '),
    isZombie: stat.startsWith('Z'),
  }
}

function listProc(): ProcessEntry[] {
  return listProcPids()
    .map(readProcStat)
    .filter((entry) => entry !== undefined)
}

/** Of Linux. */
export function listProcPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function readProcStat(pid: number): ProcessEntry | undefined {
  const text = readProcFile(pid, 'stat')
  return text === undefined ? undefined : parseProcStat(text, readBootId())
}

/** Undefined when the process is gone or is not ours to look at. */
export function readProcFile(pid: number, name: 'stat' | 'environ'): string | undefined {
  return readTextIfPresent(`/proc/${pid}/${name}`)
}

const absent: ReadonlySet<unknown> = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM'])

function readTextIfPresent(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && absent.has(error.code)) return undefined
    throw error
  }
}

let knownBootId: string | undefined

function readBootId(): string {
  // Sandboxed kernels lack the file; then only the ticks are compared.
  knownBootId ??= readTextIfPresent('/proc/sys/kernel/random/boot_id')?.trim() ?? ''
  return knownBootId
}

async function listWithPs(selection: readonly string[]): Promise<ProcessEntry[]> {
  const output = await ps([...selection, ...psColumns])
  return output
    .split('\n')
    .map(parsePsLine)
    .filter((entry) => entry !== undefined)
}

/** What ps prints, in English and UTC; nothing when no process matches. */
export async function ps(args: readonly string[]): Promise<string> {
  try {
    return (await run('ps', args, { env: psEnvironment, maxBuffer: 16 * 1024 * 1024 })).stdout
  } catch (error) {
    // ps exits with 1 when no process matches.
    if (error instanceof Error && 'code' in error && error.code === 1) return ''
    throw error
  }
}
