import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RetryBudget } from './retry-budget.ts'

/**
 * What finagle's RetryBudgetTest establishes: with time standing still, of 10,000 requests that each want a retry the
 * share is retried, and the reserve on top.
 */
const shares = [0.1, 0.5, 0.25, 0.75, 0.99, 0.999, 0.9999, 0.01, 0.001, 0.0001]
const goldenRows: { retryShare: number; retriesPerSecond: number; windowMs: number; retries: number }[] = [
  ...shares.map((retryShare) => ({
    retryShare,
    retriesPerSecond: 0,
    windowMs: 60_000,
    retries: 10_000 * retryShare,
  })),
  { retryShare: 0, retriesPerSecond: 10, windowMs: 1_000, retries: 10 },
  { retryShare: 0, retriesPerSecond: 5, windowMs: 2_000, retries: 10 },
  { retryShare: 0.1, retriesPerSecond: 10, windowMs: 1_000, retries: 1_010 },
  { retryShare: 0.5, retriesPerSecond: 5, windowMs: 2_000, retries: 5_010 },
  { retryShare: 0, retriesPerSecond: 0, windowMs: 10_000, retries: 0 },
]

for (const { windowMs, retries, ...options } of goldenRows) {
  const { retryShare, retriesPerSecond } = options
  test(`RetryBudget of ${retryShare} and ${retriesPerSecond}/s in ${windowMs} ms lets ${retries} of 10,000 requests be retried`, () => {
    const budget = new RetryBudget(options, windowMs)
    const reserve = (retriesPerSecond * windowMs) / 1_000
    assert.equal(budget.balance(0), reserve)
    if (reserve === 0) assert.equal(budget.withdraw(0), false)
    let retried = 0
    for (let index = 0; index < 10_000; index++) {
      budget.deposit(0)
      if (budget.withdraw(0)) retried++
      else assert.equal(budget.balance(0), 0)
    }
    assert.ok(Math.abs(retried - retries) <= 1, `${retried}`)
  })
}

test('RetryBudget with a share above 1 lets every request be retried more than once', () => {
  const budget = new RetryBudget({ retryShare: 2, retriesPerSecond: 0 }, 60_000)
  assert.equal(budget.withdraw(0), false)
  for (let index = 0; index < 10_000; index++) budget.deposit(0)
  assert.equal(budget.balance(0), 20_000)
})

test('RetryBudget refuses what is no budget', () => {
  const rows: [number, number, number][] = [
    [0.1, 5, 0],
    [0.1, 5, 61_000],
    [0.1, -1, 10_000],
    [-1, 0, 10_000],
    [Number.NaN, 0, 10_000],
  ]
  for (const [retryShare, retriesPerSecond, windowMs] of rows) {
    assert.throws(() => new RetryBudget({ retryShare, retriesPerSecond }, windowMs), RangeError)
  }
})

test('RetryBudget forgets deposits after its window', () => {
  const budget = new RetryBudget({ retryShare: 0.2, retriesPerSecond: 0 })
  for (let index = 0; index < 10; index++) budget.deposit(index * 1_000)
  assert.equal(budget.balance(9_999), 2)
  assert.equal(budget.balance(14_000), 1)
  assert.equal(budget.balance(19_000), 0)
})

test('RetryBudget gives its reserve once in each window', () => {
  const budget = new RetryBudget({ retryShare: 0, retriesPerSecond: 10 })
  const drain = (nowMs: number) => {
    let taken = 0
    while (budget.withdraw(nowMs)) taken++
    return taken
  }
  assert.equal(drain(500), 100)
  assert.equal(drain(9_999), 0)
  assert.equal(drain(10_000), 100)
  assert.equal(drain(3_600_000), 100, 'a quiet hour saves nothing up')
})

test('RetryBudget gives share and reserve, and no more, over a minute of requests that all want a retry', () => {
  const budget = new RetryBudget({ retryShare: 0.2, retriesPerSecond: 10 })
  let taken = 0
  for (let nowMs = 0; nowMs < 60_000; nowMs++) {
    budget.deposit(nowMs)
    if (budget.withdraw(nowMs)) taken++
  }
  assert.ok(taken <= 60_000 * 0.2 + 600 && taken >= 60_000 * 0.2, `${taken}`)
})
