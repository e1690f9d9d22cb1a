// Differences become divergences when they come again: with a third baseline, and the run repeated.
import type { AdversarialMode, AdversarialRun, AdversarialRuns } from './adversarial-runs.ts'
import { compareTraces } from './compare/compare.ts'
import type { Noise } from './compare/noise.ts'
import { routeOf } from './compare/routes.ts'
import type { Difference } from './finding.ts'
import type { Flow } from './flow/flow.ts'
import { firstOfEachRoute, isSame, isWeak } from './readers.ts'
import type { Trace } from './trace.ts'

export interface Suspect {
  readonly difference: Difference
  /** The run that shows it. */
  readonly shown: AdversarialRun
  /** Another run shows it too: the same schedule in another mode, or another schedule. */
  readonly isSeenTwice: boolean
}

export const modesInOrder: readonly AdversarialMode[] = ['private-disk', 'shared-disk', 'restart']

/** The first difference of each route, from the first mode that shows it there. */
export function suspectsOf(
  flow: Flow,
  reference: Trace,
  runs: readonly AdversarialRun[],
  noise: Noise,
): readonly Suspect[] {
  const all = runs.map((shown) => ({
    shown,
    differences: compareTraces(flow, reference, shown.run.trace, noise),
  }))
  const routes = new Set<string>()
  const inOrder = modesInOrder.flatMap((mode) => all.filter(({ shown }) => shown.mode === mode))
  return inOrder.flatMap(({ shown, differences }) => {
    const fresh = firstOfEachRoute(flow, differences).filter(({ step }) => !routes.has(routeOf(flow, step)))
    for (const { step } of fresh) routes.add(routeOf(flow, step))
    return fresh.map((difference): Suspect => {
      const others = all.filter((other) => other.shown !== shown).flatMap((other) => other.differences)
      return { difference, shown, isSeenTwice: others.some((other) => isSame(difference, other)) }
    })
  })
}

/** Repeats each suspect's run, twice where no other run shows the same: those that came every time. */
export async function confirm(
  flow: Flow,
  reference: Trace,
  suspects: readonly Suspect[],
  runs: AdversarialRuns,
  noise: () => Promise<Noise>,
): Promise<readonly Suspect[]> {
  const shown = [...new Set(suspects.map((suspect) => suspect.shown))]
  const [final, ...repeated] = await Promise.all([
    noise(),
    ...shown.map(async (run) => ({ run, again: await repetitions(run, suspects, runs) })),
  ])
  return repeated.flatMap(({ run, again }) => {
    const first = compareTraces(flow, reference, run.run.trace, final)
    const others = again.map((one) => one && compareTraces(flow, reference, one.run.trace, final))
    const lasting = first.filter((difference) => {
      return others.every((differences) => differences?.some((other) => isSame(difference, other)) === true)
    })
    const own = new Map(
      suspects.filter((one) => one.shown === run).map((one) => [routeOf(flow, one.difference.step), one]),
    )
    return firstOfEachRoute(flow, lasting).flatMap((difference) => {
      const suspect = own.get(routeOf(flow, difference.step))
      return suspect === undefined ? [] : [{ ...suspect, difference }]
    })
  })
}

async function repetitions(
  run: AdversarialRun,
  suspects: readonly Suspect[],
  runs: AdversarialRuns,
): Promise<readonly (AdversarialRun | undefined)[]> {
  const own = suspects.filter(({ shown }) => shown === run)
  const times = own.every(({ difference, isSeenTwice }) => isSeenTwice && !isWeak(difference)) ? 1 : 2
  return Promise.all(Array.from({ length: times }, () => runs.repeat(run, 'confirm')))
}
