// The judgement of one flow: baselines, adversarial runs, confirmation, and what becomes of it.
import { AdversarialRuns, type AdversarialMode } from './adversarial-runs.ts'
import { AppFailure } from './app/servers.ts'
import { failedSteps, flowFailure, restartPauses, tooUnstable } from './baseline.ts'
import { isNoisy, learnNoise, type Noise } from './compare/noise.ts'
import {
  adversarialSchedules,
  asksAnew,
  restartSchedule,
  singleSchedule,
  type Schedule,
} from './drive/schedule.ts'
import type { Explain } from './evidence.ts'
import { withFinalReads } from './final-reads.ts'
import type { Verdict } from './finding.ts'
import type { Flow } from './flow/flow.ts'
import { firstRefused, hammered, isOfLimit, restartBeforeRefusal, withAgain, type Refused } from './hammer.ts'
import { investigate, type Investigated } from './investigation.ts'
import type { Laboratory } from './laboratory.ts'
import { toldLines } from './last-lines.ts'
import { withListening } from './listening.ts'
import { isWeak } from './readers.ts'
import { confirm, suspectsOf, type Suspect } from './suspects.ts'
import type { Trace } from './trace.ts'

export interface JudgeOptions {
  readonly laboratory: Laboratory
  readonly explain: Explain
  readonly seed: number
  readonly schedules: number
  readonly signal: AbortSignal
  /** As `InvestigationParts.hasTime`. */
  readonly hasTime: () => boolean
  /** Whether the app may refuse who asks too often: asked only where the flow itself shows nothing. */
  readonly mayLimit?: () => Promise<boolean>
}

export interface Judgement {
  readonly verdict: Verdict
  /** As driven, with its final reads: what the steps of findings count in. */
  readonly flow: Flow
  readonly investigated: readonly Investigated[]
  readonly limits: readonly string[]
}

/** Rejects with the signal's reason; all that an app does is a verdict. */
export async function judgeFlow(own: Flow, options: JudgeOptions): Promise<Judgement> {
  const flow = withFinalReads(own)
  const count = own.steps.length
  const judge = new Judge({ flow, own: count, restarts: restartSchedule(flow, count) }, options)
  const judgement = await judge.judgeOrSayWhy()
  const { reference } = judge
  if (judgement.verdict.verdict !== 'no-divergence' || reference === undefined) return judgement
  if ((await options.mayLimit?.()) !== true) return judgement
  return (await judgePastLimits(own, reference, options)) ?? judgement
}

/** What is driven: a flow of which the first `own` steps are the user's. */
interface Driven {
  readonly flow: Flow
  readonly own: number
  readonly restarts: Schedule
}

/** Undefined where nobody is refused too late, or the time ends: then what the flow itself has shown stands. */
async function judgePastLimits(
  flow: Flow,
  reference: Trace,
  options: JudgeOptions,
): Promise<Judgement | undefined> {
  const own = flow.steps.length
  try {
    const past = await pastLimit(flow, reference, options.laboratory)
    if (past === undefined) return undefined
    const driven = { flow: past, own, restarts: restartBeforeRefusal(past, own) }
    // All of so many requests are its writers: there is nothing to make shorter.
    const judge = new Judge(driven, { ...options, hasTime: () => false })
    const judgement = await judge.judgeOrSayWhy()
    const { verdict, investigated } = judgement
    const told = investigated.filter(({ finding }) => isOfLimit(finding.divergence.difference, own))
    if (verdict.verdict !== 'stateful' || told.length === 0) return undefined
    const findings = told.map(({ finding }) => finding)
    return { ...judgement, verdict: { ...verdict, findings }, investigated: told }
  } catch (error) {
    if (error instanceof AppFailure || options.signal.aborted) return undefined
    throw error
  }
}

