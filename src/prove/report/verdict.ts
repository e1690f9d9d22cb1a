// The verdict in words, and how much of the app it speaks of. Never a bare "proven": a proof is evidence about what was driven.
import type { Coverage, Finding, Proof } from '../finding.ts'
import { counted } from '../../base/counted.ts'
import { isLostAtRestartOnly, isOfTestsAlone } from './words.ts'

export function verdictText({ verdict, coverage }: Proof): string {
  if (verdict.verdict === 'could-not-judge') return `Could not judge: ${verdict.why}`
  if (verdict.verdict === 'stateful') {
    const count = verdict.findings.filter((finding) => !isOfTestsAlone(finding)).length
    if (count === 0)
      return `Stateful: the tests pass on one instance, and fail ${placeOf(verdict.findings[0])}`
    return `Stateful: ${counted(count, 'answer')} depended on which instance gave ${count === 1 ? 'it' : 'them'}`
  }
  const schedules = counted(verdict.schedules, 'schedule')
  return `No divergence in ${schedules} over ${routesText(coverage)} (${coverageText(coverage)})`
}

function placeOf(finding: Finding | undefined): string {
  return finding !== undefined && isLostAtRestartOnly(finding.divergence.modes)
    ? 'over restarts'
    : 'with several'
}

function routesText({ driven }: Coverage): string {
  return driven.length === 1 ? 'this 1 route' : `these ${driven.length} routes`
}

/** Of the routes the app is known to have, in 0 to 100; undefined when they are not known. */
export function coveragePercent({ driven, undriven }: Coverage): number | undefined {
  if (undriven === undefined) return undefined
  const known = driven.length + undriven.length
  // Rounded down: 100 % is all of them.
  return known === 0 ? 0 : Math.floor((driven.length * 100) / known)
}

export function coverageText(coverage: Coverage): string {
  const percent = coveragePercent(coverage)
  return percent === undefined
    ? "coverage unknown: the app's routes could not be read"
    : `coverage ${percent} %`
}

/** Seconds with one digit. */
export function secondsText(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`
}
