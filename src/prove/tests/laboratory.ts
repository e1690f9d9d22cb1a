// Runs of the user's tests, each against servers of its own from a fresh state, with the adversary in between. One at a time: tests write
// their reports where they always do.
import type { AppSpec, Servers, Starter } from '../app/servers.ts'
import { AppFailure } from '../app/servers.ts'
import { Address } from '../drive/site.ts'
import { wroteFiles } from '../laboratory.ts'
import type { Phase, Progress } from '../request.ts'
import type { Mode } from '../trace.ts'
import { openAdversary } from './adversary.ts'
import { Gate } from './gate.ts'
import { Recording, type Exchange } from './recording.ts'
import { runTests, type TestRun } from './test-run.ts'

export interface TestsPlan {
  readonly phase: Phase
  readonly mode: Mode
  /** Of the schedule; nothing is drawn where there is one instance. */
  readonly seed: number
  readonly timeoutMs: number
  /** Milliseconds to pause wherever `restart` would have killed and started the app. */
  readonly pauseMs?: number
}

export interface TestsRun {
  readonly plan: TestsPlan
  readonly test: TestRun
  readonly exchanges: readonly Exchange[]
  /** What the tests asked, kept in `exchanges` or not. */
  readonly requests: number
  /** Or pauses in their place. */
  readonly restarts: number
  /** Whether any instance wrote a file; of one without a disk of its own not looked at. */
  readonly wroteFiles: boolean
  /** What an instance wrote last that ended by itself. */
  readonly crashLines: readonly string[]
  readonly durationMs: number
  /** Of the servers. */
  readonly startedInMs: number
}

export interface TestsLaboratoryOptions {
  readonly command: string
  readonly app: AppSpec
  readonly starter: Pick<Starter, 'startServers'>
  readonly instances: number
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

/** What recorded addresses begin with. */
export const recordedOrigin = 'http://localhost:3000'

export class TestsLaboratory {
  readonly #options: TestsLaboratoryOptions
  readonly #limits = new Set<string>()
  #runs = 0
  /** The tests find the app where they found it before. */
  #port = 0
  #expectedRequests = 0

  constructor(options: TestsLaboratoryOptions) {
    this.#options = options
  }

  get runs(): number {
    return this.#runs
  }

  get limits(): readonly string[] {
    return [...this.#limits]
  }

  /** Rejects with AppFailure when the app cannot be run so, and with the signal's reason. */
  async run(plan: TestsPlan): Promise<TestsRun> {
    const { app, starter, instances, signal } = this.#options
    signal.throwIfAborted()
    this.#runs += 1
    const onStep = this.#stepper(plan)
    onStep(0)
    const count = plan.mode === 'single' || plan.mode === 'restart' ? 1 : instances
    const servers = await starter.startServers(app, plan.mode, count)
    try {
      for (const limit of servers.limits) this.#limits.add(limit)
      const run = await this.#against(servers, plan, onStep)
      signal.throwIfAborted()
      this.#expectedRequests = Math.max(this.#expectedRequests, run.requests)
      return run
    } finally {
      await servers.stop()
    }
  }

  async #against(servers: Servers, plan: TestsPlan, onStep: (step: number) => void): Promise<TestsRun> {
    const { command, app, signal } = this.#options
    const ports = servers.origins.map((_, index) => servers.portOf(index + 1))
    const gate = gateOf(servers, plan)
    const names = new InstanceNames(servers)
    const recording = new Recording({ origin: recordedOrigin, now: Date.now, inSiteName: names.inSiteName })
    const adversary = await openAdversary({
      origins: servers.origins,
      ports,
      seed: plan.seed,
      port: this.#port,
      site: app.targets[0] === undefined ? undefined : new URL(app.targets[0]).host,
      recording,
      ...(gate === undefined ? {} : { gate }),
      onRequest: () => {
        onStep(adversary.requests)
      },
    })
    this.#port = adversary.port
    names.adversaryPort = adversary.port
    const since = performance.now()
    try {
      const { cwd, env } = app
      const { timeoutMs } = plan
      const test = await runTests({ command, cwd, env, baseUrl: adversary.origin, timeoutMs, signal })
      const durationMs = performance.now() - since
      if (gate?.failure instanceof AppFailure) throw gate.failure
      return {
        plan,
        test,
        exchanges: recording.exchanges,
        requests: adversary.requests,
        restarts: gate?.count ?? 0,
        wroteFiles: await wroteFiles(servers),
        crashLines: crashLines(servers),
        durationMs,
        startedInMs: servers.startedInMs,
      }
    } finally {
      await adversary.close()
    }
  }

  #stepper({ phase, mode }: TestsPlan): (step: number) => void {
    const { onProgress } = this.#options
    const run = this.#runs
    return (step) => {
      const steps = Math.max(step, this.#expectedRequests)
      onProgress({ phase, run, mode, step, steps, isOfTests: true })
    }
  }
}

function gateOf(servers: Servers, { mode, pauseMs }: TestsPlan): Gate | undefined {
  if (mode === 'restart') return new Gate(() => servers.restart())
  if (pauseMs === undefined) return undefined
  return new Gate(
    () =>
      new Promise((resolve) => {
        setTimeout(resolve, pauseMs)
      }),
  )
}

/** Reads the addresses of a run's servers, and of the adversary, as one site's. */
class InstanceNames {
  readonly #servers: Servers
  readonly #known = new Map<number, Address>()
  adversaryPort = 0

  constructor(servers: Servers) {
    this.#servers = servers
  }

  readonly inSiteName = (text: string, instance: number): string => {
    const known = this.#known.get(instance) ?? this.#addressOf(instance)
    this.#known.set(instance, known)
    return known.asSite(text)
  }

  #addressOf(instance: number): Address {
    const { host } = new URL(recordedOrigin)
    const ports = [this.#servers.portOf(instance), this.adversaryPort]
    return new Address({ host }, this.#servers.origins[instance - 1] ?? '', ports)
  }
}

function crashLines(servers: Servers): readonly string[] {
  const crashed = [...servers.origins.keys()].find((index) => !servers.isRunning(index + 1))
  return crashed === undefined ? [] : servers.lastLines(crashed + 1)
}
