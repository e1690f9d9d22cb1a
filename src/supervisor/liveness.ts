// Decides whether an instance's event loop is alive, from what it answers and leaves unanswered.

export type Liveness = 'alive' | 'suspect' | 'hung'

/** Immutable. Times are of a clock that never goes back, in milliseconds. */
export interface LivenessState {
  /** Since when a question stands unanswered; undefined: none does. */
  readonly silentSinceMs: number | undefined
}

/** Of an instance that was asked nothing yet. */
export const unasked: LivenessState = { silentSinceMs: undefined }

/** A silence begins with the first question that is not answered, not with the last. */
export function asked(state: LivenessState, nowMs: number): LivenessState {
  return state.silentSinceMs === undefined ? { silentSinceMs: nowMs } : state
}

/** Any answer ends the silence: only a loop that turns can give one. */
export function answered(): LivenessState {
  return unasked
}

/** After a time in which we ourselves did not run, an answer may wait for us unread: the silence counts from now. */
export function restarted(state: LivenessState, nowMs: number): LivenessState {
  return state.silentSinceMs === undefined ? state : { silentSinceMs: nowMs }
}

/** Whether a timer fired so late that our own process, or the whole machine, must have stood still. */
export function wasLate(plannedMs: number, nowMs: number, hangTimeoutMs: number): boolean {
  return nowMs - plannedMs > hangTimeoutMs / 5
}

/** `suspect` after half the time that makes it `hung`. */
export function judgeLiveness(state: LivenessState, nowMs: number, hangTimeoutMs: number): Liveness {
  if (state.silentSinceMs === undefined) return 'alive'
  const silentMs = nowMs - state.silentSinceMs
  if (silentMs >= hangTimeoutMs) return 'hung'
  return silentMs >= hangTimeoutMs / 2 ? 'suspect' : 'alive'
}
