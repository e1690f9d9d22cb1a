// From a confirmed difference to a finding: who wrote it, the shortest flow that shows it, and why.
import type { AdversarialRuns } from './adversarial-runs.ts'
import { keyOf } from './cause/holders.ts'
import { compareTraces } from './compare/compare.ts'
import { isNoisy, learnNoise, observationOf, type Noise } from './compare/noise.ts'
import { isWrite, singleSchedule, type Schedule } from './drive/schedule.ts'
import { unexplained, type Evidence, type Explain } from './evidence.ts'
import type { Difference, Divergence, Finding, ModeTriple } from './finding.ts'
import type { Flow } from './flow/flow.ts'
import type { Laboratory } from './laboratory.ts'
import { differsAtRoute, instanceAt } from './readers.ts'
import type { Showing } from './request.ts'
import { findWitness } from './shrink/witness.ts'
import { findWriter, type WriterFound } from './shrink/writer.ts'
import type { Suspect } from './suspects.ts'
import type { Trace } from './trace.ts'

export interface InvestigationParts {
  readonly flow: Flow
  readonly reference: Trace
  readonly noise: Noise
  readonly laboratory: Laboratory
  readonly runs: AdversarialRuns
  readonly explain: Explain
  readonly signal: AbortSignal
  /** False once there is no time left for reruns that only make a finding clearer. */
  readonly hasTime: () => boolean
}

export interface Investigated {
  readonly finding: Finding
  readonly showing: Showing
}

/** More than this many would be read by nobody; the rest shows once these are gone. */
const findingsAtMost = 4

const rerunsForFirst = 8
const rerunsForOthers = 4
const attemptsForFirst = 3

/** One finding for each cause, in the order of the flow. A finding is never lost for want of time: it is only told with less. */
export async function investigate(
  suspects: readonly Suspect[],
  parts: InvestigationParts,
): Promise<readonly Investigated[]> {
  const found: (Investigated & { readonly differsAlone: boolean | undefined })[] = []
  const writers: number[] = []
  for (const suspect of suspects.slice(0, findingsAtMost)) {
    const one = new Investigation(suspect, parts)
    const isFirst = found.length === 0
    const writer = await one.writer(writers, isFirst ? rerunsForFirst : rerunsForOthers)
    if (writer.writer !== undefined && writers.includes(writer.writer)) continue
    if (writer.writer !== undefined) writers.push(writer.writer)
    const evidence = await one.evidence(writer, isFirst ? attemptsForFirst : 1)
    const cause = await one.explain(evidence)
    const finding = { divergence: evidence.divergence, cause }
    if (!found.some((other) => haveOneCause(other.finding, finding)))
      found.push({ finding, showing: evidence.showing, differsAlone: evidence.differsAlone })
  }
  return found
    .filter(({ finding, differsAlone }) => differsAlone === true || !isToldBetter(finding, found))
    .map(({ finding, showing }) => ({ finding, showing }))
}

/**
 * Whose writer nobody found, and which differs as another does whose writer is known: most likely that one again. Of one that was not seen
 * inside either, whether a kill loses it says nothing: what is in memory and in a file is lost only where the kill comes first.
 */
export function isToldBetter(finding: Finding, found: readonly { readonly finding: Finding }[]): boolean {
  if (finding.divergence.writer !== undefined) return false
  const isVague = finding.cause.evidence === 'concluded'
  const modes = modesOf(finding, isVague)
  return found.some(
    ({ finding: other }) => other.divergence.writer !== undefined && modesOf(other, isVague) === modes,
  )
}

function modesOf({ divergence: { modes } }: Finding, withoutRestart: boolean): string {
  const between = `${modes['private-disk']} ${modes['shared-disk']}`
  return withoutRestart ? between : `${between} ${modes.restart}`
}

/** What two findings say is the same thing: one variable, one file, or a property of the process itself. */
function haveOneCause({ cause, divergence }: Finding, other: Finding): boolean {
  if (cause.kind !== other.cause.kind) return false
  if (cause.kind === 'unexplained') return divergence.writer === other.divergence.writer
  const place = ({ declaredAt, holder }: Finding['cause']): string =>
    declaredAt === undefined ? (holder ?? '') : keyOf(declaredAt)
  return place(cause) === place(other.cause)
}

