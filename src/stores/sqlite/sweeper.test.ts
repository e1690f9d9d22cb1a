import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sweepPauseMs } from './defaults.ts'
import { nextSweepDelayMs } from './sweeper.ts'

test('nextSweepDelayMs: a short pause while there is more, else half to one and a half intervals', () => {
  assert.equal(
    nextSweepDelayMs(true, 60_000, () => 0.9),
    sweepPauseMs,
  )
  assert.equal(
    nextSweepDelayMs(false, 60_000, () => 0),
    30_000,
  )
  assert.equal(
    nextSweepDelayMs(false, 60_000, () => 0.5),
    60_000,
  )
  assert.equal(
    nextSweepDelayMs(false, 60_000, () => 0.999_999),
    90_000,
  )
})
