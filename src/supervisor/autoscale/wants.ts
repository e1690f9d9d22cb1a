// How many instances a load wants.
import type { Load } from './metric-samples.ts'
import type { AutoscaleOptions, Signal } from './options.ts'
import { meanLoad, type TimedLoads } from './windows.ts'

/** What one signal wants, and why. */
export interface Want {
  readonly signal: Signal
  readonly load: Load
  readonly windowMs: number
  /** Instances; equal to what is there when the signal sees no reason for a change. */
  readonly instances: number
  /** Fewer than the load wants, as there are no more cores. */
  readonly isLimitedByCores: boolean
}

/** Sums of shares such as 0.7 end a little above the whole number they mean. */
const roundingError = 1e-9

const wholeInstances = (instances: number): number => Math.ceil(instances - roundingError)

/**
 * The rule of the Kubernetes HPA: a change within the tolerance is none, and what was not measured speaks against any change.
 * The fleet is never made smaller while those measured are busier than wanted: the others may just not be ready.
 */
export function wantedInstances(load: Load, target: number, current: number, tolerance: number): number {
  const grown = load.low / target
  if (grown > current * (1 + tolerance)) return wholeInstances(grown)
  const shrunk = load.high / target
  const isCalm = load.measured > 0 && load.low < load.measured * target
  if (isCalm && shrunk < current * (1 - tolerance)) return wholeInstances(shrunk)
  return current
}

/** What each signal wants by its stable window; more than cores, only requests in flight want. */
export function stableWants(
  history: readonly TimedLoads[],
  current: number,
  { targets, stableWindowMs: windowMs, tolerance, cores = Infinity }: AutoscaleOptions,
): readonly Want[] {
  const signals: readonly Signal[] = ['concurrency', 'eventLoop', 'cpu']
  return signals.flatMap((signal) => {
    const target = targets[signal]
    const load = meanLoad(history, signal, windowMs)
    if (target === undefined || load === undefined) return []
    const wanted = wantedInstances(load, target, current, tolerance)
    const most = signal === 'concurrency' ? Infinity : Math.max(current, cores)
    return {
      signal,
      load,
      windowMs,
      instances: Math.min(wanted, most),
      isLimitedByCores: wanted > most,
    }
  })
}

/**
 * What concurrency wants by its panic window. The other signals have none: they end at a full instance each, and so cannot
 * want the double.
 */
export function panicWant(
  history: readonly TimedLoads[],
  current: number,
  { targets, panicWindowMs: windowMs, tolerance }: AutoscaleOptions,
): Want | undefined {
  const load = meanLoad(history, 'concurrency', windowMs)
  if (targets.concurrency === undefined || load === undefined) return undefined
  const grown = load.low / targets.concurrency
  const isTolerable = grown <= current * (1 + tolerance)
  const instances = isTolerable ? Math.min(current, wholeInstances(grown)) : wholeInstances(grown)
  return { signal: 'concurrency', load, windowMs, instances, isLimitedByCores: false }
}
