// Finds processes that a test left behind: by its process group, and by a mark in the environment that every
// descendant inherits, however far it moved away. Knows nothing of the product, so that it can judge it.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Leftover {
  readonly pid: number
  readonly command: string
}

interface ProcessLine extends Leftover {
  readonly groupId: number
  readonly isZombie: boolean
  readonly environment: string
}

/** Text of one /proc file; undefined when the process ended meanwhile or belongs to somebody else. */
function readProc(pid: string, name: string): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    return undefined
  }
}

function fromProc(pid: string): ProcessLine | undefined {
  const stat = readProc(pid, 'stat')
  if (stat === undefined) return undefined
  // proc_pid_stat(5): after the name in parentheses come state, parent, group.
  const [state, , group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return {
    pid: Number(pid),
    groupId: Number(group),
    isZombie: state === 'Z' || state === 'X',
    environment: (readProc(pid, 'environ') ?? '').replaceAll('\0', ' '),
    command: (readProc(pid, 'cmdline') ?? '').replaceAll('\0', ' ').trim(),
  }
}

function fromPs(line: string): ProcessLine | undefined {
  const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+(.*)$/.exec(line)
  if (match === null) return undefined
  const [, pid, group, stat = '', words = ''] = match
  // With -E the environment follows the command on the same line.
  return {
    pid: Number(pid),
    groupId: Number(group),
    isZombie: stat.startsWith('Z'),
    environment: words,
    command: words.slice(0, 200),
  }
}

function listProcesses(): ProcessLine[] {
  const lines =
    process.platform === 'linux'
      ? readdirSync('/proc')
          .filter((name) => /^\d+$/.test(name))
          .map((pid) => fromProc(pid))
      : execFileSync('ps', ['-axwwE', '-o', 'pid=,pgid=,stat=,command='], { encoding: 'utf8' })
          .split('\n')
          .map((line) => fromPs(line))
  return lines.filter((line) => line !== undefined)
}

/** Everything alive in the process group, or that carries `mark` ('NAME=value') in its environment. */
export function findLeftovers(groupId: number, mark: string): readonly Leftover[] {
  return listProcesses()
    .filter((line) => !line.isZombie && line.pid !== process.pid)
    .filter((line) => line.groupId === groupId || line.environment.split(' ').includes(mark))
    .map(({ pid, command }) => ({ pid, command }))
}

/** SIGKILLs them. One that ended meanwhile is what we wanted. */
export function killLeftovers(leftovers: readonly Leftover[]): void {
  for (const { pid } of leftovers) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
    }
  }
}
