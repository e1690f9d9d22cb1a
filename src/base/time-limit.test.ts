import assert from 'node:assert/strict'
import { stat } from 'node:fs/promises'
import { test } from 'node:test'
import { withDeadline } from './deadline.ts'
import { TimeLimit } from './time-limit.ts'

const late = () => new Error('late')

/** The event loop stands still for much longer than the limits of these tests. */
function holdLoop(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 40)
}

test('TimeLimit: what never settles is late, in the order of beginning, and other waits of the same limit go on', async () => {
  const limit = new TimeLimit(5)
  const events: string[] = []
  const never = new Promise<never>(() => undefined)
  const first = limit.bound(never, late).catch(() => events.push('first'))
  const second = limit.bound(never, late).catch(() => events.push('second'))
  assert.equal(await limit.bound(Promise.resolve('done'), late), 'done')
  await assert.rejects(limit.bound(Promise.reject(new Error('failed')), late), { message: 'failed' })
  // Unlike the test, the limit's timer keeps no process alive.
  const alive = setInterval(() => undefined, 1_000)
  await Promise.all([first, second])
  assert.deepEqual(events, ['first', 'second'])
  await assert.rejects(limit.bound(never, late), { message: 'late' })
  clearInterval(alive)
})

test('TimeLimit: a wait that was ended is not called late', async () => {
  const limit = new TimeLimit(1)
  let isLate = false
  limit.end(limit.begin(() => (isLate = true)))
  const alive = setInterval(() => undefined, 1_000)
  await assert.rejects(limit.bound(new Promise(() => undefined), late))
  clearInterval(alive)
  assert.equal(isLate, false)
})

test('TimeLimit and withDeadline: a reply that came while the loop stood still beats the timer', async () => {
  const limit = new TimeLimit(10)
  for (const bound of [
    (work: Promise<unknown>) => limit.bound(work, late),
    (work: Promise<unknown>) => withDeadline(work, 10, late),
  ]) {
    // Done by another thread; that it is done is only seen when the loop turns.
    const reply = bound(stat(import.meta.filename))
    holdLoop()
    await reply
  }
})
