import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { allowanceOf, hitOf, verdictOf } from './allowance.ts'

describe('allowanceOf', () => {
  for (const [limit, perMs, eachUs, toleranceUs] of [
    [1, 1_000, 1_000_000, 100_000],
    [10, 60_000, 6_000_000, 100_000],
    [3, 1_000, 333_333, 100_000],
    [20, 1_000, 50_000, 25_000],
    [7, 1, 142, 71],
    [1_000, 1, 1, 0],
  ] as const) {
    test(`${limit} in ${perMs} ms: each uses ${eachUs} µs, and exactly ${limit} fit`, () => {
      const allowance = allowanceOf(limit, perMs)
      assert.deepEqual(allowance, { limit, perMs, eachUs, mostUs: limit * eachUs + toleranceUs })
      const { takeUs, mostUs } = hitOf(allowance, 1)
      assert.equal(Math.floor(mostUs / takeUs), limit)
      assert.ok(mostUs - toleranceUs <= perMs * 1_000)
    })
  }

  for (const limit of [0, -1, 1.5, NaN, Infinity, '5', undefined, 2 ** 53, 1_001]) {
    test(`refuses the limit ${String(limit)} in 1 ms`, () => {
      assert.throws(() => allowanceOf(limit, 1), {
        code: 'OPTION_INVALID',
        message: /^Cannot use limit .*wanted/,
      })
    })
  }

  test('refuses a time longer than a store counts', () => {
    assert.throws(() => allowanceOf(1, 2 ** 42), { code: 'OPTION_INVALID', message: /35 years/ })
  })
})

describe('hitOf', () => {
  const allowance = allowanceOf(10, 1_000)

  test('costs its share, or as many of them as it is asked for; none asks only', () => {
    assert.deepEqual(hitOf(allowance, 1), { takeUs: 100_000, mostUs: 1_050_000 })
    assert.deepEqual(hitOf(allowance, 10), { takeUs: 1_000_000, mostUs: 1_050_000 })
    assert.deepEqual(hitOf(allowance, 0), { takeUs: 0, mostUs: 1_050_000 })
  })

  for (const cost of [11, -1, 0.5, NaN]) {
    test(`refuses a cost of ${cost}, which would never fit`, () => {
      assert.throws(() => hitOf(allowance, cost), { code: 'OPTION_INVALID', message: /0 to the limit of 10/ })
    })
  }
})

describe('verdictOf, 10 in a second', () => {
  const allowance = allowanceOf(10, 1_000)
  for (const [what, cost, isTaken, usedUs, expected] of [
    ['the first', 1, true, 100_000, { allowed: true, remaining: 9, retryAfterMs: 0, resetMs: 100 }],
    [
      'not quite half of one is free again',
      1,
      true,
      151_000,
      { allowed: true, remaining: 8, retryAfterMs: 0, resetMs: 151 },
    ],
    ['the last', 1, true, 1_000_000, { allowed: true, remaining: 0, retryAfterMs: 0, resetMs: 1_000 }],
    [
      'one too many',
      1,
      false,
      1_000_000,
      { allowed: false, remaining: 0, retryAfterMs: 100, resetMs: 1_000 },
    ],
    ['nearly free', 1, false, 950_001, { allowed: false, remaining: 0, retryAfterMs: 51, resetMs: 951 }],
    ['a large one', 5, false, 600_000, { allowed: false, remaining: 4, retryAfterMs: 100, resetMs: 600 }],
    ['one overtaken', 1, true, 1_020_000, { allowed: true, remaining: 0, retryAfterMs: 0, resetMs: 1_020 }],
    ['a question', 0, true, 260_000, { allowed: true, remaining: 7, retryAfterMs: 0, resetMs: 260 }],
    ['nothing in use', 0, true, 0, { allowed: true, remaining: 10, retryAfterMs: 0, resetMs: 0 }],
    [
      'a lowered limit',
      1,
      false,
      5_000_000,
      { allowed: false, remaining: 0, retryAfterMs: 4_100, resetMs: 5_000 },
    ],
  ] as const) {
    test(what, () => {
      assert.deepEqual(verdictOf(allowance, cost, { isTaken, usedUs }), { limit: 10, ...expected })
    })
  }
})
