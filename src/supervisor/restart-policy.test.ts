import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  backoffDelayMs,
  decideRestart,
  earlyDeathMs,
  firstBackoffMs,
  hastenRestart,
  loneRestartMs,
  maxBackoffMs,
} from './restart-policy.ts'

const almostOne = 1 - Number.EPSILON

const deaths = [
  { name: 'first, never ready', earlyDeaths: 0, readyForMs: undefined, count: 1, delayMs: firstBackoffMs },
  { name: 'first, just ready', earlyDeaths: 0, readyForMs: 0, count: 1, delayMs: firstBackoffMs },
  { name: 'ready for exactly the limit', earlyDeaths: 0, readyForMs: earlyDeathMs, count: 1, delayMs: 100 },
  { name: 'ready for longer', earlyDeaths: 0, readyForMs: earlyDeathMs + 1, count: 0, delayMs: 0 },
  { name: 'ready for longer after crashes', earlyDeaths: 9, readyForMs: 60_000, count: 0, delayMs: 0 },
  { name: 'second in a row', earlyDeaths: 1, readyForMs: undefined, count: 2, delayMs: 200 },
  { name: 'third in a row', earlyDeaths: 2, readyForMs: 10, count: 3, delayMs: 400 },
  { name: 'ninth in a row', earlyDeaths: 8, readyForMs: undefined, count: 9, delayMs: 25_600 },
  { name: 'tenth in a row', earlyDeaths: 9, readyForMs: undefined, count: 10, delayMs: maxBackoffMs },
  { name: 'far too many', earlyDeaths: 5_000, readyForMs: undefined, count: 5_001, delayMs: maxBackoffMs },
]

for (const { name, earlyDeaths, readyForMs, count, delayMs } of deaths) {
  test(`decideRestart: a death (${name}) waits ${delayMs} ms at most`, () => {
    const decision = decideRestart({ earlyDeaths, readyForMs }, almostOne)
    assert.deepEqual(decision, { earlyDeaths: count, delayMs })
  })
}

test('backoffDelayMs jitters between half of the delay and all of it', () => {
  assert.equal(backoffDelayMs(1, 0), 50)
  assert.equal(backoffDelayMs(1, 0.5), 75)
  assert.equal(backoffDelayMs(4, 0), 400)
  assert.equal(backoffDelayMs(40, 0), maxBackoffMs / 2)
})

const hastenings = [
  { name: 'leaves all alone while one is ready', ready: true, due: [30_000, 20_000], expected: undefined },
  { name: 'has nothing to do when none waits', ready: false, due: [], expected: undefined },
  {
    name: 'leaves a restart alone that is due in time',
    ready: false,
    due: [9_000, 1_000],
    expected: undefined,
  },
  {
    name: 'brings the soonest forward, and only that',
    ready: false,
    due: [30_000, 20_000, 25_000],
    expected: { id: '2', dueAtMs: loneRestartMs },
  },
]

for (const { name, ready, due, expected } of hastenings) {
  test(`hastenRestart ${name}`, () => {
    const waiting = due.map((dueAtMs, index) => ({ id: String(index + 1), dueAtMs }))
    assert.deepEqual(hastenRestart(0, ready, waiting), expected)
  })
}

test('hastenRestart, asked again and again, never pushes a restart away', () => {
  const first = hastenRestart(0, false, [{ id: '1', dueAtMs: 30_000 }])
  assert.deepEqual(first, { id: '1', dueAtMs: loneRestartMs })
  assert.equal(hastenRestart(500, false, first === undefined ? [] : [first]), undefined)
})
