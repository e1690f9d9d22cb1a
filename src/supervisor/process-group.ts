// Ends whole process groups, and never a stranger's.
//
// A group id is the pid of its first process. POSIX (XBD 3.268, fork()) forbids using a pid again while a
// group of that id has a member. So for a group recorded as { pid, startTime }:
// - the pid is alive with that start time: the group is ours;
// - the pid is alive with another start time: the pid was used again, hence our group emptied before. Hands off;
// - the pid is gone but the group has members: they are ours, as the id was never free, unless between two looks the
//   group emptied, the pid went once around the whole pid space to a new group leader, and that one died too. Within
//   one run we look every few milliseconds; after a crash, left-overs must carry our mark as well (leftovers.ts).
import { listGroup, readProcess } from './process-table.ts'
import type { Scheduler } from './scheduler.ts'
import { pause } from './scheduler.ts'

export interface Group {
  /** The pid of the leader, which is the id of its group. */
  readonly pid: number
  readonly startTime: string
}

const pollIntervalMs = 20
/** How long to wait for the kernel to carry out a SIGKILL. */
const killWaitMs = 2_000

/** The group led by the living process `pid`; undefined when it is gone. */
export async function identifyGroup(pid: number): Promise<Group | undefined> {
  const entry = await readProcess(pid)
  return entry === undefined ? undefined : { pid, startTime: entry.startTime }
}

/** Whether anything of the group still runs. Zombies do not: only their parent's attention is missing. */
async function isGroupAlive(group: Group): Promise<boolean> {
  const leader = await readProcess(group.pid)
  if (leader !== undefined && leader.startTime !== group.startTime) return false
  if (leader !== undefined && !leader.isZombie) return true
  if (!hasMembers(group.pid)) return false
  return (await listGroup(group.pid)).some((entry) => !entry.isZombie)
}

/**
 * Ends the group: SIGTERM, and SIGKILL to what is left after `graceMs` (at once when that is 0).
 * Resolves with whether everything is gone, at the latest 2 s after the SIGKILL.
 */
export async function endGroup(group: Group, graceMs: number, scheduler: Scheduler): Promise<boolean> {
  if (graceMs > 0) {
    await sendToGroup(group, 'SIGTERM')
    if (await waitUntilGone(group, graceMs, scheduler)) return true
  }
  await sendToGroup(group, 'SIGKILL')
  return waitUntilGone(group, killWaitMs, scheduler)
}

/**
 * Signals a group whose leader is known to be ours: a child whose exit has not been told yet, or is being
 * told now. Returns false when the group is empty.
 */
export function signalOwnGroup(pid: number, signal: NodeJS.Signals): boolean {
  return trySignal(groupAddress(pid), signal)
}

async function sendToGroup(group: Group, signal: NodeJS.Signals): Promise<void> {
  const leader = await readProcess(group.pid)
  if (leader !== undefined && leader.startTime !== group.startTime) return
  if (signalOwnGroup(group.pid, signal)) return
  // A guarded process that leads no group of its own, such as a forked balancer.
  if (leader !== undefined) trySignal(group.pid, signal)
}

async function waitUntilGone(group: Group, timeoutMs: number, scheduler: Scheduler): Promise<boolean> {
  let isLate = false
  const cancel = scheduler.after(timeoutMs, () => {
    isLate = true
  })
  while (await isGroupAlive(group)) {
    if (isLate) return false
    await pause(scheduler, pollIntervalMs)
  }
  cancel()
  return true
}

function hasMembers(pid: number): boolean {
  return trySignal(groupAddress(pid), 0)
}

/** kill(2) reads 0 as "my own group" and -1 as "every process": no such number may ever come from a bad record. */
function groupAddress(pid: number): number {
  if (!Number.isSafeInteger(pid) || pid <= 1)
    throw new Error(`Cannot signal process group ${pid}: no such id`)
  return -pid
}

/** False when nobody is there. EPERM means somebody is: on macOS a zombie, elsewhere one that changed its user. */
function trySignal(address: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(address, signal)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ESRCH') return false
    if (code === 'EPERM') return true
    throw error
  }
}
