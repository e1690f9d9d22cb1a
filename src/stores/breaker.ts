// Keeps calls away from a backend that fails, so that an outage costs its callers no waiting.
//
//   closed ──n failures in a row──▶ open ──interval over──▶ half-open ──success──▶ closed
//                                    ▲                         │ failure
//                                    └─────────────────────────┘
//
// Half-open lets a single call through, the probe; all others still fail at once.

export interface BreakerLimits {
  /** So many failures in a row open it. */
  readonly failuresToOpen: number
  /** How long it stays open before a call may probe the backend. */
  readonly probeIntervalMs: number
}

export type BreakerState =
  | { readonly name: 'closed'; readonly failures: number }
  | { readonly name: 'open'; readonly untilMs: number }
  | { readonly name: 'half-open' }

export type BreakerEvent =
  /** A call asks to be let through. */
  | { readonly name: 'call'; readonly nowMs: number }
  | { readonly name: 'success' }
  | { readonly name: 'failure'; readonly nowMs: number }

export const closedBreaker: BreakerState = { name: 'closed', failures: 0 }

/** The state after `event`. A call is let through unless it finds the breaker open afterwards, or half-open before. */
export function nextBreakerState(
  state: BreakerState,
  event: BreakerEvent,
  limits: BreakerLimits,
): BreakerState {
  switch (event.name) {
    case 'call':
      return state.name === 'open' && event.nowMs >= state.untilMs ? { name: 'half-open' } : state
    case 'success':
      return closedBreaker
    case 'failure':
      return afterFailure(state, event.nowMs, limits)
  }
}

function afterFailure(state: BreakerState, nowMs: number, limits: BreakerLimits): BreakerState {
  // A call from before it opened says nothing new.
  if (state.name === 'open') return state
  const failures = state.name === 'half-open' ? limits.failuresToOpen : state.failures + 1
  if (failures < limits.failuresToOpen) return { name: 'closed', failures }
  return { name: 'open', untilMs: nowMs + limits.probeIntervalMs }
}

/** The breaker of one backend. Times are those of a monotonic clock, such as `performance.now()`. */
export class Breaker {
  readonly #limits: BreakerLimits
  readonly #now: () => number
  #state: BreakerState = closedBreaker

  constructor(limits: BreakerLimits, now: () => number = () => performance.now()) {
    this.#limits = limits
    this.#now = now
  }

  /** Whether a call may go to the backend now; its outcome must then be told with `succeed` or `fail`. */
  admit(): boolean {
    const before = this.#state
    this.#state = nextBreakerState(before, { name: 'call', nowMs: this.#now() }, this.#limits)
    return this.#state.name === 'closed' || (this.#state.name === 'half-open' && before.name === 'open')
  }

  succeed(): void {
    this.#state = nextBreakerState(this.#state, { name: 'success' }, this.#limits)
  }

  fail(): void {
    this.#state = nextBreakerState(this.#state, { name: 'failure', nowMs: this.#now() }, this.#limits)
  }
}
