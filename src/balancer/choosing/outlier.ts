// When failures take an instance out of the choice, for how long, and what brings it back. Pure: the clock, randomness and
// the fleet's state are passed in. These verdicts are passive ("its attempts fail"), never "the process is dead".
import type { BalancerLimits } from '../limits.ts'
import type { Random } from './choice.ts'

export type OutlierLimits = Pick<BalancerLimits, 'ejectAfter' | 'ejectMs' | 'ejectMaxMs'>

/** Times are monotonic milliseconds. `ejections` counts those that followed on each other, for the growth of their time. */
export type Health =
  /** `failures` counts those in a row; `sinceMs` is when it came back from its last ejection. */
  | {
      readonly state: 'healthy'
      readonly failures: number
      readonly ejections: number
      readonly sinceMs: number
    }
  /** Out of the choice; from `dueMs` on one request may probe it. */
  | { readonly state: 'ejected'; readonly ejections: number; readonly dueMs: number }
  /** One request is probing it; from `dueMs` on the probe is taken for lost, and another may. */
  | { readonly state: 'probing'; readonly ejections: number; readonly dueMs: number }

export type HealthEvent =
  | 'answered'
  | 'failed'
  /** The attempt ended, but not by the instance's doing. */
  | 'undecided'
  /** An attempt begins on an instance that is due. */
  | 'probe'
  /** Back without a verdict: too much of the fleet is out, or ejection was switched off. */
  | 'release'

export interface HealthContext {
  readonly nowMs: number
  readonly random: Random
  readonly limits: OutlierLimits
  /** The fleet can spare one more. */
  readonly mayEject: boolean
  /** Passive verdicts are ignored now, so an ejected instance is given requests like any other. */
  readonly panic: boolean
}

/** Up to this part of an ejection is taken off by chance, so that instances ejected together are not probed together. */
const jitter = 0.25
/** Beyond this many doublings every sensible bound is reached; keeps the number finite. */
const mostDoublings = 30

/** A new instance, or a new epoch of one: nothing is held against it. */
export const cleanHealth: Health = Object.freeze({
  state: 'healthy',
  failures: 0,
  ejections: 0,
  sinceMs: -Infinity,
})

/** The only transition function. Returns the same object when nothing changes. */
export function move(health: Health, event: HealthEvent, context: HealthContext): Health {
  switch (event) {
    case 'answered':
      return onAnswered(health, context)
    case 'failed':
      return onFailed(health, context)
    case 'undecided':
      return health.state === 'probing' ? { ...health, state: 'ejected', dueMs: context.nowMs } : health
    case 'probe':
      return isDue(health, context.nowMs)
        ? { state: 'probing', ejections: health.ejections, dueMs: context.nowMs + context.limits.ejectMaxMs }
        : health
    case 'release':
      return health.state === 'healthy' ? health : comeBack(health, context.nowMs)
  }
}

/** Out of the choice and ripe for a probe. */
export function isDue(health: Health, nowMs: number): boolean {
  return health.state !== 'healthy' && nowMs >= health.dueMs
}

/** Neither ejected nor failing as often in a row as would eject it if the fleet could spare it. */
export function isHealthy(health: Health, limits: OutlierLimits): boolean {
  return health.state === 'healthy' && (limits.ejectAfter <= 0 || health.failures < limits.ejectAfter)
}

/** At most half of the fleet is ejected at once. */
export function mayEject(fleet: number, ejected: number): boolean {
  return (ejected + 1) * 2 <= fleet
}

/** How many must come back because the fleet became smaller than twice what is ejected. */
export function surplus(fleet: number, ejected: number): number {
  return Math.max(0, ejected - Math.floor(fleet / 2))
}

/**
 * Fewer than half are healthy: the fault is likely not theirs (a shared database, the network, the requests), and sending
 * everything to the few that are left would bring those down too.
 */
export function isPanic(fleet: number, healthy: number): boolean {
  return healthy * 2 < fleet
}

/** Doubles with each ejection that follows on another, up to the longest, less some chance. */
export function ejectionMs(ejections: number, limits: OutlierLimits, random: Random): number {
  const doublings = Math.min(Math.max(0, ejections - 1), mostDoublings)
  return Math.min(limits.ejectMaxMs, limits.ejectMs * 2 ** doublings) * (1 - jitter * random())
}

function onAnswered(health: Health, { nowMs, panic }: HealthContext): Health {
  switch (health.state) {
    case 'healthy':
      return health.failures === 0 ? health : { ...health, failures: 0 }
    case 'probing':
      return comeBack(health, nowMs)
    // Without panic this is the end of an attempt from before: it says nothing about now.
    case 'ejected':
      return panic ? comeBack(health, nowMs) : health
  }
}

function onFailed(health: Health, context: HealthContext): Health {
  const { nowMs, limits } = context
  if (health.state === 'ejected') return health
  if (health.state === 'probing') return eject(health.ejections, context)
  const failures = health.failures + 1
  if (limits.ejectAfter <= 0 || failures < limits.ejectAfter || !context.mayEject)
    return { ...health, failures }
  // One that was well for as long as the longest ejection has nothing held against it.
  return eject(nowMs - health.sinceMs >= limits.ejectMaxMs ? 0 : health.ejections, context)
}

function eject(before: number, { nowMs, limits, random }: HealthContext): Health {
  const ejections = before + 1
  return { state: 'ejected', ejections, dueMs: nowMs + ejectionMs(ejections, limits, random) }
}

function comeBack({ ejections }: Health, nowMs: number): Health {
  return { state: 'healthy', failures: 0, ejections, sinceMs: nowMs }
}
