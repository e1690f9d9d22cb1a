import assert from 'node:assert/strict'
import { test } from 'node:test'
import { answered, asked, judgeLiveness, restarted, unasked, wasLate } from './liveness.ts'

const hangTimeoutMs = 5_000

test('an instance that was asked nothing, or has answered, is alive however long ago that was', () => {
  assert.equal(judgeLiveness(unasked, 1e9, hangTimeoutMs), 'alive')
  assert.equal(judgeLiveness(answered(), 1e9, hangTimeoutMs), 'alive')
})

test('a question left unanswered makes it suspect, then hung', () => {
  const state = asked(unasked, 1_000)
  const at = [1_000, 3_499, 3_500, 5_999, 6_000].map((nowMs) => judgeLiveness(state, nowMs, hangTimeoutMs))
  assert.deepEqual(at, ['alive', 'alive', 'suspect', 'suspect', 'hung'])
})

test('asking again does not begin the silence anew, an answer ends it', () => {
  const state = asked(asked(unasked, 1_000), 4_000)
  assert.equal(judgeLiveness(state, 6_000, hangTimeoutMs), 'hung')
  assert.equal(judgeLiveness(asked(answered(), 4_000), 6_000, hangTimeoutMs), 'alive')
})

test('a time in which we stood still ourselves does not count as silence', () => {
  const state = restarted(asked(unasked, 1_000), 600_000)
  assert.equal(judgeLiveness(state, 602_000, hangTimeoutMs), 'alive')
  assert.equal(judgeLiveness(state, 605_000, hangTimeoutMs), 'hung')
  assert.equal(judgeLiveness(restarted(unasked, 600_000), 700_000, hangTimeoutMs), 'alive')
})

test('a timer is late by more than a fifth of the hang timeout', () => {
  assert.equal(wasLate(1_000, 2_000, hangTimeoutMs), false)
  assert.equal(wasLate(1_000, 2_001, hangTimeoutMs), true)
})
