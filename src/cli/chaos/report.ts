// What a run of chaos comes to: what was done, what clients suffered, how soon the capacity was back.
import { countNoticeable, countsBetween, longest, quantile, type Counts } from './counts.ts'
import { faultKinds, type Deed, type FaultKind } from './fault.ts'
import { formatCount } from './figures.ts'

export interface ChaosRun {
  readonly seed: number
  /** How long it really was calm, and under fault, in ms. */
  readonly calmMs: number
  readonly faultMs: number
  readonly deeds: readonly Deed[]
  /** At the start, at the first fault, at the end. */
  readonly counts: readonly [Counts, Counts, Counts]
  readonly cutWithBalancers: number
  /** Processes that the run had to leave stopped; there should be none. */
  readonly leftStopped: number
  readonly isInterrupted: boolean
  /** Why the run could not go on; null when it could. */
  readonly trouble: string | null
}

/** What clients met in one part of the run. */
export interface Suffering {
  readonly requests: number
  /** Answered by the balancer with an error of its own, or cut. */
  readonly failed: number
  /** Answers of 500 and above that the app gave itself. */
  readonly appErrors: number
  readonly retried: number
  /** Waited in the balancer for more than 1 ms, and how long at most; a bound of the histogram, null when none did. */
  readonly parked: number
  readonly longestParkedMs: number | null
  readonly p50Ms: number | null
  readonly p99Ms: number | null
  /** None took longer: a bound of the histogram. */
  readonly slowestMs: number | null
}

export interface KindSummary {
  readonly kind: FaultKind
  readonly done: number
  readonly skipped: number
  readonly failed: number
  /** Until as many were ready as wanted; null where nothing was taken away. */
  readonly backMs: { readonly median: number; readonly worst: number } | null
  /** So many had taken something away that was not back in the end. */
  readonly notBack: number
}

export interface ChaosReport {
  readonly verdict: string
  readonly isGood: boolean
  readonly seed: number
  readonly calmMs: number
  readonly faultMs: number
  readonly interrupted: boolean
  readonly kinds: readonly KindSummary[]
  readonly calm: Suffering
  readonly underFault: Suffering
  readonly cutWithBalancers: number
  readonly faults: readonly Deed[]
}

export function buildReport(run: ChaosRun): ChaosReport {
  const [start, firstFault, end] = run.counts
  const underFault = sufferingOf(countsBetween(firstFault, end))
  return {
    ...judge(run, underFault),
    seed: run.seed,
    calmMs: Math.round(run.calmMs),
    faultMs: Math.round(run.faultMs),
    interrupted: run.isInterrupted,
    kinds: summarize(run.deeds),
    calm: sufferingOf(countsBetween(start, firstFault)),
    underFault,
    cutWithBalancers: run.cutWithBalancers,
    faults: run.deeds,
  }
}

function sufferingOf(counts: Counts): Suffering {
  const parked = countNoticeable(counts.waits)
  return {
    requests: counts.requests,
    failed: counts.failed,
    appErrors: Math.max(0, counts.serverErrors - counts.failed),
    retried: counts.retried,
    parked,
    longestParkedMs: parked === 0 ? null : longest(counts.waits),
    p50Ms: quantile(counts.durations, 0.5),
    p99Ms: quantile(counts.durations, 0.99),
    slowestMs: longest(counts.durations),
  }
}

function judge(
  { cutWithBalancers: cut, leftStopped, trouble }: ChaosRun,
  { requests, failed }: Suffering,
): { readonly verdict: string; readonly isGood: boolean } {
  const share = `${formatCount(failed)} of ${formatCount(requests)} requests failed`
  const lost =
    cut === 0 ? '' : `, and about ${formatCount(cut)} more were cut with the balancers that were killed`
  if (trouble !== null) return { verdict: `${trouble} (${share} until then${lost})`, isGood: false }
  if (leftStopped > 0)
    return { verdict: `${leftStopped} instances are left stopped (${share})`, isGood: false }
  if (failed > 0 || cut > 0) return { verdict: `clients noticed: ${share}${lost}`, isGood: false }
  if (requests === 0)
    return { verdict: 'no requests came in: put load on it to learn something', isGood: true }
  return { verdict: `nobody noticed: ${share}`, isGood: true }
}

function summarize(deeds: readonly Deed[]): readonly KindSummary[] {
  return faultKinds.flatMap((kind) => {
    const ours = deeds.filter((deed) => deed.kind === kind)
    const count = (outcome: Deed['outcome']) => ours.filter((deed) => deed.outcome === outcome).length
    if (ours.length === 0) return []
    return {
      kind,
      done: count('done') + count('going on'),
      skipped: count('skipped'),
      failed: count('failed'),
      backMs: backOf(ours),
      notBack: ours.filter(({ tookAway, backMs }) => tookAway && backMs === null).length,
    }
  })
}

function backOf(deeds: readonly Deed[]): KindSummary['backMs'] {
  const times = deeds.flatMap(({ backMs }) => (backMs === null ? [] : [backMs])).toSorted((a, b) => a - b)
  const worst = times.at(-1)
  const median = times[Math.floor((times.length - 1) / 2)]
  if (worst === undefined || median === undefined) return null
  return { median: Math.round(median), worst: Math.round(worst) }
}
