// The rules that are compared: ours, that of the Kubernetes HPA, and a fleet that never changes.
import { beginAutoscale, decide } from '../../../src/supervisor/autoscale/autoscaler.ts'
import { readyCount, type FleetSample } from '../../../src/supervisor/autoscale/metric-samples.ts'
import { autoscaleDefaults, type AutoscaleOptions } from '../../../src/supervisor/autoscale/options.ts'
import { concurrencyLimit } from './virtual-instances.ts'

export const options: AutoscaleOptions = {
  ...autoscaleDefaults,
  min: 2,
  max: 16,
  cores: undefined,
  concurrencyLimit,
}

/** Told a sample every two seconds; answers how many instances there should be. */
export type ScalingRule = (sample: FleetSample) => number

export function ourRule(begin: number): ScalingRule {
  let state = beginAutoscale(begin, 0)
  return (sample) => {
    const decision = decide(state, sample, options)
    ;({ state } = decision)
    return decision.desired
  }
}

export function fixedRule(instances: number): ScalingRule {
  return () => instances
}

const hpaPeriodMs = 15_000
const hpaTarget = 0.7

/**
 * The HPA with its defaults (autoscaling/v2: every 15 s, tolerance of 10 %, shrinking to the largest want of 300 s, growth by
 * four or by the double each 15 s), given what ours is given: concurrency and CPU, each as the mean of its period,
 * and at once, while a cluster's metrics are some 15 s old.
 */
export function hpaRule(begin: number): ScalingRule {
  let desired = begin
  let period: FleetSample[] = []
  let wants = [{ atMs: 0, instances: begin }]
  return (sample) => {
    period.push(sample)
    if (sample.atMs % hpaPeriodMs >= 2_000) return desired
    const want = hpaWant(period, readyCount(sample), desired)
    period = []
    wants = [
      ...wants.filter(({ atMs }) => sample.atMs - atMs < 300_000),
      { atMs: sample.atMs, instances: want },
    ]
    const largest = Math.max(...wants.map(({ instances }) => instances))
    const most = Math.max(desired + 4, 2 * desired)
    const wish = want > desired ? Math.min(want, most) : Math.min(desired, largest)
    desired = Math.min(options.max, Math.max(options.min, wish))
    return desired
  }
}

function hpaWant(period: readonly FleetSample[], ready: number, desired: number): number {
  const concurrency = meanOf(period.map((sample) => sample.concurrency ?? 0)) / (concurrencyLimit * ready)
  const cpu = meanOf(period.flatMap(({ instances }) => instances.flatMap((instance) => instance.cpu ?? [])))
  const ratios = [concurrency, cpu].map((use) => use / hpaTarget).filter((ratio) => Number.isFinite(ratio))
  const wants = ratios.map((ratio) =>
    Math.abs(1 - ratio) <= 0.1 ? desired : Math.ceil(ratio * ready - 1e-9),
  )
  return wants.length === 0 ? desired : Math.max(...wants)
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length
