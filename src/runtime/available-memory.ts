// How much memory the machine, or the control group that we run in, could still give.
import { readFileSync } from 'node:fs'
import { freemem, platform } from 'node:os'
import { dirname, join } from 'node:path'

/** The text of a file; undefined where there is none to read. */
export type ReadText = (path: string) => string | undefined

const groupRoot = '/sys/fs/cgroup'

/**
 * In bytes: what the machine has left, or what the limits of our control groups (cgroup v2) leave of it. Undefined on macOS,
 * which fills free memory with copies of files that it would give up, and tells nobody how much of it.
 */
export function availableMemoryBytes(
  readText: ReadText = readFile,
  freeBytes: () => number | undefined = machineBytes,
): number | undefined {
  const machine = freeBytes()
  const rooms = ownGroups(readText('/proc/self/cgroup') ?? '').map((group) => groupRoom(group, readText))
  const known = [machine, ...rooms].filter((room) => room !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}

/** On Linux, Node reads MemAvailable of /proc/meminfo, which counts what the kernel would give up. */
function machineBytes(): number | undefined {
  return platform() === 'darwin' ? undefined : freemem()
}

/** The folders of our group and of those that it is in: a limit holds for all that is below it. */
function ownGroups(groups: string): readonly string[] {
  const own = /^0::(\/.*)$/m.exec(groups)?.[1]
  if (own === undefined) return []
  const folders: string[] = []
  for (let path = own; path !== '/'; path = dirname(path)) folders.push(join(groupRoot, path))
  return [...folders, groupRoot]
}

/** Undefined where nothing is limited. Files that were read and not used of late are given up first, and do not count. */
function groupRoom(folder: string, readText: ReadText): number | undefined {
  const limit = Number.parseInt(readText(join(folder, 'memory.max')) ?? '', 10)
  const used = Number.parseInt(readText(join(folder, 'memory.current')) ?? '', 10)
  if (Number.isNaN(limit) || Number.isNaN(used)) return undefined
  const idle = /^inactive_file (\d+)$/m.exec(readText(join(folder, 'memory.stat')) ?? '')?.[1]
  return Math.max(0, limit - used + Number(idle ?? 0))
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
