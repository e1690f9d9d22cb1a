// The states of one instance and the only moves between them.
import type { InstanceState } from './fleet-options.ts'

/**
 * What happens to an instance: `start` its process, it became `ready`, `drain` it, `stop` it, its process
 * `died` unasked, or the stopping of it `ended` with nothing of its process group left.
 */
export type InstanceEvent = 'start' | 'ready' | 'drain' | 'stop' | 'died' | 'ended'

// A draining instance that dies is not missed, hence not restarted.
const moves: Readonly<Record<InstanceState, Partial<Record<InstanceEvent, InstanceState>>>> = {
  stopped: { start: 'starting' },
  starting: { ready: 'ready', died: 'backoff', stop: 'stopping' },
  ready: { drain: 'draining', died: 'backoff', stop: 'stopping' },
  draining: { died: 'stopped', stop: 'stopping' },
  backoff: { start: 'starting', stop: 'stopped' },
  stopping: { ended: 'stopped' },
}

/** The state after `event`. An illegal move is a bug in the supervisor and throws. */
export function nextState(state: InstanceState, event: InstanceEvent): InstanceState {
  const next = moves[state][event]
  if (next === undefined) throw new Error(`Cannot apply "${event}" to an instance: it is ${state}`)
  return next
}
