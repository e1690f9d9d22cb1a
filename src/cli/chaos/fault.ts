// What can be done to a fleet.

export const faultKinds = ['kill', 'hang', 'slow', 'memory', 'balancer', 'deploy', 'store-restart'] as const
export type FaultKind = (typeof faultKinds)[number]

/** One fault that is to come. */
export interface Fault {
  /** Milliseconds since the first moment of faults. */
  readonly atMs: number
  readonly kind: FaultKind
  /** 0 to below 1: whom it meets, of those that are there by then. */
  readonly draw: number
}

/** `skipped`: there was nobody it could meet; `failed`: it could not be done, or what it asked for failed. */
export type DeedOutcome = 'going on' | 'done' | 'skipped' | 'failed'

/** One fault that was done, or was to be. */
export interface Deed {
  readonly kind: FaultKind
  /** Milliseconds since the first moment of faults. */
  readonly atMs: number
  /** Whom it met: `instance 2 (process 4711)`. */
  target: string
  outcome: DeedOutcome
  /** What came of it, or why nothing did. */
  detail: string
  /** From the fault until as many instances, or balancers, were ready as wanted; null: it took none away, or they never were. */
  backMs: number | null
  /** It took an instance or a balancer away. */
  tookAway: boolean
}
