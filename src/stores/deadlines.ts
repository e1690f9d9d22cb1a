// How every store bounds the deadlines it keeps, so that all of them answer alike.

/** The last moment a Date can hold: stands in for "never" where a backend keeps whole numbers only. */
const endOfTimeMs = 8.64e15

/** A deadline as backends keep it: whole milliseconds, never beyond what a Date can hold. */
export function wholeDeadlineMs(deadlineMs: number): number {
  return Math.min(Math.trunc(deadlineMs), endOfTimeMs)
}

/** Whether a session is over at `nowMs`: at its deadline it already is. */
export function isOver(deadlineMs: number, nowMs: number): boolean {
  return deadlineMs <= nowMs
}
