// What the user's own tests say of an app: they pass on one instance, and then with several and over restarts, or they do not.
import { AppFailure } from '../app/servers.ts'
import { modeNames, type AdversarialMode } from '../adversarial-runs.ts'
import type { ModeTriple } from '../finding.ts'
import type { Phase } from '../request.ts'
import type { TestsLaboratory, TestsRun } from './laboratory.ts'
import { firstOtherwise, type Otherwise } from './otherwise.ts'
import type { Exchange } from './recording.ts'

export interface JudgeTestsOptions {
  readonly laboratory: Pick<TestsLaboratory, 'run' | 'limits'>
  readonly seed: number
  readonly schedules: number
  /** For one run on one instance. */
  readonly aloneTimeoutMs: number
  /** Runs with several instances get several times what one instance took, and no less than this. */
  readonly leastTimeoutMs: number
  /** False once the time for the tests is over. */
  readonly hasTime: () => boolean
  /** False once what is left is needed to find the cause of a failure that is sure. */
  readonly hasTimeToSpare: () => boolean
  readonly signal: AbortSignal
}

/** A failure that came twice, while one instance passes. */
export interface TestsFailed {
  readonly modes: ModeTriple
  /** The run that showed it first. */
  readonly run: TestsRun
  readonly otherwise: Otherwise | undefined
}

export interface TestsJudgement {
  /** Why tests cannot judge the app; undefined: they can. */
  readonly failure: { readonly why: string; readonly lastLines: readonly string[] } | undefined
  readonly failed: TestsFailed | undefined
  /** Of a run on one instance. */
  readonly exchanges: readonly Exchange[]
  readonly requests: number
  readonly adversarialRuns: number
  /** In which the tests were run with several instances; 0: they could not. */
  readonly schedules: number
  readonly limits: readonly string[]
}

/** Rejects with AppFailure where the app does not start at all, and with the signal's reason unless a failure is sure by then. */
export function judgeTests(options: JudgeTestsOptions): Promise<TestsJudgement> {
  return new TestsJudge(options).judge()
}

const slowerAtMost = 5
const several: readonly AdversarialMode[] = ['private-disk', 'shared-disk']

class TestsJudge {
  readonly #options: JudgeTestsOptions
  readonly #limits: string[] = []
  readonly #alone: TestsRun[] = []
  /** Both runs of each mode in which they fail for sure; false: they pass there. */
  readonly #outcomes = new Map<AdversarialMode, readonly TestsRun[] | false>()
  #adversarialRuns = 0
  #schedules = 0
  #unrepeatable: string | undefined

  constructor(options: JudgeTestsOptions) {
    this.#options = options
  }

  async judge(): Promise<TestsJudgement> {
    const failure = await this.#baselines()
    if (failure !== undefined) return this.#judgement(failure)
    for (let schedule = 0; schedule < this.#options.schedules; schedule += 1) {
      if (!this.#options.hasTime()) {
        this.#limits.push(
          `the tests were run in ${schedule} of ${this.#options.schedules} schedules: the time for them was over`,
        )
        break
      }
      await this.#schedule(schedule)
      this.#schedules += 1
      // What only restarts have shown so far may show between instances as well, in another schedule.
      if (several.some((mode) => this.#fails(mode)) || this.#unrepeatable !== undefined) break
    }
    const why = this.#isConvicted ? undefined : this.#unrepeatable
    return this.#judgement(
      why === undefined ? undefined : { why, lastLines: this.#alone.at(-1)?.test.lastLines ?? [] },
    )
  }

  async #baselines(): Promise<TestsJudgement['failure']> {
    for (const which of ['first', 'second'] as const) {
      const run = await this.#runAlone('baseline')
      const { test, requests, crashLines } = run
      const crash = crashLines.map((line) => `(the app, which ended) ${line}`)
      if (!test.hasPassed) {
        const why =
          which === 'first'
            ? `the tests fail on one instance: they ${test.how}`
            : `the tests are not repeatable on one instance: they passed, and then they ${test.how}`
        return { why, lastLines: [...test.lastLines.slice(-shownLines), ...crash.slice(-shownLines)] }
      }
      if (requests === 0)
        return {
          why: 'the tests asked nothing of BASE_URL: wanted tests that find the address of the app there',
          lastLines: test.lastLines.slice(-shownLines),
        }
    }
    return undefined
  }

  get #isConvicted(): boolean {
    return [...this.#outcomes.keys()].some((mode) => this.#fails(mode))
  }

