import assert from 'node:assert/strict'
import { test } from 'node:test'
import { countNoticeable, countsBetween, longest, quantile, readCounts } from './counts.ts'

/** As a fleet tells them, `n` requests later than none. */
function metrics(n: number): string {
  return `# HELP drover_requests_total Requests by the status code.
# TYPE drover_requests_total counter
drover_requests_total{code="200",method="GET"} ${90 * n}
drover_requests_total{code="503",method="GET"} ${5 * n}
drover_requests_total{code="500",method="POST"} ${3 * n}
drover_requests_total{code="none",method="POST"} ${2 * n}
drover_request_ends_total{end="answered"} ${93 * n}
drover_request_ends_total{end="refused"} ${5 * n}
drover_request_ends_total{end="reset"} ${2 * n}
drover_retries_total{reason="sent"} ${4 * n}
drover_retries_total{reason="hedged"} ${50 * n}
drover_request_duration_seconds_bucket{le="0.001",class="2xx"} ${40 * n}
drover_request_duration_seconds_bucket{le="0.01",class="2xx"} ${90 * n}
drover_request_duration_seconds_bucket{le="+Inf",class="2xx"} ${90 * n}
drover_request_duration_seconds_bucket{le="0.001",class="5xx"} 0
drover_request_duration_seconds_bucket{le="0.01",class="5xx"} 0
drover_request_duration_seconds_bucket{le="+Inf",class="5xx"} ${10 * n}
drover_queue_duration_seconds_bucket{le="0.001"} ${97 * n}
drover_queue_duration_seconds_bucket{le="0.25"} ${100 * n}
drover_queue_duration_seconds_bucket{le="+Inf"} ${100 * n}
`
}

test('readCounts adds up what the fleet tells of its requests', () => {
  const { durations, waits, ...counts } = readCounts(metrics(1))
  assert.deepEqual(counts, { requests: 100, failed: 7, serverErrors: 8, retried: 4 })
  assert.deepEqual(
    [...durations],
    [
      [1, 40],
      [10, 90],
      [Infinity, 100],
    ],
  )
  assert.equal(countNoticeable(waits), 3)
  assert.equal(longest(waits), 250)
})

test('countsBetween tells what came in a part of the run', () => {
  const between = countsBetween(readCounts(metrics(2)), readCounts(metrics(5)))
  assert.deepEqual([between.requests, between.failed, between.retried], [300, 21, 12])
  assert.equal(between.durations.get(10), 270)
})

test('countsBetween takes nothing before for nothing, and never falls below it', () => {
  assert.equal(countsBetween(readCounts(''), readCounts(metrics(1))).durations.get(10), 90)
  const less = countsBetween(readCounts(metrics(2)), readCounts(metrics(1)))
  assert.deepEqual([less.requests, less.durations.get(Infinity)], [0, 0])
})

test('quantile lies evenly within its bucket, and beyond all bounds at the last one', () => {
  const { durations } = readCounts(metrics(1))
  assert.equal(quantile(durations, 0.2), 0.5)
  assert.equal(quantile(durations, 0.65), 5.5)
  assert.equal(quantile(durations, 0.99), 10)
  assert.equal(quantile(new Map(), 0.5), null)
  assert.equal(longest(durations), Infinity)
  assert.equal(longest(new Map()), null)
})
