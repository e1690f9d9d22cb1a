// The verdict in words, and how much of the app it speaks of. Never a bare "proven": a proof is evidence about what was driven.
import type { Coverage, Proof } from '../finding.ts'
import { counted } from '../../base/counted.ts'

export function verdictText({ verdict, coverage }: Proof): string {
  if (verdict.verdict === 'could-not-judge') return `Could not judge: ${verdict.why}`
  if (verdict.verdict === 'stateful') {
    const count = verdict.findings.length
    return `Stateful: ${counted(count, 'answer')} depended on which instance gave ${count === 1 ? 'it' : 'them'}`
  }
  const schedules = counted(verdict.schedules, 'schedule')
  return `No divergence in ${schedules} over ${routesText(coverage)} (${coverageText(coverage)})`
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
