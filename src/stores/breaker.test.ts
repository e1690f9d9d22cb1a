import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Breaker, closedBreaker, nextBreakerState } from './breaker.ts'
import type { BreakerEvent, BreakerState } from './breaker.ts'

const limits = { failuresToOpen: 3, probeIntervalMs: 100 }
const closed = (failures: number): BreakerState => ({ name: 'closed', failures })
const open: BreakerState = { name: 'open', untilMs: 500 }
const halfOpen: BreakerState = { name: 'half-open' }
const call = (nowMs: number): BreakerEvent => ({ name: 'call', nowMs })
const failure = (nowMs: number): BreakerEvent => ({ name: 'failure', nowMs })
const success: BreakerEvent = { name: 'success' }

test('nextBreakerState: every state, every event', () => {
  const table: readonly (readonly [BreakerState, BreakerEvent, BreakerState])[] = [
    [closed(0), call(0), closed(0)],
    [closed(2), call(0), closed(2)],
    [closed(2), success, closed(0)],
    [closed(0), failure(7), closed(1)],
    [closed(1), failure(7), closed(2)],
    [closed(2), failure(7), { name: 'open', untilMs: 107 }],
    [open, call(499), open],
    [open, call(500), halfOpen],
    [open, success, closed(0)],
    [open, failure(499), open],
    [halfOpen, call(1_000), halfOpen],
    [halfOpen, success, closed(0)],
    [halfOpen, failure(600), { name: 'open', untilMs: 700 }],
  ]
  for (const [state, event, expected] of table) {
    assert.deepEqual(nextBreakerState(state, event, limits), expected, JSON.stringify([state, event]))
  }
  assert.deepEqual(closedBreaker, closed(0))
})

test('Breaker: an outage lets one call through per interval, and its success lets all through again', () => {
  let nowMs = 0
  const breaker = new Breaker(limits, () => nowMs)
  for (let failures = 0; failures < 3; failures += 1) {
    assert.equal(breaker.admit(), true)
    breaker.fail()
  }
  assert.equal(breaker.admit(), false)
  nowMs = 100
  assert.deepEqual([breaker.admit(), breaker.admit(), breaker.admit()], [true, false, false])
  breaker.fail()
  nowMs = 199
  assert.equal(breaker.admit(), false)
  nowMs = 200
  assert.equal(breaker.admit(), true)
  breaker.succeed()
  assert.deepEqual([breaker.admit(), breaker.admit()], [true, true])
})