  /** Undefined: not known. */
  #fails(mode: AdversarialMode): boolean | undefined {
    const outcome = this.#outcomes.get(mode)
    return outcome === undefined ? undefined : outcome !== false
  }

  /** On one disk only where it can matter; restarts do not depend on the schedule. */
  async #schedule(index: number): Promise<void> {
    const seed = this.#options.seed + index
    const own = await this.#adversarial('private-disk', seed)
    if (own === undefined || own.wroteFiles || !own.test.hasPassed) await this.#later('shared-disk', seed)
    if (index === 0) await this.#later('restart', seed)
  }

  /** A failure that is sure is told, even when the time ends here. */
  async #later(mode: AdversarialMode, seed: number): Promise<void> {
    if (this.#unrepeatable !== undefined) return
    if (this.#isConvicted && !this.#options.hasTimeToSpare()) return
    try {
      await this.#adversarial(mode, seed)
    } catch (error) {
      if (!this.#isConvicted || !this.#options.signal.aborted) throw error
    }
  }

  async #adversarial(mode: AdversarialMode, seed: number): Promise<TestsRun | undefined> {
    const first = await this.#orUndefined(mode, () => this.#run('schedule', mode, seed))
    if (first === undefined) return undefined
    const isVain = mode === 'restart' && first.restarts === 0
    if (first.test.hasPassed) {
      if (!isVain && !this.#outcomes.has(mode)) this.#outcomes.set(mode, false)
      return first
    }
    const again = await this.#orUndefined(mode, () => this.#run('confirm', mode, seed))
    if (again === undefined) return first
    if (again.test.hasPassed) {
      this.#limits.push(
        `the tests failed once with ${modeNames[mode]} (they ${first.test.how}) and not again`,
      )
      return first
    }
    if (await this.#passesAlone(first, again)) this.#outcomes.set(mode, [first, again])
    return first
  }

  /** Once more on one instance; in place of restarts with pauses as long, since tests may only have found it slow. */
  async #passesAlone(first: TestsRun, again: TestsRun): Promise<boolean> {
    if (first.plan.mode === 'restart')
      return this.#bearsPauses(Math.max(first.startedInMs, again.startedInMs))
    if (this.#isConvicted) return true
    const { test } = await this.#runAlone('confirm')
    if (!test.hasPassed)
      this.#unrepeatable = `the tests are not repeatable on one instance: they passed twice, and then they ${test.how}`
    return test.hasPassed
  }

  async #bearsPauses(pauseMs: number): Promise<boolean> {
    const { laboratory, seed } = this.#options
    const timeoutMs = this.#timeoutMs('restart', pauseMs)
    const { test } = await laboratory.run({ phase: 'confirm', mode: 'single', seed, timeoutMs, pauseMs })
    if (!test.hasPassed)
      this.#limits.push(
        'the tests could not be judged over restarts: pauses as long as those make them fail too',
      )
    return test.hasPassed
  }

  async #runAlone(phase: Phase): Promise<TestsRun> {
    const { laboratory, aloneTimeoutMs, seed } = this.#options
    const run = await laboratory.run({ phase, mode: 'single', seed, timeoutMs: aloneTimeoutMs })
    this.#alone.push(run)
    return run
  }

  #run(phase: Phase, mode: AdversarialMode, seed: number): Promise<TestsRun> {
    this.#adversarialRuns += 1
    const startMs = Math.max(...this.#alone.map(({ startedInMs }) => startedInMs))
    return this.#options.laboratory.run({ phase, mode, seed, timeoutMs: this.#timeoutMs(mode, startMs) })
  }

  /** So much more than one instance took that only what waits for something that never comes takes longer. */
  #timeoutMs(mode: AdversarialMode, startMs: number): number {
    const slowest = Math.max(0, ...this.#alone.map(({ durationMs }) => durationMs))
    const restartsMs = mode === 'restart' ? 2 * startMs * (this.#alone[0]?.requests ?? 0) : 0
    return Math.ceil(Math.max(this.#options.leastTimeoutMs, slowest * slowerAtMost) + restartsMs)
  }

  async #orUndefined(mode: AdversarialMode, run: () => Promise<TestsRun>): Promise<TestsRun | undefined> {
    try {
      return await run()
    } catch (error) {
      if (!(error instanceof AppFailure)) throw error
      this.#limits.push(`the tests could not be run with ${modeNames[mode]}: ${error.message}`)
      return undefined
    }
  }

  #judgement(failure: TestsJudgement['failure']): TestsJudgement {
    const { laboratory } = this.#options
    return {
      failure,
      failed: failure === undefined ? this.#failed() : undefined,
      exchanges: this.#alone[0]?.exchanges ?? [],
      requests: this.#alone[0]?.requests ?? 0,
      adversarialRuns: this.#adversarialRuns,
      schedules: several.some((mode) => this.#outcomes.has(mode)) ? this.#schedules : 0,
      limits: [...laboratory.limits, ...new Set(this.#limits)],
    }
  }

  #failed(): TestsFailed | undefined {
    const runs = [...this.#outcomes.values()].find((one) => one !== false)
    const run = runs?.[0]
    if (runs === undefined || run === undefined) return undefined
    const own = this.#fails('private-disk')
    const shared = this.#fails('shared-disk') ?? (own === false ? false : undefined)
    const exchangesOf = (some: readonly TestsRun[]) => some.map(({ exchanges }) => exchanges)
    return {
      modes: { 'private-disk': own, 'shared-disk': shared, restart: this.#fails('restart') },
      run,
      otherwise: firstOtherwise(exchangesOf(this.#alone), exchangesOf(runs)),
    }
  }
}

/** Of what tests wrote when they failed: enough for an error and its stack. */
export const shownLines = 12