/** The flow with one of its requests repeated until one instance alone refuses it; undefined where it refuses none. */
async function pastLimit(flow: Flow, reference: Trace, laboratory: Laboratory): Promise<Flow | undefined> {
  const own = flow.steps.length
  const alone = async (asked: Flow): Promise<Refused | undefined> => {
    const schedule = singleSchedule(asked)
    const { trace } = await laboratory.run({ phase: 'baseline', flow: asked, mode: 'single', schedule })
    return firstRefused(asked, own, trace)
  }
  const asked = hammered(flow, reference)
  const refused = asked && (await alone(asked))
  if (refused === undefined) return undefined
  const { step, times, timesAny } = refused
  const few = withAgain(flow, step, times)
  return times === timesAny || (await alone(few)) !== undefined ? few : withAgain(flow, step, timesAny)
}

/** So long in all, at least, do the pauses of the second baseline take: it sees another second than the first. */
const slowBaselineMs = 1300

class Judge {
  #flow: Flow
  readonly #ownSteps: number
  readonly #restarts: Schedule
  readonly #options: JudgeOptions
  #runs: AdversarialRuns
  readonly #limits: string[] = []
  #reference: Trace | undefined

  constructor({ flow, own, restarts }: Driven, options: JudgeOptions) {
    this.#flow = flow
    this.#ownSteps = own
    this.#restarts = restarts
    this.#options = options
    this.#runs = new AdversarialRuns(options.laboratory, flow)
  }

  /** What one instance answered; undefined until it has. */
  get reference(): Trace | undefined {
    return this.#reference
  }

  async judgeOrSayWhy(): Promise<Judgement> {
    try {
      return await this.#judge()
    } catch (error) {
      if (!(error instanceof AppFailure)) throw error
      this.#limits.push(...toldLines(error.lastLines))
      return this.#cannot(error.message)
    }
  }

  async #judge(): Promise<Judgement> {
    const first = await this.#baseline(0)
    const failure = flowFailure(this.#flow, this.#ownSteps, first)
    if (failure !== undefined) return this.#secondChance(failure)
    return this.#judgeBy(first)
  }

  /** A single instance can be flaky by itself: what fails once may be the moment, what fails twice is the flow. */
  async #secondChance(failure: string): Promise<Judgement> {
    const again = await this.#baseline(0)
    return flowFailure(this.#flow, this.#ownSteps, again) === undefined
      ? this.#judgeBy(again)
      : this.#cannot(failure)
  }

