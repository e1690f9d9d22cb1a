import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeMemory } from './memory.ts'

/** Which of the looks find too much. */
function verdicts(looks: readonly number[], ceilingBytes: number | undefined): boolean[] {
  let looksAbove = 0
  return looks.map((rssBytes) => {
    const verdict = judgeMemory(looksAbove, rssBytes, ceilingBytes)
    looksAbove = verdict.looksAbove
    return verdict.isTooMuch
  })
}

test('memory is too much from the second look in a row above the ceiling on', () => {
  assert.deepEqual(verdicts([101, 102, 103], 100), [false, true, true])
})

test('a peak that passes, and memory at the ceiling, are not too much', () => {
  assert.deepEqual(verdicts([101, 100, 101, 50, 101], 100), [false, false, false, false, false])
})

test('without a ceiling nothing is too much', () => {
  assert.deepEqual(verdicts([1e12, 1e12], undefined), [false, false])
})
