import assert from 'node:assert/strict'
import { test } from 'node:test'
import { idleDeadline, slideTo } from './expiry.ts'

const idleMs = 1_000
const nowMs = 50_000

test('idleDeadline never passes the absolute deadline', () => {
  assert.equal(idleDeadline(nowMs, idleMs, 99_000), 51_000)
  assert.equal(idleDeadline(nowMs, idleMs, 50_400), 50_400)
})

test('slideTo waits until a tenth of the idle time has passed', () => {
  const usedAt = (usedMs: number) => ({ idleDeadlineMs: usedMs + idleMs, absoluteDeadlineMs: 99_000 })
  assert.equal(slideTo(nowMs, idleMs, usedAt(nowMs)), undefined)
  assert.equal(slideTo(nowMs, idleMs, usedAt(nowMs - 99)), undefined)
  assert.equal(slideTo(nowMs, idleMs, usedAt(nowMs - 100)), 51_000)
  assert.equal(slideTo(nowMs, idleMs, usedAt(nowMs - 999)), 51_000)
})

test('slideTo leaves a deadline alone that cannot move any more', () => {
  assert.equal(slideTo(nowMs, idleMs, { idleDeadlineMs: 50_400, absoluteDeadlineMs: 50_400 }), undefined)
  assert.equal(slideTo(nowMs, idleMs, { idleDeadlineMs: 50_400, absoluteDeadlineMs: 50_900 }), 50_900)
})
