// What was wanted of late: a fleet that has just grown does not shrink for a short calm.

export interface TimedWant {
  readonly atMs: number
  readonly instances: number
}

/**
 * The wants with `latest` added, without what is `windowMs` old or older. An earlier want that is no larger than a later one can
 * never be the largest again and is dropped, so that the first is the largest.
 */
export function rememberWant(
  wants: readonly TimedWant[],
  latest: TimedWant,
  windowMs: number,
): readonly TimedWant[] {
  const larger = wants.filter(
    ({ atMs, instances }) => latest.atMs - atMs < windowMs && instances > latest.instances,
  )
  return [...larger, latest]
}

/** The largest of the wants remembered; 0 when there is none. */
export function largestWant(wants: readonly TimedWant[]): number {
  return wants[0]?.instances ?? 0
}
