import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideRecycle, fullPace, judgeMemory } from './memory.ts'

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

/** When instances are replaced within an hour, in s: one is always there that had too much `readyForMs` after it was ready. */
function recycledAtS(readyForMs: number): number[] {
  let pace = fullPace
  return Array.from({ length: 3_600 }, (_, second) => second).filter((second) => {
    const next = decideRecycle(pace, readyForMs, second * 1_000)
    pace = next ?? pace
    return next !== undefined
  })
}

test('instances that have too much as soon as they are there are replaced ever more slowly, at last every ten minutes', () => {
  assert.deepEqual(recycledAtS(4_000), [0, 10, 30, 70, 150, 310, 630, 1_230, 1_830, 2_430, 3_030])
})

test('one that has grown for longer is replaced at once, and what comes after it too', () => {
  assert.equal(recycledAtS(61_000).length, 3_600)
  const early = { earlyOnes: 5, pausedUntilMs: 100_000 }
  assert.equal(decideRecycle(early, 4_000, 99_999), undefined)
  assert.deepEqual(decideRecycle(early, 61_000, 0), fullPace)
})
