// Asking the system about processes.
import { readProcess } from '../../src/supervisor/process-table.ts'
import { until } from './until.ts'

/** Those of the processes that still run. Zombies do not: their parent, or init, collects them when it likes. */
export async function runningOf(pids: readonly number[]): Promise<readonly number[]> {
  const entries = await Promise.all(pids.map(readProcess))
  return entries.flatMap((entry) => (entry === undefined || entry.isZombie ? [] : [entry.pid]))
}

/** Resolves when none of the processes runs any more. */
export async function untilGone(pids: readonly number[], timeoutMs?: number): Promise<void> {
  const isOver = async () => (await runningOf(pids)).length === 0
  await until(`processes ${pids.join(', ')} are gone`, isOver, timeoutMs === undefined ? {} : { timeoutMs })
}
