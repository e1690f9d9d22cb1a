// The states of an exchange and the moves between them. Closed: a move that is not listed is a defect.

export type ExchangeState =
  /** Not begun. */
  | 'new'
  /** Waits for an instance, or for leave to repeat. */
  | 'parked'
  /** One attempt is under way, or two when it is hedged; the client has nothing yet. */
  | 'attempting'
  /** The client has bytes of the answer: nothing can be repeated. */
  | 'passed'
  /** Answered, refused, cut, left by the client, or become a WebSocket. */
  | 'over'

const moves: Readonly<Record<ExchangeState, readonly ExchangeState[]>> = {
  new: ['attempting', 'parked', 'over'],
  parked: ['attempting', 'over'],
  // An attempt that ends without an answer leads to the next, to parking, or to the end: rule R1 decides.
  attempting: ['attempting', 'parked', 'passed', 'over'],
  passed: ['over'],
  over: [],
}

/** The state after a move. Throws when the lifecycle has no such move. */
export function move(from: ExchangeState, to: ExchangeState): ExchangeState {
  if (!moves[from].includes(to)) throw new Error(`Cannot move an exchange from "${from}" to "${to}"`)
  return to
}
