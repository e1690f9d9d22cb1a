// What process groups need of the machine: memory and processor time, children and grandchildren included.
import { execFileSync } from 'node:child_process'
import { hasProc, listProcPids, parseProcStat, ps, readProcFile } from './process-table.ts'

/** One process. */
export interface ProcessUsage {
  readonly pid: number
  readonly groupId: number
  /** Tells it from another process with that pid; only compared. */
  readonly startTime: string
  readonly rssBytes: number
  /** Processor time since it began, in user and kernel. */
  readonly cpuMs: number
}

/** A group at one moment: the processes that are neither gone nor zombies. */
export type GroupUsage = readonly ProcessUsage[]

const psColumns = ['-ax', '-o', 'pid=', '-o', 'pgid=', '-o', 'time=', '-o', 'rss=', '-o', 'lstart=']

/** The groups with these ids that have a process, by id. One look at all processes, however many groups are asked for. */
export async function readGroupUsage(
  groupIds: ReadonlySet<number>,
): Promise<ReadonlyMap<number, GroupUsage>> {
  if (groupIds.size === 0) return new Map()
  const all = hasProc ? listProcUsage() : (await ps(psColumns)).split('\n').map(parsePsUsage)
  const wanted = all.filter((usage) => usage !== undefined).filter(({ groupId }) => groupIds.has(groupId))
  return Map.groupBy(wanted, ({ groupId }) => groupId)
}

/** Pages that several of them share, such as those of a program's code, count for each. */
export function rssOf(group: GroupUsage): number {
  return group.reduce((sum, { rssBytes }) => sum + rssBytes, 0)
}

/**
 * How many processors the group kept busy between two looks, on average. A process that ended in between is left out, with
 * what it used; one that began counts whole.
 */
export function coresUsed(before: GroupUsage, after: GroupUsage, elapsedMs: number): number | undefined {
  if (elapsedMs <= 0) return undefined
  const known = new Map(before.map((usage) => [`${usage.pid} ${usage.startTime}`, usage.cpuMs]))
  const usedMs = after.reduce((sum, { pid, startTime, cpuMs }) => {
    return sum + Math.max(0, cpuMs - (known.get(`${pid} ${startTime}`) ?? 0))
  }, 0)
  return usedMs / elapsedMs
}

interface Units {
  readonly ticksPerSecond: number
  readonly pageBytes: number
}

/** Reads /proc/PID/stat (proc_pid_stat(5)); undefined for a zombie, and for what is no such line. */
export function parseProcUsage(text: string, units: Units): ProcessUsage | undefined {
  const entry = parseProcStat(text, '')
  if (entry === undefined || entry.isZombie) return undefined
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  // The first of them is field 3: so utime (14), stime (15) and rss, in pages (24).
  const [userTicks, kernelTicks, pages] = [fields[11], fields[12], fields[21]].map(Number)
  if (userTicks === undefined || kernelTicks === undefined || pages === undefined) return undefined
  const { pid, groupId, startTime } = entry
  const cpuMs = ((userTicks + kernelTicks) * 1_000) / units.ticksPerSecond
  const rssBytes = pages * units.pageBytes
  return Number.isFinite(cpuMs + rssBytes) ? { pid, groupId, startTime, rssBytes, cpuMs } : undefined
}

/** Reads one line of ps with the columns pid, pgid, time, rss, lstart. */
export function parsePsUsage(line: string): ProcessUsage | undefined {
  const match = /^\s*(\d+)\s+(\d+)\s+([\d:.-]+)\s+(\d+)\s+(\S.*?)\s*$/.exec(line)
  if (match === null) return undefined
  const [, pid, group, time = '', kilobytes, started = ''] = match
  const cpuMs = parseCpuTime(time)
  if (cpuMs === undefined) return undefined
  return {
    pid: Number(pid),
    groupId: Number(group),
    startTime: started.replaceAll(/\s+/g, ' '),
    rssBytes: Number(kilobytes) * 1_024,
    cpuMs,
  }
}

/** `[days-][hours:]minutes:seconds[.hundredths]`: macOS lets the minutes grow beyond 59, and has the hundredths. */
function parseCpuTime(text: string): number | undefined {
  const match = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(text)
  if (match === null) return undefined
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0))
  return Math.round((((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000)
}

function listProcUsage(): (ProcessUsage | undefined)[] {
  const units = readUnits()
  return listProcPids().map((pid) => {
    const text = readProcFile(pid, 'stat')
    return text === undefined ? undefined : parseProcUsage(text, units)
  })
}

let knownUnits: Units | undefined

function readUnits(): Units {
  knownUnits ??= { ticksPerSecond: configured('CLK_TCK', 100), pageBytes: configured('PAGESIZE', 4_096) }
  return knownUnits
}

/** What the system says of itself; where it cannot be asked, as in a container without getconf, what nearly every Linux has. */
function configured(name: string, otherwise: number): number {
  try {
    const value = Number(
      execFileSync('getconf', [name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
    )
    return Number.isInteger(value) && value > 0 ? value : otherwise
  } catch {
    return otherwise
  }
}
