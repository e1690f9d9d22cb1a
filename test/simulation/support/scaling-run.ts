// One run of one rule on one load: what it asked for and when, and how far the fleet was from what the load needs.
import { seededRandom } from '../../../src/base/random.ts'
import { options, type ScalingRule } from './scaling-rules.ts'
import { concurrencyLimit, VirtualInstances } from './virtual-instances.ts'
import { loadOf, stepUpS, type Shape } from './virtual-load.ts'

export const runS = 1_800
export const stepS = 0.5
const decisionS = 2
/** Load differs from its shape by this share at most. */
const noise = 0.04
export const begin = 4
/** Crashes come about so often, from the step up on and for as long. */
const crashEveryS = 5
export const crashesForS = 300

export interface Decision {
  readonly atS: number
  readonly desired: number
}

export interface ScalingRun {
  readonly decisions: readonly Decision[]
  /** Instances that ran beyond those needed, times seconds. */
  readonly over: number
  /** Instances that were needed and not ready, times seconds. */
  readonly under: number
  /** At the end. */
  readonly load: number
  readonly ready: number
  readonly needed: number
}

/** Instances that bear the load at the share of their limit that is wanted, within min and max. */
export function neededFor(load: number): number {
  const needed = Math.ceil(load / (0.7 * concurrencyLimit) - 1e-9)
  return Math.min(options.max, Math.max(options.min, needed))
}

/** Whether so many bear the load within the tolerance; a little more, as the noise does not cancel out. */
export function isEnough(instances: number, load: number): boolean {
  return load <= instances * 0.7 * concurrencyLimit * (1 + options.tolerance) * 1.02
}

/** The same seed makes the same load, whatever the rule. */
export function run(shape: Shape, seed: number, rule: ScalingRule, beginWith: number = begin): ScalingRun {
  const load = loadOf(shape, seededRandom(seed))
  const loadNoise = seededRandom(seed + 1)
  const random = seededRandom(seed + 2)
  const fleet = new VirtualInstances(random, beginWith)
  const decisions: Decision[] = []
  let [over, under] = [0, 0]
  for (let step = 0; step < runS / stepS; step++) {
    const atS = step * stepS
    if (atS % decisionS === 0) {
      const desired = rule(fleet.sample())
      fleet.scale(desired)
      decisions.push({ atS, desired })
    }
    const isCrashing = shape === 'crashes' && atS >= stepUpS && atS < stepUpS + crashesForS
    if (isCrashing && random() < stepS / crashEveryS) fleet.crash()
    fleet.pass(stepS, load(atS) * (1 + noise * (2 * loadNoise() - 1)))
    const needed = neededFor(load(atS))
    over += Math.max(0, fleet.running - needed) * stepS
    under += Math.max(0, needed - fleet.ready) * stepS
  }
  const last = load(runS)
  return { decisions, over, under, load: last, ready: fleet.ready, needed: neededFor(last) }
}
