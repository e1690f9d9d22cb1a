// The steps of single instances in the course of a deploy, told from one look at the fleet to the next.
import { startKey } from '../../base/wire.ts'
import type { InstanceState } from '../fleet-options.ts'
import type { InstanceRole } from '../plan.ts'

/** As a deploy sees an instance. */
export interface DeployedInstance {
  readonly id: string
  readonly epoch: number
  /** The number of its version. */
  readonly version: number
  readonly label: string
  readonly state: InstanceState
  readonly role: InstanceRole
  readonly isRetiring: boolean
  readonly startedAtMs: number | undefined
  readonly readyAtMs: number | undefined
}

/** An instance died unasked; see InstanceDeath. */
export interface DeployedDeath {
  readonly id: string
  readonly epoch: number
  readonly version: number
  readonly label: string
  readonly reason: string
  readonly isKill: boolean
  readonly earlyDeaths: number
}

export type StepName = 'starting' | 'ready' | 'healthy' | 'draining' | 'gone' | 'died'

export interface InstanceStep {
  readonly id: string
  readonly epoch: number
  readonly version: number
  readonly label: string
  readonly step: StepName
  readonly detail: string | null
}

/** The last step of each start that is not over, by `startKey`. */
export type SeenStarts = ReadonlyMap<string, InstanceStep>

/** What a look needs to tell what is healthy. */
export interface HealthyRule {
  readonly nowMs: number
  /** The number of the new version: nobody asks whether the old one is healthy. */
  readonly fresh: number
  readonly healthyTimeMs: number
}

/** It has been ready for long enough. */
export function isHealthy(
  { version, state, readyAtMs }: DeployedInstance,
  { nowMs, fresh, healthyTimeMs }: HealthyRule,
): boolean {
  if (version !== fresh || state !== 'ready' || readyAtMs === undefined) return false
  return nowMs - readyAtMs >= healthyTimeMs
}

/** A new one that is not ready after so long is told of, and again after each further such time: somebody waits for it. */
const reminderMs = 10_000

export interface Progress {
  readonly seen: SeenStarts
  /** What is new, in the order in which it came. */
  readonly steps: readonly InstanceStep[]
}

/** What became of the instances since `seen`. Deaths must be told first: they are the ends of their starts. */
export function followSteps(
  seen: SeenStarts,
  instances: readonly DeployedInstance[],
  rule: HealthyRule,
): Progress {
  const next = new Map(seen)
  const steps = instances.flatMap((instance) => {
    const known = seen.get(startKey(instance))
    const names = namesSince(known?.step, instance, rule)
    return [...names.map((step) => stepOf(instance, step)), ...reminder(known, instance, rule)]
  })
  for (const step of steps) next.set(startKey(step), step)
  const present = new Set(instances.map(startKey))
  const lost = [...next].filter(([key]) => !present.has(key))
  for (const [key] of lost) next.delete(key)
  const gone = lost.flatMap(([, last]) =>
    last.step === 'died' ? [] : [{ ...last, step: 'gone' as const, detail: null }],
  )
  return { seen: next, steps: [...steps, ...gone] }
}

/** The death as a step, and what was seen with it. */
export function noteDeath(seen: SeenStarts, death: DeployedDeath): Progress {
  const { id, epoch, version, label, reason } = death
  const step: InstanceStep = { id, epoch, version, label, step: 'died', detail: reason }
  return { seen: new Map(seen).set(startKey(death), step), steps: [step] }
}

const order: readonly StepName[] = ['starting', 'ready', 'healthy', 'draining']

function namesSince(
  known: StepName | undefined,
  instance: DeployedInstance,
  rule: HealthyRule,
): readonly StepName[] {
  const name = nameOf(instance, rule)
  // A spare is nobody's step, until it serves.
  if (name === undefined || (known === undefined && instance.role === 'spare')) return []
  const from = known === undefined ? -1 : order.indexOf(known)
  if (known === 'died' || order.indexOf(name) <= from) return []
  return name === 'healthy' && known !== 'ready' ? ['ready', 'healthy'] : [name]
}

function nameOf(instance: DeployedInstance, rule: HealthyRule): StepName | undefined {
  switch (instance.state) {
    case 'starting':
    case 'draining':
      return instance.state
    case 'ready':
      return isHealthy(instance, rule) ? 'healthy' : 'ready'
    case 'backoff':
    case 'stopping':
    case 'stopped':
      return undefined
  }
}

function reminder(
  known: InstanceStep | undefined,
  instance: DeployedInstance,
  { nowMs, fresh }: HealthyRule,
): readonly InstanceStep[] {
  const { version, state, startedAtMs = nowMs } = instance
  const reminders = Math.floor((nowMs - startedAtMs) / reminderMs)
  if (version !== fresh || known?.step !== 'starting' || state !== 'starting' || reminders < 1) return []
  const detail = `not ready after ${(reminders * reminderMs) / 1_000} s`
  return detail === known.detail ? [] : [stepOf(instance, 'starting', detail)]
}

function stepOf(
  { id, epoch, version, label }: DeployedInstance,
  step: StepName,
  detail: string | null = null,
): InstanceStep {
  return { id, epoch, version, label, step, detail }
}
