// When each of many streams of an instance that leaves is ended, so that their clients do not all come back at once.

/** The time for a spread that leaves each stream `closeMs` to close before the caller's deadline, in milliseconds. */
export function spreadWindowMs(spreadMs: number, closeMs: number, deadlineMs: number): number {
  return Math.max(0, Math.min(spreadMs, deadlineMs - closeMs))
}

/**
 * One delay for each of `count` streams, ascending, within [0, windowMs]: each falls at random into its own share of the
 * window, so that they are even and yet not in step with those of other balancers. `random` answers within [0, 1).
 */
export function spreadDelays(count: number, windowMs: number, random: () => number): number[] {
  const shareMs = windowMs / count
  return Array.from({ length: count }, (_, index) => Math.min(windowMs, (index + random()) * shareMs))
}
