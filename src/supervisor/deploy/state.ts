// What a deploy knows of itself from one decision to the next, and what it is told and tells.
import type { Comparison } from './gates.ts'
import type { DeployedDeath, DeployedInstance, InstanceStep, SeenStarts } from './steps.ts'

export interface DeployedVersion {
  readonly number: number
  readonly label: string
}

export interface DeployPlan {
  readonly fresh: DeployedVersion
  readonly old: DeployedVersion
  /** How many instances are exchanged at a time; at least 1. */
  readonly surge: number
  /** First this share of the instances, at least one and not all, for so long. */
  readonly canary?: { readonly share: number; readonly forMs: number }
}

export interface DeployLimits {
  /** An instance counts once it has been ready for so long. */
  readonly healthyTimeMs: number
  /** How much more of its requests than the old version the new one may fail, as a share. */
  readonly errorRate: number
  /** How many times the old version's 90th percentile that of the new one may be. */
  readonly latency: number
}

/** What a decision is made from. */
export interface DeployPicture {
  readonly nowMs: number
  /** How many instances the fleet is to have, of both versions together. */
  readonly wanted: number
  readonly instances: readonly DeployedInstance[]
  /** Those since the last decision, in their order. */
  readonly deaths: readonly DeployedDeath[]
  readonly served: Comparison
}

/** Why a deploy does not succeed. */
export interface Setback {
  readonly outcome: 'failed' | 'aborted'
  readonly reason: string
  /** The instance it failed by. */
  readonly culprit?: { readonly id: string; readonly epoch: number }
}

export interface DeployState {
  readonly plan: DeployPlan
  readonly beganAtMs: number
  readonly phase: 'canary' | 'surge' | 'restoring'
  /** How many instances are to be of the new version by now. */
  readonly aimed: number
  /** How many were told to be good. */
  readonly exchanged: number
  /** How many old ones were let go for those that were found good; it does not fall should one of them die. */
  readonly proven: number
  readonly seen: SeenStarts
  /** Ids of the new version that were found good. One that is killed from outside need not show it again: it is back once it is ready. */
  readonly proved: ReadonlySet<string>
  /** SIGKILLs of the new version since one of its instances was last found good. */
  readonly kills: number
  /** SIGKILLs of other versions since the deploy began. */
  readonly otherKills: number
  /** All canaries are ready since then. */
  readonly canariesAtMs?: number
  /** The new version fails too often since then. */
  readonly suspectedAtMs?: number
  /** All of this step are good but for being too slow since then. */
  readonly slowAtMs?: number
  readonly setback?: Setback
  readonly setbackAtMs?: number
}

export type DeployNews =
  | { readonly kind: 'instance'; readonly step: InstanceStep }
  | { readonly kind: 'progress'; readonly exchanged: number; readonly of: number }
  | { readonly kind: 'canary'; readonly instances: number; readonly forMs: number }

export type DeployVerdict = { readonly outcome: 'done' } | Setback

export interface DeployDecision {
  readonly state: DeployState
  /** What the fleet is to have of the new version; for `proven` of them as many old ones may go. `isBad`: it goes at once. */
  readonly next: { readonly instances: number; readonly proven: number; readonly isBad: boolean }
  readonly news: readonly DeployNews[]
  /** The deploy is over. */
  readonly verdict?: DeployVerdict
}

/** The deploy is given up from now on; what failed already stays failed. */
export function setBack(state: DeployState, setback: Setback, nowMs: number): DeployState {
  if (state.setback !== undefined) return state
  return { ...state, phase: 'restoring', setback, setbackAtMs: nowMs }
}
