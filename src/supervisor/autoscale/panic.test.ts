import assert from 'node:assert/strict'
import { test } from 'node:test'
import { autoscaleDefaults } from './options.ts'
import { panicAt } from './panic.ts'

const options = { ...autoscaleDefaults, min: 1, max: 20, cores: undefined, concurrencyLimit: 10 }
const nowMs = 100_000

const cases = [
  { name: 'does not begin below the threshold', last: undefined, wanted: 7, ready: 4, expected: undefined },
  { name: 'begins at the threshold', last: undefined, wanted: 8, ready: 4, expected: nowMs },
  { name: 'is prolonged at the threshold', last: 90_000, wanted: 8, ready: 4, expected: nowMs },
  { name: 'goes on for a minute', last: 40_000, wanted: 4, ready: 4, expected: 40_000 },
  { name: 'ends after that', last: 39_999, wanted: 4, ready: 4, expected: undefined },
  { name: 'counts none ready as one', last: undefined, wanted: 1, ready: 0, expected: undefined },
  { name: 'begins with none ready', last: undefined, wanted: 2, ready: 0, expected: nowMs },
]

for (const { name, last, wanted, ready, expected } of cases) {
  test(`panicAt: panic ${name}`, () => {
    assert.equal(panicAt(last, wanted, ready, nowMs, options), expected)
  })
}
