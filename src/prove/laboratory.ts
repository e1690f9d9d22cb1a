// Runs of a flow, each on servers of its own from a fresh state; as many at once as the app and the machine bear.
import type { AppSpec, Servers, Starter } from './app/servers.ts'
import { startUntil } from './app/start-until.ts'
import { drive, driveOptions, type DriveOptions } from './drive/drive.ts'
import type { Schedule } from './drive/schedule.ts'
import type { Flow } from './flow/flow.ts'
import type { Phase, Progress } from './request.ts'
import type { Mode, Trace } from './trace.ts'

export interface RunPlan {
  readonly phase: Phase
  readonly flow: Flow
  readonly mode: Mode
  readonly schedule: Schedule
  readonly drive?: Partial<Pick<DriveOptions, 'pace' | 'pauseMs' | 'pausesMs'>>
}

export interface Run {
  readonly plan: RunPlan
  readonly trace: Trace
  /** Whether any instance wrote a file; of a single instance not looked at. */
  readonly wroteFiles: boolean
  /** Without the start of the servers. */
  readonly drivenMs: number
}

export interface LaboratoryOptions {
  readonly starter: Pick<Starter, 'startServers'>
  readonly app: AppSpec
  readonly instances: number
  /** Runs at once; 1 where they share something outside, such as a database. */
  readonly concurrency: number
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

export class Laboratory {
  readonly #options: LaboratoryOptions
  readonly #limits = new Set<string>()
  readonly #waiting: (() => void)[] = []
  #running = 0
  #runs = 0
  #startedInMs = 0

  constructor(options: LaboratoryOptions) {
    this.#options = options
  }

  get instances(): number {
    const { app, instances } = this.#options
    return app.targets.length > 0 ? app.targets.length : instances
  }

  /** What could not be isolated or seen in any run. */
  get limits(): readonly string[] {
    return [...this.#limits]
  }

  /** The longest that servers took to get ready. */
  get startedInMs(): number {
    return this.#startedInMs
  }

  get concurrency(): number {
    return this.#options.concurrency
  }

  /** Rejects with AppFailure when the servers do not start, and with the signal's reason. */
  async run(plan: RunPlan): Promise<Run> {
    await this.#enter()
    try {
      this.#options.signal.throwIfAborted()
      return await this.#runNow(plan)
    } finally {
      this.#leave()
    }
  }

  async #runNow(plan: RunPlan): Promise<Run> {
    const { starter, app, signal, onProgress } = this.#options
    this.#runs += 1
    const { phase, mode, flow, schedule } = plan
    const progress = { phase, run: this.#runs, mode, steps: flow.steps.length }
    onProgress({ ...progress, step: 0 })
    const count = mode === 'single' || mode === 'restart' ? 1 : this.instances
    const servers = await startUntil(signal, () => starter.startServers(app, mode, count))
    try {
      this.#startedInMs = Math.max(this.#startedInMs, servers.startedInMs)
      for (const limit of servers.limits) this.#limits.add(limit)
      const since = performance.now()
      const trace = await drive(flow, servers, schedule, {
        ...driveOptions,
        ...plan.drive,
        site: { host: siteHost(app) },
        signal,
        onStep: (step) => onProgress({ ...progress, step: step + 1 }),
      })
      const drivenMs = performance.now() - since
      return { plan, trace, wroteFiles: await wroteFiles(servers), drivenMs }
    } finally {
      await servers.stop()
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < this.#options.concurrency) {
      this.#running += 1
      return
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  /** Its place goes to whoever waits longest. */
  #leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#running -= 1
    else next()
  }
}

/** Frameworks that check hosts allow localhost; servers that run elsewhere may be asked by their own name only. */
function siteHost(app: AppSpec): string {
  const [target] = app.targets
  return target === undefined ? 'localhost:3000' : new URL(target).host
}

/** Whether any instance did; true where that is not looked at. */
export async function wroteFiles(servers: Servers): Promise<boolean> {
  if (servers.mode !== 'private-disk') return true
  for (const instance of servers.origins.keys())
    if ((await servers.writtenFiles(instance + 1)).length > 0) return true
  return false
}
