import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseSize } from './size.ts'

const sizes: readonly (readonly [given: unknown, bytes: number | undefined])[] = [
  [0, 0],
  [1024, 1024],
  ['64kb', 65_536],
  ['1.5MB', 1_572_864],
  ['1gb', 1_073_741_824],
  ['12b', 12],
  ['12', undefined],
  ['kb', undefined],
  [-1, undefined],
  [Number.NaN, undefined],
  [Number.POSITIVE_INFINITY, undefined],
  [null, undefined],
]

for (const [given, bytes] of sizes) {
  test(`parseSize reads ${JSON.stringify(given)} as ${bytes}`, () => {
    assert.equal(parseSize(given), bytes)
  })
}
