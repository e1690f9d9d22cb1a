// What a worker counted of one start of an instance, and of all starts of an id together.
import type { UpstreamLoad } from '../messages.ts'
import { bucketOf, compactCounts, emptyBuckets } from '../telemetry/latency-buckets.ts'
import { raise } from '../telemetry/metric.ts'

const firstServerError = 500

export class Tally {
  /** Attempts answered. */
  requests = 0
  /** Attempts failed. */
  failures = 0
  /** Answers with a status of 500 or above. */
  errors = 0
  readonly latency: Float64Array = emptyBuckets()

  /** The app has answered. `durationMs` is left out where it says more of the client than of the app: an event stream. */
  observe(status: number, durationMs?: number): void {
    if (status >= firstServerError) this.errors++
    if (durationMs !== undefined) raise(this.latency, bucketOf(durationMs))
  }

  add(other: Tally): void {
    this.requests += other.requests
    this.failures += other.failures
    this.errors += other.errors
    for (const [bucket, count] of other.latency.entries()) if (count > 0) raise(this.latency, bucket, count)
  }
}

/** One start of an instance, as its tally is reported. */
export interface TalliedStart {
  readonly id: string
  readonly epoch: number
  readonly inFlight: number
  readonly draining: boolean
  readonly ejected: boolean
  readonly tally: Tally
}

/** One load for each id, in the order of their first mention; what is not a count is that of the highest epoch. */
export function loadsOf(starts: readonly TalliedStart[]): UpstreamLoad[] {
  const byId = new Map<string, TalliedStart[]>()
  for (const start of starts) {
    const same = byId.get(start.id)
    if (same === undefined) byId.set(start.id, [start])
    else same.push(start)
  }
  return [...byId.values()].map((same) => loadOf(same))
}

function loadOf(starts: readonly TalliedStart[]): UpstreamLoad {
  const latest = starts.reduce((one, other) => (other.epoch > one.epoch ? other : one))
  const tally = starts.length === 1 ? latest.tally : sum(starts)
  return {
    id: latest.id,
    epoch: latest.epoch,
    inFlight: starts.reduce((total, { inFlight }) => total + inFlight, 0),
    requests: tally.requests,
    failures: tally.failures,
    errors: tally.errors,
    ejected: latest.ejected,
    draining: latest.draining,
    latency: compactCounts(tally.latency),
  }
}

function sum(starts: readonly TalliedStart[]): Tally {
  const total = new Tally()
  for (const { tally } of starts) total.add(tally)
  return total
}
