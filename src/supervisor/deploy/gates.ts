// Whether a new version answers as well as the old one, by what the balancers counted of both. Too little to judge is no failure.

/** What the instances of a version answered. */
export interface Served {
  /** Attempts, answered or not. */
  readonly attempts: number
  /** Of those, the ones that failed or were answered with a status of 500 or above. */
  readonly bad: number
  /** Attempts whose time is known. */
  readonly timed: number
  /** The time that nine of ten of them did not exceed; undefined where there is none. */
  readonly p90Ms: number | undefined
}

export interface Comparison {
  /** The new version since it was ready. */
  readonly fresh: Served
  /** The old one in the same time. */
  readonly old: Served
  /** The old one before; instead of `old`, where that has too little to be compared with. */
  readonly before: Served
}

/** What the two versions are called. */
export interface ComparedLabels {
  readonly fresh: string
  readonly old: string
}

// Fewer may be chance: a single request that fails is half of two.
const leastAttempts = 20
const leastBad = 5
const leastTimed = 50
/** What nobody feels, however often it holds the old time. */
const leastSlowerMs = 50

/** Why the new version fails too often, as a sentence; undefined where it does not, or too little is known. */
export function judgeErrors(
  { fresh, old, before }: Comparison,
  labels: ComparedLabels,
  errorRate: number,
): string | undefined {
  if (fresh.attempts < leastAttempts || fresh.bad < leastBad) return undefined
  const usual = share(old.attempts < leastAttempts ? before : old)
  if (share(fresh) - usual <= errorRate) return undefined
  const counted = `${fresh.bad} of ${fresh.attempts} requests (${percent(share(fresh))})`
  return `version ${labels.fresh} failed ${counted}; version ${labels.old}: ${percent(usual)}`
}

/**
 * Why the new version is too slow, as a sentence; undefined where it is not, or too little is known. `latency`: how many times
 * the time of the old one is too much.
 */
export function judgeLatency(
  { fresh, old }: Comparison,
  labels: ComparedLabels,
  latency: number,
): string | undefined {
  if (fresh.timed < leastTimed || old.timed < leastTimed) return undefined
  if (fresh.p90Ms === undefined || old.p90Ms === undefined) return undefined
  if (fresh.p90Ms <= old.p90Ms * latency || fresh.p90Ms - old.p90Ms <= leastSlowerMs) return undefined
  const times = `${shownMs(fresh.p90Ms)} for nine of ten requests`
  return `version ${labels.fresh} needs up to ${times}; version ${labels.old}: ${shownMs(old.p90Ms)}`
}

function share({ bad, attempts }: Served): number {
  return attempts === 0 ? 0 : bad / attempts
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`
}

function shownMs(ms: number): string {
  return `${ms.toFixed(0)} ms`
}
