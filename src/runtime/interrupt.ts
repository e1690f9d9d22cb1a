// Decides what a signal to stop means when it is not the first one.

/**
 * Under `npm run`, one Ctrl-C arrives twice: from the terminal and from npm, which passes it on. Repeats within this
 * time are the same wish, not a more urgent one.
 */
export const sameWishMs = 1_000

export type InterruptDecision = 'stop' | 'ignore' | 'abort'

/** The first signal stops gracefully; one that comes later, while that still goes on, ends everything at once. */
export function decideInterrupt(firstAtMs: number | undefined, nowMs: number): InterruptDecision {
  if (firstAtMs === undefined) return 'stop'
  return nowMs - firstAtMs < sameWishMs ? 'ignore' : 'abort'
}
