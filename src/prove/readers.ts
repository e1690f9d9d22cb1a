// Of many differences, the few readers worth explaining: most of what follows a first difference follows from it.
import type { Difference } from './finding.ts'
import { routeOf } from './compare/routes.ts'
import type { Flow } from './flow/flow.ts'
import type { Trace } from './trace.ts'

/** The first difference of each route, in the order of the flow. */
export function firstOfEachRoute(flow: Flow, differences: readonly Difference[]): readonly Difference[] {
  const first = new Map<string, Difference>()
  for (const difference of differences) {
    const route = routeOf(flow, difference.step)
    if (!first.has(route)) first.set(route, difference)
  }
  return [...first.values()]
}

/** Whether two differences are the same one in two runs. */
export function isSame(one: Difference, other: Difference): boolean {
  return one.step === other.step && one.where === other.where
}

/** Differences in how words stand, and not in what an answer is: they need to come again more than once. */
export function isWeak({ where, expected }: Difference): boolean {
  if (where === 'status' || where.startsWith('cookie ') || where === 'header location') return false
  return !/\.?length$/.test(where) || expected.startsWith('the same as')
}

/** What else could be seen by what is there already: of every route, the answers that a run has and the reference has not in them. */
export function differsAtRoute(flow: Flow, differences: readonly Difference[], reader: Difference): boolean {
  const route = routeOf(flow, reader.step)
  return differences.some(({ step }) => step === reader.step || routeOf(flow, step) === route)
}

export function instanceAt(trace: Trace, step: number): number | undefined {
  return trace.observations.find((observation) => observation.step === step)?.instance
}
