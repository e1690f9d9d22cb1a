// Decides when an instance has more memory than it may: on two looks in a row, since one may meet a peak that passes. And when it is
// replaced: an app whose usual size is above the ceiling must not be started anew without end.

export interface MemoryVerdict {
  /** Looks in a row that were above the ceiling, for the next judgement. */
  readonly looksAbove: number
  readonly isTooMuch: boolean
}

const looksNeeded = 2

/** `looksAbove` from the last verdict, 0 at first. Without a ceiling nothing is too much. */
export function judgeMemory(
  looksAbove: number,
  rssBytes: number,
  ceilingBytes: number | undefined,
): MemoryVerdict {
  if (ceilingBytes === undefined || rssBytes <= ceilingBytes) return { looksAbove: 0, isTooMuch: false }
  return { looksAbove: looksAbove + 1, isTooMuch: looksAbove + 1 >= looksNeeded }
}

/** So soon after it was ready that a fresh one will have as much: the ceiling is too low, or the app too large. */
export const earlyExcessMs = 60_000
const firstPauseMs = 10_000
const longestPauseMs = 10 * 60_000

/** How fast the instances of a fleet are replaced for their memory. */
export interface RecyclePace {
  /** Replaced in a row that had too much that soon. */
  readonly earlyOnes: number
  /** The next one that has waits until then. */
  readonly pausedUntilMs: number
}

export const fullPace: RecyclePace = { earlyOnes: 0, pausedUntilMs: 0 }

/**
 * The pace from now on, if an instance is replaced that had too much `readyForMs` after it was ready; undefined: it is to wait. Each
 * early one doubles the pause before the next.
 */
export function decideRecycle(pace: RecyclePace, readyForMs: number, nowMs: number): RecyclePace | undefined {
  if (readyForMs > earlyExcessMs) return fullPace
  if (nowMs < pace.pausedUntilMs) return undefined
  const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** pace.earlyOnes)
  return { earlyOnes: pace.earlyOnes + 1, pausedUntilMs: nowMs + pauseMs }
}
