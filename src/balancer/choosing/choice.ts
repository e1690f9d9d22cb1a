// Which instance gets the next attempt: power of two choices on requests in flight, by weight. Pure; randomness is passed in.

/** A number in [0, 1), as Math.random gives. */
export type Random = () => number

export interface Candidate {
  /** Attempts under way. */
  readonly inFlight: number
  /** Its share relative to the others; one of 0 gets nothing while another has more. */
  readonly weight: number
}

/** What an instance that has just become ready gets of its share. */
const firstShare = 0.1

/**
 * Two different candidates drawn at random, the less busy one wins. Close to the best choice without every
 * balancer running to the same "least busy" instance at once (Mitzenmacher, The Power of Two Choices).
 *
 * Where all weigh the same, the lower (inFlight + 1) / weight wins. Where they do not, `total` is their sum and each is
 * drawn as often as it weighs: the request to be placed (the + 1) is counted by the draw, and inFlight / weight compared.
 * With the + 1 in the comparison a lighter one would always lose to an idle heavier one, and a fleet with little to do
 * would never use it.
 */
export function choose<T extends Candidate>(
  candidates: readonly T[],
  random: Random,
  total?: number,
): T | undefined {
  if (candidates.length < 2) return candidates[0]
  if (total !== undefined && total > 0) return chooseByWeight(candidates, random, total)
  const first = Math.floor(random() * candidates.length)
  const offset = 1 + Math.floor(random() * (candidates.length - 1))
  const a = candidates[first]
  const b = candidates[(first + offset) % candidates.length]
  if (a === undefined || b === undefined) return a ?? b
  return b.inFlight < a.inFlight ? b : a
}

/** Whether a is less busy than b for what each of them can take. */
export function isLessBusy(a: Candidate, b: Candidate): boolean {
  return a.inFlight * b.weight < b.inFlight * a.weight
}

/** The candidates' weights together, or undefined when they are all the same: then the draw needs none. */
export function totalWeight(candidates: readonly Candidate[]): number | undefined {
  const first = candidates[0]?.weight
  let total = 0
  let even = true
  for (const { weight } of candidates) {
    total += weight
    even &&= weight === first
  }
  return even ? undefined : total
}

/**
 * The part of its weight that an instance has after `sinceReadyMs`: from a tenth, evenly, to the whole after `durationMs`.
 * Caches, pools and compiled code are cold at first. A duration of 0 means the whole at once.
 */
export function slowStart(sinceReadyMs: number, durationMs: number): number {
  if (sinceReadyMs >= durationMs) return 1
  return firstShare + (1 - firstShare) * (Math.max(0, sinceReadyMs) / durationMs)
}

function chooseByWeight<T extends Candidate>(
  candidates: readonly T[],
  random: Random,
  total: number,
): T | undefined {
  const a = draw(candidates, random() * total)
  if (a === undefined) return undefined
  const b = draw(candidates, random() * (total - a.weight), a)
  return b !== undefined && isLessBusy(b, a) ? b : a
}

/** The candidate at this point of all weights laid end to end, `except` left out. */
function draw<T extends Candidate>(candidates: readonly T[], point: number, except?: T): T | undefined {
  let left = point
  let drawn: T | undefined
  for (const candidate of candidates) {
    if (candidate === except || candidate.weight <= 0) continue
    drawn = candidate
    left -= candidate.weight
    if (left < 0) break
  }
  return drawn
}
