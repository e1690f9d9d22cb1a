// The states of the primary and the only moves between them.

export type PrimaryState = 'idle' | 'opening' | 'starting' | 'running' | 'stopping' | 'stopped'
export type PrimaryEvent = 'open' | 'opened' | 'allReady' | 'stop' | 'ended'

/** Exported for the table test; decide through `nextPrimaryState`. */
export const primaryMoves: Readonly<Record<PrimaryState, Partial<Record<PrimaryEvent, PrimaryState>>>> = {
  idle: { open: 'opening', stop: 'stopping' },
  opening: { opened: 'starting', stop: 'stopping' },
  starting: { allReady: 'running', stop: 'stopping' },
  running: { stop: 'stopping' },
  stopping: { ended: 'stopped' },
  stopped: {},
}

/** The state after `event`. An illegal move is a bug in the primary and throws. */
export function nextPrimaryState(state: PrimaryState, event: PrimaryEvent): PrimaryState {
  const next = primaryMoves[state][event]
  if (next === undefined) throw new Error(`Cannot apply "${event}" to the primary: it is ${state}`)
  return next
}
