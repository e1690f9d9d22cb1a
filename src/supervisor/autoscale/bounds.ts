// What a wish is cut down or filled up to: the rates of change, the machine, and what the operator allows.
import { readyCount, type FleetSample } from './metric-samples.ts'
import type { AutoscaleOptions } from './options.ts'

export interface Bounded {
  readonly instances: number
  /** The bounds that changed the wish, in order. */
  readonly by: readonly Bound[]
}

export interface Bound {
  readonly name: 'growth' | 'shrinking' | 'memory' | 'max' | 'min'
  readonly instances: number
}

/** The wish within all bounds; a later bound wins over an earlier one. */
export function bounded(
  wish: number,
  current: number,
  sample: FleetSample,
  options: AutoscaleOptions,
): Bounded {
  let instances = wish
  const by: Bound[] = []
  for (const bound of boundsOf(current, sample, options)) {
    const isFloor = bound.name === 'shrinking' || bound.name === 'min'
    const next = isFloor ? Math.max(instances, bound.instances) : Math.min(instances, bound.instances)
    if (next !== instances) by.push(bound)
    instances = next
  }
  return { instances, by }
}

/**
 * Rates and memory stop a change and never cause one: a fleet that has just lost instances, or that uses much memory, keeps
 * asking for what it was.
 */
function boundsOf(current: number, sample: FleetSample, options: AutoscaleOptions): readonly Bound[] {
  const { min, max, growthRate, shrinkRate } = options
  const ready = readyCount(sample)
  const most = Math.ceil(Math.max(1, ready) * growthRate)
  const least = Math.floor(ready / shrinkRate)
  return [
    { name: 'growth', instances: Math.max(current, most) },
    { name: 'shrinking', instances: Math.min(current, least) },
    { name: 'memory', instances: Math.max(current, ready + roomFor(sample, options)) },
    { name: 'max', instances: max },
    { name: 'min', instances: min },
  ]
}

/**
 * How many instances as large as the largest find room in memory beside those that are ready; those that start are about to
 * take theirs. Without a measure there is room.
 */
function roomFor(sample: FleetSample, { memoryReserveBytes }: AutoscaleOptions): number {
  const largest = Math.max(0, ...sample.instances.map(({ rssBytes }) => rssBytes ?? 0))
  if (sample.availableMemoryBytes === undefined || largest === 0) return Infinity
  return Math.max(0, Math.floor((sample.availableMemoryBytes - memoryReserveBytes) / largest))
}
