// The middle of several rounds: one round that something else disturbed does not move it.

/** Throws on an empty list: a figure that nobody measured is no figure. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((left, right) => left - right)
  const upper = sorted[Math.floor(sorted.length / 2)]
  const lower = sorted[Math.floor((sorted.length - 1) / 2)]
  if (upper === undefined || lower === undefined) throw new Error('Cannot take a median: no figures')
  return (lower + upper) / 2
}