class Investigation {
  readonly #suspect: Suspect
  readonly #parts: InvestigationParts

  constructor(suspect: Suspect, parts: InvestigationParts) {
    this.#suspect = suspect
    this.#parts = parts
  }

  async writer(known: readonly number[], reruns: number): Promise<WriterFound> {
    const { difference, shown } = this.#suspect
    const { flow } = this.#parts
    if (this.#isOfTheProcess()) return { writer: undefined, differsAlone: true }
    const found = await findWriter({
      flow,
      schedule: shown.schedule,
      reader: difference.step,
      known,
      reruns,
      differs: (schedule) => this.#orUndefined(() => this.#differs(schedule)),
    })
    return this.#onlyShows(found.writer) ? { writer: undefined, differsAlone: true } : found
  }

  /** A read that gave out the same value before: on the reader's instance it shows another, which does not make it the value's writer. */
  #onlyShows(writer: number | undefined): boolean {
    const { flow, reference } = this.#parts
    if (writer === undefined || writer !== this.#shownBefore() || isWrite(flow.steps[writer])) return false
    return observationOf(reference, writer)?.headers['set-cookie'] === undefined
  }

  /** The step whose answer had the value that the reader should have had again. */
  #shownBefore(): number | undefined {
    const [, step] = /^the same as at .* of step (\d+) \(/.exec(this.#suspect.difference.expected) ?? []
    return step === undefined ? undefined : Number(step) - 1
  }

  /** A value that repeats in one process, and that no request can have left there: nothing ties the two requests together. */
  #isOfTheProcess(): boolean {
    const { step, expected } = this.#suspect.difference
    if (!expected.startsWith('the same as at ')) return false
    const { flow, reference } = this.#parts
    const before = flow.steps.slice(0, step)
    const cookies = reference.observations.some(
      (one) => one.step < step && one.headers['set-cookie'] !== undefined,
    )
    return !cookies && !before.some((one) => isWrite(one))
  }

  async #differs(schedule: Schedule): Promise<boolean | undefined> {
    const { difference, shown } = this.#suspect
    const { flow, reference, noise, runs } = this.#parts
    const again = await runs.repeat({ mode: shown.mode, schedule }, 'shrink')
    if (again === undefined) return undefined
    return isAtReader(compareTraces(flow, reference, again.run.trace, noise), difference)
  }

  async evidence({ writer, differsAlone }: WriterFound, attempts: number): Promise<Evidence> {
    const { difference, shown } = this.#suspect
    const { flow } = this.#parts
    const reader = difference.step
    let smallest: Smaller | undefined
    const witness = await findWitness({
      flow,
      writer: writer ?? this.#shownBefore(),
      reader,
      attempts,
      shows: async (steps) => {
        const smaller = await this.#orUndefined(() => this.#tryWith(steps, writer))
        smallest = smaller ?? smallest
        return smaller !== undefined
      },
    })
    const schedule = smallest?.schedule ?? shown.schedule.slice(0, reader + 1)
    const showing = smallest?.showing ?? this.#prefixShowing()
    const divergence: Divergence = {
      difference: smallest?.difference ?? difference,
      modes: this.#triple(writer),
      writer,
      reader,
      writerInstance: writer === undefined ? undefined : instanceAt(showing.run, writer),
      readerInstance: instanceAt(showing.run, reader) ?? 1,
      witness,
    }
    return { flow, divergence, mode: shown.mode, schedule, differsAlone, showing }
  }

