// The runs in which an app may show that it matters who answers.
import { AppFailure } from './app/servers.ts'
import { compareTraces } from './compare/compare.ts'
import type { Noise } from './compare/noise.ts'
import { isParted, type Schedule } from './drive/schedule.ts'
import type { Difference } from './finding.ts'
import type { Flow } from './flow/flow.ts'
import type { Laboratory, Run } from './laboratory.ts'
import type { Phase } from './request.ts'
import type { Mode, Trace } from './trace.ts'

export type AdversarialMode = Exclude<Mode, 'single'>

/** The same run may be repeated under other phases. */
export interface AdversarialPlan {
  readonly mode: AdversarialMode
  readonly schedule: Schedule
}

export interface AdversarialRun extends AdversarialPlan {
  readonly run: Run
}

export class AdversarialRuns {
  readonly #laboratory: Laboratory
  readonly #flow: Flow
  readonly #failures = new Map<AdversarialMode, string>()
  readonly runs: AdversarialRun[] = []

  constructor(laboratory: Laboratory, flow: Flow) {
    this.#laboratory = laboratory
    this.#flow = flow
  }

  /** One sentence for each mode that could not be run. */
  get failures(): readonly string[] {
    return [...this.#failures].map(([mode, why]) => `${modeNames[mode]} could not be run: ${why}`)
  }

  /** Undefined where it cannot be run: the app does not start so, or an instance was down before it was asked. Kept for comparing. */
  async run(plan: AdversarialPlan): Promise<AdversarialRun | undefined> {
    const done = await this.repeat(plan, 'schedule')
    if (done !== undefined) this.runs.push(done)
    return done
  }

  async repeat(plan: AdversarialPlan, phase: Phase): Promise<AdversarialRun | undefined> {
    try {
      const run = await this.#laboratory.run({ ...plan, phase, flow: this.#flow })
      const down = instanceDown(run.trace)
      if (down === undefined) return { ...plan, run }
      this.#failures.set(plan.mode, `instance ${down} was down before it was asked`)
    } catch (error) {
      if (!(error instanceof AppFailure)) throw error
      this.#failures.set(plan.mode, error.message)
    }
    return undefined
  }

  hasRun(mode: AdversarialMode, schedule?: Schedule): boolean {
    return this.runs.some((one) => one.mode === mode && (schedule === undefined || one.schedule === schedule))
  }

  /** Whether a run with restarts had one between the two. */
  isParted(writer: number | undefined, reader: number): boolean {
    return this.runs.some(({ mode, schedule }) => mode === 'restart' && isParted(schedule, writer, reader))
  }

  differences(mode: AdversarialMode, reference: Trace, noise: Noise): readonly Difference[] {
    return this.runs
      .filter((one) => one.mode === mode)
      .flatMap(({ run }) => compareTraces(this.#flow, reference, run.trace, noise))
  }
}

export const modeNames: Readonly<Record<AdversarialMode, string>> = {
  'private-disk': 'several instances with disks of their own',
  'shared-disk': 'several instances on one disk',
  restart: 'restarts between requests',
}

/** One that refused to be asked, though no request had ended it: as when a second one finds a port taken. */
function instanceDown(trace: Trace): number | undefined {
  const broken = new Set<number>()
  for (const { instance, status, error } of trace.observations) {
    if (status !== 0 || error === undefined) continue
    if (error === 'ECONNREFUSED' && !broken.has(instance)) return instance
    broken.add(instance)
  }
  return undefined
}
