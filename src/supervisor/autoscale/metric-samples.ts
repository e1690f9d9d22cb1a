// What was measured of the fleet at one moment, and the load it shows.
import type { AutoscaleOptions, Signal } from './options.ts'

/** An instance that serves or is about to; one that drains, or a spare, is none. */
export interface InstanceSample {
  readonly isReady: boolean
  /** Share of the time that its event loop was busy, 0 to 1; undefined: not measured. */
  readonly eventLoopUtilization: number | undefined
  /** Cores it used, on average since the last sample; undefined: not measured. */
  readonly cpu: number | undefined
  readonly rssBytes: number | undefined
}

export interface FleetSample {
  /** Of a clock that never goes back. */
  readonly atMs: number
  /** Requests on instances or waiting for one, on average since the last sample; undefined: not measured. */
  readonly concurrency: number | undefined
  readonly instances: readonly InstanceSample[]
  /** What the machine or its container could still give, in bytes; undefined: not measured. */
  readonly availableMemoryBytes: number | undefined
}

/** Load in full instances: 2.5 is what keeps two and a half of them busy all the time. */
export interface Load {
  /** What was not measured counts as nothing: the load to grow for. */
  readonly low: number
  /** What was not measured counts as full: the load to shrink to. */
  readonly high: number
  /** Ready instances whose load is known. */
  readonly measured: number
}

export type Loads = Readonly<Partial<Record<Signal, Load>>>

export function readyCount(sample: FleetSample): number {
  return sample.instances.filter(({ isReady }) => isReady).length
}

/** The load of every signal that is looked at. An instance that starts bears none yet, whatever it tells. */
export function loadsOf(sample: FleetSample, options: AutoscaleOptions): Loads {
  const { targets, concurrencyLimit } = options
  const ready = sample.instances.filter(({ isReady }) => isReady)
  const looksAtConcurrency = targets.concurrency !== undefined && concurrencyLimit > 0
  return {
    ...(looksAtConcurrency && { concurrency: concurrencyLoad(sample, concurrencyLimit) }),
    ...(targets.eventLoop !== undefined && {
      eventLoop: summedLoad(ready.map(({ eventLoopUtilization }) => eventLoopUtilization)),
    }),
    ...(targets.cpu !== undefined && { cpu: summedLoad(ready.map(({ cpu }) => cpu)) }),
  }
}

function concurrencyLoad(sample: FleetSample, limit: number): Load {
  const ready = readyCount(sample)
  if (sample.concurrency === undefined) return { low: 0, high: ready, measured: 0 }
  const load = sample.concurrency / limit
  return { low: load, high: load, measured: ready }
}

function summedLoad(shares: readonly (number | undefined)[]): Load {
  const known = shares.filter((share) => share !== undefined)
  const low = known.reduce((sum, share) => sum + share, 0)
  return { low, high: low + shares.length - known.length, measured: known.length }
}
