// What a process and its descendants have used so far: CPU time of all their threads, and memory now.
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

export interface Usage {
  /** User and system time, in microseconds. */
  readonly cpuMicros: number
  /** Resident memory, in bytes. */
  readonly residentBytes: number
}

interface Entry extends Usage {
  readonly pid: number
  readonly parent: number
}

/** USER_HZ, in which Linux counts for its readers: 100 on every platform that Node runs on. */
const microsPerTick = 10_000

/** The smallest difference of two readings that means anything, in microseconds. */
export const cpuResolutionMicros: number = microsPerTick

/** Throws when the process is gone. */
export function usageOf(pid: number): Usage {
  const entries = process.platform === 'linux' ? readProc() : readPs()
  const family = new Set([pid])
  const relatives: Entry[] = []
  // A child may be listed before its parent, so look again until a pass finds nobody new.
  for (let before = -1; before < relatives.length;) {
    before = relatives.length
    for (const entry of entries) {
      if (relatives.includes(entry) || !(family.has(entry.pid) || family.has(entry.parent))) continue
      family.add(entry.pid)
      relatives.push(entry)
    }
  }
  if (!relatives.some((entry) => entry.pid === pid))
    throw new Error(`Cannot measure process ${pid}: it is gone`)
  return {
    cpuMicros: relatives.reduce((sum, entry) => sum + entry.cpuMicros, 0),
    residentBytes: relatives.reduce((sum, entry) => sum + entry.residentBytes, 0),
  }
}

function readProc(): Entry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      const entry = readProcess(Number(name))
      return entry === undefined ? [] : [entry]
    })
}

function readProcess(pid: number): Entry | undefined {
  let stat: string
  let status: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    status = readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    // It ended between the listing and the reading.
    return undefined
  }
  // The program's name, in parentheses, may itself hold spaces and parentheses. After it: state ppid … utime stime.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  const residentKilobytes = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)
  return {
    pid,
    parent: Number(fields[1]),
    cpuMicros: ticks * microsPerTick,
    residentBytes: residentKilobytes * 1024,
  }
}

function readPs(): Entry[] {
  const text = execFileSync('ps', ['-A', '-o', 'pid=,ppid=,rss=,time='], { encoding: 'utf8' })
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [pid = '', parent = '', kilobytes = '', time = ''] = line.trim().split(/\s+/)
      return {
        pid: Number(pid),
        parent: Number(parent),
        cpuMicros: readClock(time),
        residentBytes: Number(kilobytes) * 1024,
      }
    })
}

/** `[[days-]hours:]minutes:seconds.hundredths`, as ps writes a time, in microseconds. */
export function readClock(time: string): number {
  const [clock = '', days = '0'] = time.split('-').toReversed()
  const seconds = clock.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
  return Math.round((Number(days) * 86_400 + seconds) * 1_000_000)
}
