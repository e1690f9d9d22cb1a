// Which instance gets the next attempt: power of two choices on requests in flight. Pure; randomness is passed in.

/** A number in [0, 1), as Math.random gives. */
export type Random = () => number

/**
 * Two different candidates drawn at random, the less busy one wins. Close to the best choice without every
 * balancer running to the same "least busy" instance at once (Mitzenmacher, The Power of Two Choices).
 */
export function choose<T extends { readonly inFlight: number }>(
  candidates: readonly T[],
  random: Random,
): T | undefined {
  if (candidates.length < 2) return candidates[0]
  const first = Math.floor(random() * candidates.length)
  const offset = 1 + Math.floor(random() * (candidates.length - 1))
  const a = candidates[first]
  const b = candidates[(first + offset) % candidates.length]
  if (a === undefined || b === undefined) return a ?? b
  return b.inFlight < a.inFlight ? b : a
}
