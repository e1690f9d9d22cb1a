import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  addCounts,
  bucketOf,
  compactCounts,
  countAll,
  countsSince,
  emptyBuckets,
  latencyBoundsMs,
  noLatency,
  quantile,
} from './latency-buckets.ts'

function countsOf(times: readonly number[]): readonly number[] {
  const counts = emptyBuckets()
  for (const ms of times) {
    const bucket = bucketOf(ms)
    counts[bucket] = (counts[bucket] ?? 0) + 1
  }
  return compactCounts(counts)
}

test('bucketOf finds the first bound that is not below the time, however long or odd', () => {
  for (const [bucket, bound] of latencyBoundsMs.entries()) {
    assert.equal(bucketOf(bound), bucket)
    assert.equal(bucketOf(bound * 1.001), bucket + 1)
  }
  assert.equal(bucketOf(0), 0)
  assert.equal(bucketOf(-5), 0)
  assert.equal(bucketOf(1e9), latencyBoundsMs.length)
})

test('compactCounts leaves the zeros at the end out', () => {
  assert.deepEqual(compactCounts(emptyBuckets()), [])
  assert.deepEqual(countsOf([0.1, 0.9]), [1, 0, 1])
})

test('counts of two workers are added up, and those of an earlier moment taken off', () => {
  assert.deepEqual(addCounts([1, 2], [1, 0, 4]), [2, 2, 4])
  assert.deepEqual(addCounts(noLatency, [1]), [1])
  assert.deepEqual(countsSince([2, 2, 4], [1, 2]), [1, 0, 4])
  assert.deepEqual(countsSince([1], [3, 1]), [0])
  assert.equal(countAll([1, 0, 4]), 5)
})

test('quantile is undefined of nothing, and the last bound of what is beyond all bounds', () => {
  assert.equal(quantile(noLatency, 0.5), undefined)
  assert.equal(quantile([0, 0], 0.5), undefined)
  assert.equal(quantile(countsOf([1e9]), 0.5), latencyBoundsMs.at(-1))
})

test('quantile is at most a bucket off the true one, and grows with the share', () => {
  const times = fc.array(fc.double({ min: 0.6, max: 60_000, noNaN: true }), { minLength: 1, maxLength: 100 })
  const share = fc.double({ min: 0.01, max: 1, noNaN: true })
  fc.assert(
    fc.property(times, share, (list, q) => {
      const sorted = list.toSorted((a, b) => a - b)
      const exact = sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? 0
      const found = quantile(countsOf(list), q) ?? 0
      assert.ok(Math.abs(Math.log2(found / exact)) <= 0.5 + 1e-9, `${found} for ${exact}`)
      assert.ok((quantile(countsOf(list), 1) ?? 0) >= found)
    }),
  )
})
