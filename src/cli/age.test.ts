import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAge } from './age.ts'

const ages: readonly (readonly [durationMs: number, text: string])[] = [
  [-5, '0 s'],
  [999, '0 s'],
  [59_999, '59 s'],
  [130_000, '2 m 10 s'],
  [3_600_000, '1 h 0 m'],
  [11_040_000, '3 h 4 m'],
  [183_600_000, '2 d 3 h'],
]

for (const [durationMs, text] of ages) {
  test(`formatAge of ${durationMs} ms is ${text}`, () => {
    assert.equal(formatAge(durationMs), text)
  })
}
