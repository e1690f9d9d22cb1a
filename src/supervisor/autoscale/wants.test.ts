import assert from 'node:assert/strict'
import { test } from 'node:test'
import { autoscaleDefaults } from './options.ts'
import { panicWant, wantedInstances } from './wants.ts'

const target = 0.7
const tolerance = 0.1
const options = { ...autoscaleDefaults, min: 1, max: 20, cores: undefined, concurrencyLimit: 10 }

/** Loads as what they want, with how many of the instances are measured. */
const cases = [
  { name: 'a tenth more changes nothing', low: 22, high: 22, measured: 20, current: 20, expected: 20 },
  { name: 'more than a tenth more', low: 22.1, high: 22.1, measured: 20, current: 20, expected: 23 },
  { name: 'a tenth less changes nothing', low: 18.1, high: 18.1, measured: 20, current: 20, expected: 20 },
  { name: 'more than a tenth less', low: 17.9, high: 17.9, measured: 20, current: 20, expected: 18 },
  { name: 'the last one stays wanted', low: 0.2, high: 0.2, measured: 1, current: 1, expected: 1 },
  { name: 'the ready ones are busy', low: 2, high: 2, measured: 2, current: 6, expected: 6 },
  { name: 'the ready ones are bored', low: 1.2, high: 1.2, measured: 2, current: 6, expected: 2 },
  { name: 'none is measured', low: 0, high: 2, measured: 0, current: 6, expected: 6 },
  { name: 'as much may be missing as is there', low: 1, high: 6, measured: 4, current: 6, expected: 6 },
]

for (const { name, low, high, measured, current, expected } of cases) {
  test(`wantedInstances: ${name}`, () => {
    const load = { low: low * target, high: high * target, measured }
    assert.equal(wantedInstances(load, target, current, tolerance), expected)
  })
}

test('panicWant changes nothing for a load within the tolerance, and says what less would do', () => {
  const want = (wanted: number) => {
    const load = wanted * target
    const loads = { concurrency: { low: load, high: load, measured: 4 } }
    return panicWant([{ atMs: 0, loads }], 4, options)?.instances
  }
  assert.deepEqual([0.5, 3.9, 4.3, 4.5].map(want), [1, 4, 4, 5])
})