  async #judgeBy(driven: Trace): Promise<Judgement> {
    const { laboratory, seed, schedules } = this.#options
    const reference = this.#listening(driven)
    this.#reference = reference
    this.#limits.push(...failedSteps(this.#flow, this.#ownSteps, reference))
    const adversarial = adversarialSchedules(this.#flow, seed, schedules, laboratory.instances)
    const [second] = await Promise.all([
      this.#baseline(1),
      this.#runSchedule(adversarial[0]),
      this.#runs.run({ mode: 'restart', schedule: this.#restarts }),
    ])
    const baselines = [reference, second]
    const unstable = tooUnstable(learnNoise(baselines, this.#flow))
    if (unstable !== undefined) return this.#cannot(unstable)
    for (const [index, schedule] of adversarial.entries()) {
      if (index > 0) await this.#runSchedule(schedule)
      const confirmed = await this.#confirmed(reference, baselines)
      if (confirmed.length === 0) continue
      const noise = learnNoise(baselines, this.#flow)
      return this.#convict(reference, noise, confirmed, adversarial)
    }
    return this.#clear(adversarial.length)
  }

  /** What came on streams of events is listened for from now on. */
  #listening(reference: Trace): Trace {
    const listened = withListening(this.#flow, this.#ownSteps, reference)
    if (listened === undefined) return reference
    this.#flow = listened.flow
    this.#runs = new AdversarialRuns(this.#options.laboratory, listened.flow)
    return listened.reference
  }

  /** On one disk only where it can matter: nothing can be shared that was not written. */
  async #runSchedule(schedule: Schedule | undefined): Promise<void> {
    if (schedule === undefined) return
    const own = await this.#runs.run({ mode: 'private-disk', schedule })
    if (own === undefined || own.run.wroteFiles) await this.#runs.run({ mode: 'shared-disk', schedule })
  }

  async #confirmed(reference: Trace, baselines: Trace[]): Promise<readonly Suspect[]> {
    const noise = learnNoise(baselines, this.#flow)
    const suspects = suspectsOf(this.#flow, reference, this.#runs.runs, noise)
    if (suspects.length === 0) return []
    const byRestart = suspects.filter(({ shown }) => shown.mode === 'restart')
    const restarted = byRestart[0]?.shown.run.trace
    const differences = byRestart.map(({ difference }) => difference)
    const slow = restarted && restartPauses(restarted, differences)
    const confirmed = await confirm(this.#flow, reference, suspects, this.#runs, async () => {
      // What one instance alone draws by lot may come out the same more than once.
      const more = isNoisy(noise) && suspects.some(({ difference }) => isWeak(difference)) ? [2, 3] : [2]
      if (baselines.length === 2)
        baselines.push(
          ...(await Promise.all(more.map((index) => this.#baseline(index, index === 2 ? slow : undefined)))),
        )
      return learnNoise(baselines, this.#flow)
    })
    for (const { difference } of suspects)
      if (!confirmed.some((one) => one.difference.step === difference.step))
        this.#limits.push(`step ${difference.step + 1} differed once (${difference.where}) and not again`)
    return confirmed
  }

  async #convict(
    reference: Trace,
    noise: Noise,
    confirmed: readonly Suspect[],
    adversarial: readonly Schedule[],
  ): Promise<Judgement> {
    const { laboratory, explain, signal, hasTime } = this.#options
    // A divergence that is sure is told, even when the time ends here.
    await this.#completeTriples(confirmed, adversarial).catch((error: unknown) => {
      if (!signal.aborted) throw error
    })
    const parts = {
      flow: this.#flow,
      reference,
      noise,
      laboratory,
      runs: this.#runs,
      explain,
      signal,
      hasTime,
    }
    const investigated = await investigate(confirmed, parts)
    const findings = investigated.map(({ finding }) => finding)
    return this.#judgement({ verdict: 'stateful', findings }, investigated)
  }

  /**
   * Every schedule that convicts was driven on one disk too, so that the modes can be compared. What only restarts have shown so far may
   * show between instances as well: in a schedule that parts the two requests.
   */
  async #completeTriples(confirmed: readonly Suspect[], adversarial: readonly Schedule[]): Promise<void> {
    if (confirmed.some(({ shown }) => shown.mode === 'restart'))
      for (const schedule of adversarial)
        for (const mode of ['private-disk', 'shared-disk'] as const)
          if (!this.#runs.hasRun(mode, schedule)) await this.#runs.run({ mode, schedule })
    const missing = new Set(confirmed.map(({ shown }) => shown).filter(({ mode }) => mode === 'private-disk'))
    for (const { schedule } of missing)
      if (!this.#runs.hasRun('shared-disk', schedule)) await this.#runs.run({ mode: 'shared-disk', schedule })
  }

  #clear(schedules: number): Judgement {
    const several: readonly AdversarialMode[] = ['private-disk', 'shared-disk']
    if (!several.some((mode) => this.#runs.hasRun(mode)))
      return this.#cannot(this.#runs.failures[0] ?? 'several instances could not be run')
    return this.#judgement({ verdict: 'no-divergence', schedules }, [])
  }

  #cannot(why: string): Judgement {
    return this.#judgement({ verdict: 'could-not-judge', why }, [])
  }

  #judgement(verdict: Verdict, investigated: readonly Investigated[]): Judgement {
    const limits = [...this.#options.laboratory.limits, ...this.#runs.failures, ...new Set(this.#limits)]
    return { verdict, flow: this.#flow, investigated, limits }
  }

  /** `pausesMs`: longer ones, as `DriveOptions` has them. */
  async #baseline(index: number, pausesMs?: ReadonlyMap<number, number>): Promise<Trace> {
    const requests = this.#flow.steps.filter(asksAnew).length
    const pauseMs =
      index === 0
        ? 0
        : Math.max(20, Math.ceil((slowBaselineMs * (index === 1 ? 1 : 1.4)) / Math.max(1, requests)))
    const run = await this.#options.laboratory.run({
      phase: 'baseline',
      flow: this.#flow,
      mode: 'single',
      schedule: singleSchedule(this.#flow),
      drive: { pauseMs, pace: 1 + index / 4, ...(pausesMs === undefined ? {} : { pausesMs }) },
    })
    return run.trace
  }
}
