// When a session ends: unused for the idle time, or at its absolute deadline however busy it is.

/** The share of the idle time that must have passed before a use slides the deadline: no write per request for it. */
const slideAfterShare = 0.1

/** Both in milliseconds; the idle time is never the longer one. */
export interface Lifetime {
  readonly idleMs: number
  readonly absoluteMs: number
}

/** Both in milliseconds since the epoch. */
export interface Deadlines {
  readonly idleDeadlineMs: number
  readonly absoluteDeadlineMs: number
}

/** The idle deadline of a session used now. */
export function idleDeadline(nowMs: number, idleMs: number, absoluteDeadlineMs: number): number {
  return Math.min(nowMs + idleMs, absoluteDeadlineMs)
}

/** The deadline to slide to for a session used now, or undefined when that is not worth a write. */
export function slideTo(nowMs: number, idleMs: number, record: Deadlines): number | undefined {
  const deadlineMs = idleDeadline(nowMs, idleMs, record.absoluteDeadlineMs)
  const usedBeforeMs = record.idleDeadlineMs - idleMs
  const isStale = nowMs - usedBeforeMs >= idleMs * slideAfterShare
  return isStale && deadlineMs > record.idleDeadlineMs ? deadlineMs : undefined
}
