import assert from 'node:assert/strict'
import { test } from 'node:test'
import { largestWant, rememberWant, type TimedWant } from './stabilization.ts'

const windowMs = 10

/** The largest of what was wanted, at 0, 1, 2 and so on. */
function largest(instances: readonly number[]): number {
  const wants = instances.reduce<readonly TimedWant[]>(
    (earlier, wanted, atMs) => rememberWant(earlier, { atMs, instances: wanted }, windowMs),
    [],
  )
  return largestWant(wants)
}

test('largestWant is the largest of the window, and never an older one', () => {
  assert.equal(largest([]), 0)
  assert.equal(largest([3, 9, 4]), 9)
  assert.equal(largest([9, ...Array.from({ length: 9 }, () => 2)]), 9)
  assert.equal(largest([9, ...Array.from({ length: 10 }, () => 2)]), 2)
  assert.equal(largest([9, 7, 8, ...Array.from({ length: 9 }, () => 2)]), 8)
})

test('largestWant agrees with a plain maximum over the window', () => {
  const wanted = Array.from({ length: 500 }, (_, index) => (index * 7919) % 23)
  for (const end of wanted.keys()) {
    const until = wanted.slice(0, end + 1)
    assert.equal(largest(until), Math.max(...until.slice(-windowMs)))
  }
})

test('rememberWant without a window keeps only the latest', () => {
  assert.deepEqual(rememberWant([{ atMs: 0, instances: 5 }], { atMs: 0, instances: 1 }, 0), [
    { atMs: 0, instances: 1 },
  ])
})
