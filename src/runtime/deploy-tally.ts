// What the old and the new version answered while the new one serves, out of counts that go on for an id whoever has it.
import {
  addCounts,
  countAll,
  countsSince,
  noLatency,
  quantile,
} from '../balancer/telemetry/latency-buckets.ts'
import type { Comparison, Served } from '../supervisor/deploy/gates.ts'
import { startKey } from '../base/wire.ts'
import type { InstanceState } from '../supervisor/fleet-options.ts'
import { noLoad, type InstanceLoad } from './balancer-loads.ts'

export type Counts = Pick<InstanceLoad, 'requests' | 'failures' | 'errors' | 'latency'>
export type CountsById = ReadonlyMap<string, Counts>

/** What the tally must know of an instance. */
export interface CountedInstance {
  readonly id: string
  readonly epoch: number
  readonly state: InstanceState
  readonly version: { readonly number: number }
}

interface Start {
  readonly isFresh: boolean
  /** As the counts of its id stood when it began to serve, or to be looked at. */
  readonly baseline: Counts
  readonly latest: Counts
}

export class DeployTally {
  readonly #fresh: number
  readonly #before: readonly Counts[]
  readonly #starts = new Map<string, Start>()
  /** The new version serves; until then there is nothing to compare. */
  #isOpen = false

  /** `fresh`: the number of the new version. `loads`: all that was counted before the deploy. */
  constructor(fresh: number, instances: readonly CountedInstance[], loads: CountsById) {
    this.#fresh = fresh
    this.#before = instances.map(({ id }) => loads.get(id) ?? noLoad)
  }

  look(instances: readonly CountedInstance[], loads: CountsById): void {
    this.#isOpen ||= instances.some((one) => one.version.number === this.#fresh && serves(one))
    if (!this.#isOpen) return
    for (const instance of instances) {
      const key = startKey(instance)
      const latest = loads.get(instance.id) ?? noLoad
      const known = this.#starts.get(key)
      if (known !== undefined) this.#starts.set(key, { ...known, latest })
      else if (serves(instance)) {
        const isFresh = instance.version.number === this.#fresh
        this.#starts.set(key, { isFresh, baseline: latest, latest })
      }
    }
  }

  /** It was killed from outside: what that cost says nothing of its version. */
  forget(start: { readonly id: string; readonly epoch: number }): void {
    this.#starts.delete(startKey(start))
  }

  compare(): Comparison {
    const starts = [...this.#starts.values()]
    const served = (isFresh: boolean) => sum(starts.filter((start) => start.isFresh === isFresh).map(counted))
    return { fresh: served(true), old: served(false), before: sum(this.#before) }
  }
}

function serves({ state }: CountedInstance): boolean {
  return state === 'ready' || state === 'draining'
}

function counted({ baseline, latest }: Start): Counts {
  return {
    requests: Math.max(0, latest.requests - baseline.requests),
    failures: Math.max(0, latest.failures - baseline.failures),
    errors: Math.max(0, latest.errors - baseline.errors),
    latency: countsSince(latest.latency, baseline.latency),
  }
}

function sum(all: readonly Counts[]): Served {
  const attempts = all.reduce((count, { requests, failures }) => count + requests + failures, 0)
  const bad = all.reduce((count, { failures, errors }) => count + failures + errors, 0)
  const latency = all.reduce((counts, one) => addCounts(counts, one.latency), noLatency)
  return { attempts, bad, timed: countAll(latency), p90Ms: quantile(latency, 0.9) }
}
