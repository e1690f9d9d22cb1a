// The guardian's process, seen from the primary's side.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import { Guardian } from '../../src/supervisor/guardian.ts'
import { systemScheduler } from '../../src/supervisor/scheduler.ts'
import { runningOf, untilGone } from '../support/process.ts'
import { until } from '../support/until.ts'

/** Far above the highest pid there can be. */
const nobody = 999_999_999

test('Guardian.tell replaces a guardian that takes nothing, and waits no longer', async (t) => {
  const log: string[] = []
  const guardian = new Guardian({
    clock: systemClock,
    random: Math.random,
    scheduler: { after: (delayMs, run) => systemScheduler.after(Math.min(delayMs, 100), run) },
    log: (line) => log.push(line),
  })
  t.after(() => guardian.close())
  guardian.start()
  const first = guardian.pid ?? 0
  process.kill(first, 'SIGSTOP')
  // More than the pipe between them holds.
  await guardian.tell([{ pid: nobody, startTime: 'x'.repeat(1024 * 1024) }])
  await untilGone([first])
  const second = await until('another runs', () => guardian.pid !== first && guardian.pid)
  assert.deepEqual(await runningOf([second]), [second])
  assert.match(log[0] ?? '', /^The guardian was killed by SIGKILL; starting another in \d+ ms$/)
  await guardian.tell([])
})
