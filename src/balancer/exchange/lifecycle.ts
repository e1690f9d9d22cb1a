// The states of an exchange and the moves between them. Closed: a move that is not listed is a defect.
import type { Progress } from './retry.ts'

export type ExchangeState =
  /** Not begun. */
  | 'new'
  /** No instance can take it now. */
  | 'parked'
  /** An attempt is under way, this far. */
  | Progress
  /** A WebSocket: two joined sockets, no longer HTTP. */
  | 'tunnelled'
  /** Answered, refused, cut, or left by the client. */
  | 'over'

const moves: Readonly<Record<ExchangeState, readonly ExchangeState[]>> = {
  new: ['not-sent', 'parked', 'over'],
  parked: ['not-sent', 'over'],
  // An attempt that dies leads to the next, to parking, or to the end: rule R1 decides.
  'not-sent': ['sent', 'not-sent', 'parked', 'over'],
  sent: ['responded', 'tunnelled', 'not-sent', 'parked', 'over'],
  responded: ['passed', 'not-sent', 'parked', 'over'],
  // The client has bytes: nothing can be repeated.
  passed: ['over'],
  tunnelled: ['over'],
  over: [],
}

/** The state after a move. Throws when the lifecycle has no such move. */
export function move(from: ExchangeState, to: ExchangeState): ExchangeState {
  if (!moves[from].includes(to)) throw new Error(`Cannot move an exchange from "${from}" to "${to}"`)
  return to
}

/** Whether an attempt is under way, whose death rule R1 has to judge. */
export function isAttempting(state: ExchangeState): state is Progress {
  return state === 'not-sent' || state === 'sent' || state === 'responded' || state === 'passed'
}
