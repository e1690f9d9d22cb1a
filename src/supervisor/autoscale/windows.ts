// Loads of the recent past and their means. Loads are of the whole fleet, so that a mean stays right while the fleet changes
// its size: means of each instance would make the fleet grow once more for load its new instances have taken over.
import type { Load, Loads } from './metric-samples.ts'
import type { Signal } from './options.ts'

export interface TimedLoads {
  readonly atMs: number
  readonly loads: Loads
}

/** The history with `latest` added, without what is `windowMs` old or older. */
export function rememberLoads(
  history: readonly TimedLoads[],
  latest: TimedLoads,
  windowMs: number,
): readonly TimedLoads[] {
  return [...history.filter(({ atMs }) => latest.atMs - atMs < windowMs), latest]
}

/** The mean over the window that ends with the latest loads; over what there is of it; undefined: nothing. */
export function meanLoad(history: readonly TimedLoads[], signal: Signal, windowMs: number): Load | undefined {
  const nowMs = history.at(-1)?.atMs ?? 0
  const loads = history
    .filter(({ atMs }) => nowMs - atMs < windowMs)
    .flatMap(({ loads: { [signal]: load } }) => load ?? [])
  if (loads.length === 0) return undefined
  const mean = (part: keyof Load) => loads.reduce((sum, load) => sum + load[part], 0) / loads.length
  return { low: mean('low'), high: mean('high'), measured: mean('measured') }
}