  /** Runs only these steps, alone and as before; undefined where that does not show the difference. */
  async #tryWith(steps: readonly number[], writer: number | undefined): Promise<Smaller | undefined> {
    const { difference, shown } = this.#suspect
    const { flow, laboratory, runs } = this.#parts
    const only = (schedule: Schedule): Schedule =>
      schedule
        .slice(0, difference.step + 1)
        .map((place, index) => (steps.includes(index) ? place : undefined))
    const alonePlan = { phase: 'shrink', flow, mode: 'single', schedule: only(singleSchedule(flow)) } as const
    const schedule = only(withRestarts(shown.schedule, steps))
    const [one, again, two] = await Promise.all([
      laboratory.run(alonePlan),
      runs.repeat({ mode: shown.mode, schedule }, 'shrink'),
      difference.where === 'status' || !isNoisy(this.#parts.noise)
        ? undefined
        : laboratory.run({ ...alonePlan, drive: { pauseMs: 150 } }),
    ])
    if (again === undefined || !this.#isAsInReference(one.trace, writer)) return undefined
    const noise = learnNoise(two === undefined ? [one.trace] : [one.trace, two.trace], flow)
    const found = compareTraces(flow, one.trace, again.run.trace, noise)
    const same = found.find((other) => other.step === difference.step && other.where === difference.where)
    const its = same ?? found.find((other) => other.step === difference.step)
    if (its === undefined || (difference.where === 'status' && its.where !== 'status')) return undefined
    return { schedule, difference: its, showing: { run: again.run.trace, alone: one.trace } }
  }

  /** Else too much was left out: a cart that needs a login is no cart without it. */
  #isAsInReference(alone: Trace, writer: number | undefined): boolean {
    const steps = [this.#suspect.difference.step, ...(writer === undefined ? [] : [writer])]
    return steps.every((step) => {
      return observationOf(alone, step)?.status === observationOf(this.#parts.reference, step)?.status
    })
  }

  #prefixShowing(): Showing {
    const { difference, shown } = this.#suspect
    const upTo = (trace: Trace): Trace => ({
      ...trace,
      observations: trace.observations.filter(({ step }) => step <= difference.step),
    })
    return { run: upTo(shown.run.trace), alone: upTo(this.#parts.reference) }
  }

  #triple(writer: number | undefined): ModeTriple {
    const { flow, runs, reference, noise } = this.#parts
    const { difference, shown } = this.#suspect
    const differs = (mode: keyof ModeTriple): boolean | undefined => {
      if (mode === shown.mode) return true
      if (!runs.hasRun(mode)) return undefined
      const isSeen = differsAtRoute(flow, runs.differences(mode, reference, noise), difference)
      // While a WebSocket is open nothing is killed: that it is still there says nothing then.
      if (!isSeen && mode === 'restart' && !runs.isParted(writer, difference.step)) return undefined
      return isSeen
    }
    const own = differs('private-disk')
    // It was not run where no instance wrote anything that could be shared.
    const shared = differs('shared-disk') ?? (own === false ? false : undefined)
    return { 'private-disk': own, 'shared-disk': shared, restart: differs('restart') }
  }

  explain(evidence: Evidence): Promise<Finding['cause']> {
    const { explain, signal } = this.#parts
    return explain(evidence, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error
      return unexplained
    })
  }

  /** Reruns that only make a finding clearer are not worth losing it. */
  async #orUndefined<T>(rerun: () => Promise<T | undefined>): Promise<T | undefined> {
    if (!this.#parts.hasTime()) return undefined
    try {
      return await rerun()
    } catch (error) {
      if (this.#parts.signal.aborted || error instanceof Error) return undefined
      throw error
    }
  }
}

interface Smaller {
  readonly schedule: Schedule
  readonly difference: Difference
  readonly showing: Showing
}

/** Whether what the reader missed is missed again; where its status was wrong, only a wrong status is, and of events only that one. */
function isAtReader(differences: readonly Difference[], { step, where }: Difference): boolean {
  const isExact = where === 'status' || where.startsWith('event ')
  return differences.some((other) => other.step === step && (!isExact || other.where === where))
}

/** A restart that went out with its step comes before the next that stays. */
function withRestarts(schedule: Schedule, steps: readonly number[]): Schedule {
  let owed = false
  let asked = false
  return schedule.map((place, index) => {
    if (place === undefined) return place
    owed ||= place.restart
    if (!steps.includes(index)) return place
    const restart = owed && asked
    owed = false
    asked = true
    return { ...place, restart }
  })
}
