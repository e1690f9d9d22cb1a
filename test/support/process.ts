// Asking the system about processes, and ending those of the test's own.
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
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

/** Ends it by force, and waits for its end. Idempotent. */
export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
