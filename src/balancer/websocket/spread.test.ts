import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { spreadDelays, spreadWindowMs } from './spread.ts'

const anyRandom = fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))

test('each stream has a share of the window of its own and falls at random into it', () => {
  fc.assert(
    fc.property(fc.nat(200), fc.nat(60_000), anyRandom, (count, windowMs, draws) => {
      const delays = spreadDelays(count, windowMs, () => Number(draws.next().value))
      assert.equal(delays.length, count)
      const shareMs = windowMs / count
      for (const [index, delay] of delays.entries()) {
        assert.ok(delay >= index * shareMs)
        assert.ok(delay <= Math.min(windowMs, (index + 1) * shareMs * (1 + Number.EPSILON * 4)))
      }
    }),
  )
})

test('the window is what the deadline leaves when every stream is given its time to close', () => {
  assert.equal(spreadWindowMs(5_000, 2_000, 30_000), 5_000)
  assert.equal(spreadWindowMs(5_000, 2_000, 3_000), 1_000)
  assert.equal(spreadWindowMs(5_000, 2_000, 500), 0)
  assert.deepEqual(
    spreadDelays(2, 0, () => 0.5),
    [0, 0],
  )
})
