// The life of an instance as a closed state machine.
import type { InstanceState } from '../base/instance-telemetry.ts'

/**
 * starting: not listening yet. serving. leaving: not ready any more, serves on for the balancer to notice. draining: finishes
 * what it has. closed: for good.
 */
const moves: Readonly<Record<InstanceState, readonly InstanceState[]>> = {
  starting: ['serving', 'draining', 'closed'],
  serving: ['leaving', 'draining'],
  leaving: ['draining'],
  draining: ['closed'],
  closed: [],
}

/** The state after the move; throws for one that no instance may make. */
export function moved(from: InstanceState, to: InstanceState): InstanceState {
  if (moves[from].includes(to)) return to
  throw new Error(`Cannot move an instance from ${from} to ${to}`)
}
