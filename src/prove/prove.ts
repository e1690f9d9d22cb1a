// `drover prove` from the request to the verdict: servers, flow, judgement, cause.
import { AppFailure, type AppSpec, type Starter } from './app/servers.ts'
import { openStarter } from './app/starter.ts'
import { explainer } from './cause/explain.ts'
import { coverageOf } from './crawl/coverage.ts'
import { driveOptions } from './drive/drive.ts'
import { flowFrom, type RequestedFlow, type SourcedFlow } from './flow-source.ts'
import type { Hint } from './finding.ts'
import type { Flow } from './flow/flow.ts'
import { judgeFlow, type Judgement } from './judge.ts'
import { Laboratory } from './laboratory.ts'
import { toldLines } from './last-lines.ts'
import { runsAtOnce } from './outside.ts'
import { mentionsLimits } from './prescan/limits.ts'
import { withHintedPlaces } from './prescan/hinted-place.ts'
import { prescan } from './prescan/prescan.ts'
import { withTests } from './tests/merge.ts'
import { flowOfTests, recordingName, runOwnTests } from './tests/own-tests.ts'
import type { Progress, Prove, ProofRun, ProvePorts, ProveRequest } from './request.ts'

/** With three, a client's request may be apart from its last two. */
const instances = 3

/** For making a finding clearer once it is sure: shorter and with its writer. */
const clarifyingMs = 20_000

export const prove: Prove = async (request, ports) => {
  const starter = await openStarter()
  try {
    return await proveWith(starter, request, ports)
  } finally {
    await starter.close()
  }
}

/** The same with a starter of the caller's, who closes it. */
export async function proveWith(
  starter: Pick<Starter, 'startServers'>,
  request: ProveRequest,
  ports: ProvePorts,
): Promise<ProofRun> {
  const since = performance.now()
  const timeout = AbortSignal.timeout(request.timeoutMs)
  const proof = new Proving(starter, request, ports, AbortSignal.any([ports.signal, timeout]))
  const run = await proof.run()
  ports.signal.throwIfAborted()
  const hints = await proof.hints()
  const verdict = withHintedPlaces(run.proof.verdict, hints)
  return { ...run, proof: { ...run.proof, verdict, hints, durationMs: performance.now() - since } }
}

class Proving {
  readonly #starter: Pick<Starter, 'startServers'>
  readonly #request: ProveRequest
  readonly #ports: ProvePorts
  readonly #signal: AbortSignal
  #flow: Flow = { clients: [], steps: [] }
  #routes: readonly string[] | undefined
  #limits: readonly string[] = []
  #runsBefore = 0
  #hints: Promise<readonly Hint[]> | undefined

  constructor(
    starter: Pick<Starter, 'startServers'>,
    request: ProveRequest,
    ports: ProvePorts,
    signal: AbortSignal,
  ) {
    this.#starter = starter
    this.#request = request
    this.#ports = ports
    this.#signal = signal
  }

  /** Read once. Of servers that run elsewhere the sources are not at hand. */
  hints(): Promise<readonly Hint[]> {
    const { targets, cwd } = this.#request.app
    this.#hints ??= targets.length === 0 ? prescan(cwd) : Promise.resolve([])
    return this.#hints
  }

  async run(): Promise<ProofRun> {
    const { flow } = this.#request
    if (flow.from === 'tests') return this.#attempt(() => this.#judgeTests(flow.command))
    return this.#attempt(async () => this.#judge(await this.#source(flow)))
  }

  async #attempt(judge: () => Promise<ProofRun>): Promise<ProofRun> {
    try {
      return await judge()
    } catch (error) {
      if (error instanceof AppFailure) return this.#cannot(error.message, error.lastLines)
      if (!this.#signal.aborted) throw error
      return this.#cannot(`it was not done within ${this.#request.timeoutMs / 1000} s`, [])
    }
  }

  #source(flow: RequestedFlow): Promise<SourcedFlow> {
    const { app, seed } = this.#request
    this.#ports.onProgress({ phase: 'prepare', run: 0, mode: 'single', step: 0, steps: 0 })
    return flowFrom(flow, { app, starter: this.#starter, seed, signal: this.#signal })
  }

  /** The tests themselves first; then what they asked is played again, to find the two requests and the line. */
  async #judgeTests(command: string): Promise<ProofRun> {
    const { app, seed, schedules, timeoutMs } = this.#request
    const { judgement, runs } = await runOwnTests(command, {
      app,
      starter: this.#starter,
      instances,
      seed,
      schedules,
      timeoutMs,
      signal: this.#signal,
      onProgress: (progress) => this.#ports.onProgress(progress),
    })
    this.#runsBefore = runs
    if (judgement.failure !== undefined) {
      this.#limits = judgement.limits
      return this.#cannot(judgement.failure.why, judgement.failure.lastLines, 'the tests wrote')
    }
    const replay = await this.#attempt(() => this.#judge(flowOfTests(judgement)))
    return withTests(replay, judgement, command, recordingName)
  }

  async #judge({ flow, skipped, routes, failure }: SourcedFlow): Promise<ProofRun> {
    this.#limits = skipped
    this.#routes = routes
    if (failure !== undefined) return this.#cannot(failure, [])
    if (flow.steps.length === 0) return this.#cannot('the flow has no steps', [])
    this.#flow = flow
    const { app, seed, schedules } = this.#request
    const laboratory = await this.#laboratory(app)
    const blind = new Set<string>()
    const { flow: driven, ...judgement } = await judgeFlow(flow, {
      laboratory,
      explain: explainer({
        starter: this.#starter,
        hints: () => this.hints(),
        app,
        host: siteHost(app),
        onRoutes: (known) => {
          this.#routes ??= known
        },
        usualStartMs: () => laboratory.startedInMs,
        onLimit: (limit) => blind.add(limit),
      }),
      seed,
      schedules,
      signal: this.#signal,
      hasTime: budget(clarifyingMs),
      // Servers that run elsewhere are not for asking so often.
      mayLimit: async () => app.targets.length === 0 && (await mentionsLimits(app.cwd)),
    })
    this.#flow = driven
    this.#limits = [...this.#limits, ...judgement.limits, ...blind]
    return this.#proofRun(judgement.verdict, judgement.investigated)
  }

  async #laboratory(app: AppSpec): Promise<Laboratory> {
    return new Laboratory({
      starter: this.#starter,
      app,
      instances,
      concurrency: await runsAtOnce(app),
      signal: this.#signal,
      onProgress: (progress: Progress) => {
        this.#ports.onProgress({ ...progress, run: progress.run + this.#runsBefore })
      },
    })
  }

  #cannot(why: string, lastLines: readonly string[], who?: string): ProofRun {
    this.#limits = [...this.#limits, ...toldLines(lastLines, who)]
    return this.#proofRun({ verdict: 'could-not-judge', why }, [])
  }

  #proofRun(verdict: Judgement['verdict'], investigated: Judgement['investigated']): ProofRun {
    const proof = {
      seed: this.#request.seed,
      verdict,
      coverage: coverageOf(this.#flow, this.#routes),
      limits: this.#limits,
      hints: [],
      durationMs: 0,
    }
    return { proof, flow: this.#flow, showings: investigated.map(({ showing }) => showing) }
  }
}

function siteHost({ targets: [target] }: AppSpec): string {
  return target === undefined ? driveOptions.site.host : new URL(target).host
}

/** True until `ms` have gone by since it was first asked. */
function budget(ms: number): () => boolean {
  let endsAt: number | undefined
  return () => {
    endsAt ??= performance.now() + ms
    return performance.now() < endsAt
  }
}
