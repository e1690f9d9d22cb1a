// What a hit does to a count (`RateCounter.hit`), for stores that decide in JavaScript.
import type { RateHit } from '../rate-limit/store.ts'

export interface CountedHit extends RateHit {
  /** Until when what was taken lasts now; undefined when nothing is to be written. */
  readonly untilUs?: number
}

/** `untilUs` undefined: absent. */
export function countHit(
  untilUs: number | undefined,
  nowUs: number,
  takeUs: number,
  mostUs: number,
): CountedHit {
  const fromUs = Math.max(untilUs ?? 0, nowUs)
  const isTaken = fromUs + takeUs <= nowUs + mostUs
  if (!isTaken || takeUs === 0) return { isTaken, usedUs: fromUs - nowUs }
  return { isTaken, usedUs: fromUs + takeUs - nowUs, untilUs: fromUs + takeUs }
}

/** The moment on the clock of session deadlines, in the whole microseconds of counts. */
export function microsecondsOf(nowMs: number): number {
  return Math.trunc(nowMs * 1_000)
}
