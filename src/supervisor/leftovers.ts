// Ends what a killed run left behind, before a new one starts on the same folder.
import type { RecordedRun } from './group-record.ts'
import type { Group } from './process-group.ts'
import { endGroup } from './process-group.ts'
import { hasInEnvironment, listGroup, readProcess } from './process-table.ts'
import type { Scheduler } from './scheduler.ts'

/** In the environment of every instance: a word that no other run has. */
export const runVariable = 'DROVER_RUN'

const graceMs = 2_000

/** Resolves when every recorded group that is still ours has ended, within 4 s; tells those that would not. */
export async function reapLeftovers(
  recorded: RecordedRun,
  scheduler: Scheduler,
  log: (line: string) => void,
): Promise<void> {
  await Promise.all(
    recorded.groups.map(async (group) => {
      if (!(await isOurs(group, recorded.run))) return
      log(`Ending process group ${group.pid}, left over from a run that was killed`)
      const isGone = await endGroup(group, graceMs, scheduler)
      if (!isGone) log(`Cannot end process group ${group.pid}: it outlived SIGKILL`)
    }),
  )
}

/**
 * The record may be days old, so a group whose leader is gone is ours only if a member carries the mark of
 * that run: else it could be a daemon's, which was given the same number later and whose leader has left,
 * as daemons do.
 */
async function isOurs(group: Group, run: string): Promise<boolean> {
  const leader = await readProcess(group.pid)
  if (leader !== undefined) return leader.startTime === group.startTime
  const members = await listGroup(group.pid)
  const marks = await Promise.all(members.map(({ pid }) => hasInEnvironment(pid, `${runVariable}=${run}`)))
  return marks.includes(true)
}
