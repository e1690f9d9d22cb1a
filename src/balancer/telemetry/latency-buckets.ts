// The times that attempts took, counted in buckets whose bounds grow evenly on a logarithmic scale: a balancer counts, its
// primary adds up, and both find the bounds here. Counts of two workers, or of two moments, are added and subtracted bucket
// by bucket; so other bounds need another field in the report.

/** Upper bounds in milliseconds, two for each doubling: half a millisecond to 65.5 s. A last bucket has all that is beyond. */
export const latencyBoundsMs: readonly number[] = Array.from(
  { length: 35 },
  (_, index) => 2 ** (index / 2 - 1),
)

/** Counts of each bucket alone. Shorter than the buckets where the rest are 0. */
export type LatencyCounts = readonly number[]

export const noLatency: LatencyCounts = Object.freeze([])

/** All buckets, at 0. */
export function emptyBuckets(): Float64Array {
  return new Float64Array(latencyBoundsMs.length + 1)
}

/** The bucket of a time: the first whose bound is not below it. */
export function bucketOf(ms: number): number {
  let low = 0
  let high = latencyBoundsMs.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ms > (latencyBoundsMs[middle] ?? Infinity)) low = middle + 1
    else high = middle
  }
  return low
}

/** As they are sent: without the zeros at the end. */
export function compactCounts(counts: Float64Array): LatencyCounts {
  return [...counts.subarray(0, counts.findLastIndex((count) => count > 0) + 1)]
}

export function addCounts(a: LatencyCounts, b: LatencyCounts): LatencyCounts {
  const [longer, shorter] = a.length < b.length ? [b, a] : [a, b]
  return longer.map((count, bucket) => count + (shorter[bucket] ?? 0))
}

/** What was counted since `before`; never below 0, should a worker have taken some counts with it. */
export function countsSince(now: LatencyCounts, before: LatencyCounts): LatencyCounts {
  return now.map((count, bucket) => Math.max(0, count - (before[bucket] ?? 0)))
}

export function countAll(counts: LatencyCounts): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

/**
 * The time in milliseconds that the share `q` (0 to 1) of the attempts did not exceed, taken evenly within its bucket, so
 * at most √2 off; undefined where nothing was counted. What is beyond all bounds counts as the last bound.
 */
export function quantile(counts: LatencyCounts, q: number): number | undefined {
  const total = countAll(counts)
  if (total === 0) return undefined
  const rank = Math.min(1, Math.max(0, q)) * total
  let below = 0
  for (const [bucket, count] of counts.entries()) {
    if (count > 0 && below + count >= rank) return within(bucket, (rank - below) / count)
    below += count
  }
  return latencyBoundsMs.at(-1)
}

function within(bucket: number, share: number): number {
  const lower = latencyBoundsMs[bucket - 1] ?? 0
  const upper = latencyBoundsMs[bucket] ?? lower
  return lower + (upper - lower) * share
}
