// The figure that so many of all are below: how bad it gets, and not only how it usually is.

/** `part` from 0 to 1, by the nearest rank. Throws on an empty list, as `median` does. */
export function percentile(figures: readonly number[], part: number): number {
  const sorted = figures.toSorted((left, right) => left - right)
  const figure = sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)]
  if (figure === undefined) throw new Error('Cannot take a percentile: no figures')
  return figure
}
