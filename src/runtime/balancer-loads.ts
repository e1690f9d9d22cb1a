// What all balancers together say of each instance, with counts that never fall when a balancer is gone.
import type { RequestTotals, UpstreamLoad } from '../balancer/messages.ts'
import { addCounts, noLatency, type LatencyCounts } from '../balancer/telemetry/latency-buckets.ts'

/** All starts of the instance together: counts go on when its id is used again. */
export interface InstanceLoad {
  readonly inFlight: number
  /** Attempts answered, and attempts that failed, since the fleet started. */
  readonly requests: number
  readonly failures: number
  /** Of those answered, the ones with a status of 500 or above: the app's own. */
  readonly errors: number
  /** How long answered attempts took; see balancer/telemetry/latency-buckets.ts. */
  readonly latency: LatencyCounts
  /** Of the latest start that a balancer was told of; 0 before. */
  readonly epoch: number
  /** At least one balancer gives it nothing because its attempts failed. */
  readonly ejected: boolean
  /** At least one balancer was told that it drains. */
  readonly draining: boolean
}

export const noLoad: InstanceLoad = Object.freeze({
  inFlight: 0,
  requests: 0,
  failures: 0,
  errors: 0,
  latency: noLatency,
  epoch: 0,
  ejected: false,
  draining: false,
})

export const noTotals: RequestTotals = Object.freeze({ requests: 0, failed: 0, retried: 0, waited: 0 })

/** Requests that instances are answering. */
export function countInFlight(loads: ReadonlyMap<string, InstanceLoad>): number {
  return [...loads.values()].reduce((sum, { inFlight }) => sum + inFlight, 0)
}

export class BalancerLoads {
  /** What balancers counted that are gone. */
  readonly #earlier = new Map<string, InstanceLoad>()
  #earlierTotals: RequestTotals = noTotals

  /** Takes over what a balancer had counted when it ended. */
  retire(loads: readonly UpstreamLoad[], totals: RequestTotals = noTotals): void {
    for (const load of loads) {
      const { id } = load
      const sum = add(this.#earlier.get(id) ?? noLoad, load)
      this.#earlier.set(id, { ...sum, inFlight: 0, ejected: false, draining: false })
    }
    this.#earlierTotals = addTotals(this.#earlierTotals, totals)
  }

  /** By instance: `alive`, one list for each balancer that runs, and all that is gone. */
  sum(alive: readonly (readonly UpstreamLoad[])[]): ReadonlyMap<string, InstanceLoad> {
    const sums = new Map(this.#earlier)
    for (const load of alive.flat()) sums.set(load.id, add(sums.get(load.id) ?? noLoad, load))
    return sums
  }

  /** Those of the balancers that run and of those that are gone. */
  sumTotals(alive: readonly RequestTotals[]): RequestTotals {
    return alive.reduce(addTotals, this.#earlierTotals)
  }
}

/** A report leaves a latency out that is as it was before. */
export function withKnownLatency(
  loads: readonly UpstreamLoad[],
  before: readonly UpstreamLoad[],
): readonly UpstreamLoad[] {
  const known = new Map(before.map(({ id, latency }) => [id, latency]))
  return loads.map((load) => {
    const latency = load.latency ?? known.get(load.id)
    return latency === undefined ? load : { ...load, latency }
  })
}

function add(sum: InstanceLoad, load: UpstreamLoad): InstanceLoad {
  return {
    inFlight: sum.inFlight + load.inFlight,
    requests: sum.requests + load.requests,
    failures: sum.failures + (load.failures ?? 0),
    errors: sum.errors + (load.errors ?? 0),
    latency: load.latency === undefined ? sum.latency : addCounts(sum.latency, load.latency),
    epoch: Math.max(sum.epoch, load.epoch ?? 0),
    ejected: sum.ejected || load.ejected === true,
    draining: sum.draining || load.draining === true,
  }
}

function addTotals(a: RequestTotals, b: RequestTotals): RequestTotals {
  return {
    requests: a.requests + b.requests,
    failed: a.failed + b.failed,
    retried: a.retried + b.retried,
    waited: a.waited + b.waited,
  }
}
