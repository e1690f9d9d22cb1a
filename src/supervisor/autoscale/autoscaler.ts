// How many instances there should be. Pure: what is remembered and a sample in, a decision and what to remember out. Desired is the
// most that any signal wants; up at once, doubled at most each time; down only to what was wanted within the stabilization time.
import { bounded } from './bounds.ts'
import { explain } from './explanation.ts'
import { loadsOf, readyCount, type FleetSample } from './metric-samples.ts'
import type { AutoscaleOptions } from './options.ts'
import { panicAt } from './panic.ts'
import { largestWant, rememberWant, type TimedWant } from './stabilization.ts'
import { panicWant, stableWants } from './wants.ts'
import { rememberLoads, type TimedLoads } from './windows.ts'

/** What one decision leaves to the next. */
export interface AutoscaleState {
  /** Instances there should be by the last decision. */
  readonly desired: number
  readonly history: readonly TimedLoads[]
  readonly wants: readonly TimedWant[]
  /** The last time that load was beyond the panic threshold; undefined: no panic. */
  readonly panicAtMs: number | undefined
}

export interface AutoscaleDecision {
  readonly state: AutoscaleState
  readonly desired: number
  /** The inputs, one line for the log. */
  readonly why: string
}

/** Nothing is known yet: the fleet as it is counts as wanted, so that no missing history makes it smaller. */
export function beginAutoscale(instances: number, nowMs: number): AutoscaleState {
  return {
    desired: instances,
    history: [],
    wants: [{ atMs: nowMs, instances }],
    panicAtMs: undefined,
  }
}

/** To be asked every `autoscaleIntervalMs`, with what was measured since. */
export function decide(
  state: AutoscaleState,
  sample: FleetSample,
  options: AutoscaleOptions,
): AutoscaleDecision {
  const { atMs } = sample
  const current = state.desired
  const history = rememberLoads(
    state.history,
    { atMs, loads: loadsOf(sample, options) },
    options.stableWindowMs,
  )
  const stable = stableWants(history, current, options)
  const sudden = panicWant(history, current, options)
  const panicAtMs = panicAt(state.panicAtMs, sudden?.instances ?? 0, readyCount(sample), atMs, options)
  const isPanic = panicAtMs !== undefined
  const considered = isPanic && sudden !== undefined ? [...stable, sudden] : stable

  const most = considered.length === 0 ? current : Math.max(...considered.map(({ instances }) => instances))
  const wants = rememberWant(state.wants, { atMs, instances: most }, options.stabilizationMs)
  const least = isPanic ? current : Math.min(current, largestWant(wants))
  const wish = Math.max(most, least)
  const { instances: desired, by } = bounded(wish, current, sample, options)
  const why = explain({
    current,
    concurrencyLimit: options.concurrencyLimit,
    wants: considered,
    isPanic,
    kept: wish > most ? wish : undefined,
    stabilizationMs: options.stabilizationMs,
    bounds: by,
  })
  return { state: { desired, history, wants, panicAtMs }, desired, why }
}
