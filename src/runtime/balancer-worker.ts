// One balancer's process from its start to its end: what it is told, what it says, and how it is ended.
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { withDeadline } from '../base/deadline.ts'
import { startKey } from '../base/wire.ts'
import type {
  BalancerCommand,
  BalancerOptions,
  BalancerReport,
  RequestTotals,
  Upstream,
  UpstreamLoad,
} from '../balancer/messages.ts'
import { forwardLines } from '../supervisor/output-lines.ts'
import { noTotals, withKnownLatency } from './balancer-loads.ts'
import type { BoundHandle } from './bound-handle.ts'

export const workerPath: string = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../balancer/worker.ts' : '../balancer/worker.js',
    import.meta.url,
  ),
)
/** A worker that is asked for its metrics and busy with more than an answer is not waited for. */
const metricsTimeoutMs = 2_000
/** What a drain may take beyond its own timeout before the worker is ended anyway. */
const drainGraceMs = 2_000

export type WorkerState = 'starting' | 'serving' | 'draining' | 'ended'

export interface WorkerPorts {
  /** What an operator should know, and each line that the worker wrote to its standard error. */
  readonly log: (line: string) => void
  /** Each line of its standard output: the access log, where it was told to write it there. */
  readonly output: (line: string) => void
  readonly onStart: (pid: number) => void
  readonly onExit: (pid: number) => void
}

export interface WorkerStart {
  /** The program to run. */
  readonly program: string
  readonly options: BalancerOptions
  readonly handle: BoundHandle
  readonly upstreams: readonly Upstream[]
}

/** It cannot accept on the handle; `code` is the system's, such as EADDRINUSE, or a sentence. */
export class WorkerRefused extends Error {
  readonly code: string

  constructor(code: string) {
    super(`cannot listen: ${code}`)
    this.code = code
  }
}

/** In MB: with a smaller young generation more exchanges are alive at each collection, and copied (a fifth of the CPU). */
const execArgv = ['--min-semi-space-size=16']

export class BalancerWorker {
  readonly #child: ChildProcess
  readonly #ports: WorkerPorts
  #state: WorkerState = 'starting'
  #parked = 0
  #loads: readonly UpstreamLoad[] = []
  #totals: RequestTotals = noTotals
  #told: readonly Upstream[] = []
  #lastMetrics: readonly unknown[] | undefined
  #draining: Promise<number> | undefined
  #onDrained: ((cut: number) => void) | undefined
  #lastQuestion = 0
  readonly #questions = new Map<number, (metrics: readonly unknown[] | undefined) => void>()
  /** By id and epoch. */
  readonly #releases = new Map<string, PromiseWithResolvers<void>>()
  readonly #listening = Promise.withResolvers<void>()
  readonly #informed = Promise.withResolvers<void>()
  readonly #ended = Promise.withResolvers<string>()

  constructor({ program, options, handle, upstreams }: WorkerStart, ports: WorkerPorts) {
    this.#ports = ports
    // Whoever waits hears of a failure; nobody has to.
    this.#listening.promise.catch(() => undefined)
    this.#informed.promise.catch(() => undefined)
    this.#child = this.#fork(program)
    this.tell({ type: 'listen', options }, handle)
    this.tell({ type: 'upstreams', upstreams })
  }

  get pid(): number | undefined {
    return this.#child.pid
  }

  get state(): WorkerState {
    return this.#state
  }

  /** Requests that wait in it. */
  get parked(): number {
    return this.#parked
  }

  /** What each instance did for it, as it last said. */
  get loads(): readonly UpstreamLoad[] {
    return this.#loads
  }

  /** What became of the requests it was given, as it last said. */
  get totals(): RequestTotals {
    return this.#totals
  }

  /** What it counted when it last answered `metrics`. */
  get lastMetrics(): readonly unknown[] | undefined {
    return this.#lastMetrics
  }

  /** Rejects WorkerRefused, or an Error when it ended before it accepted. */
  get listening(): Promise<void> {
    return this.#listening.promise
  }

  /** Resolves when it accepts and knows the instances, so that nothing it accepts has to wait for them. */
  get informed(): Promise<void> {
    return this.#informed.promise
  }

  /** Resolves with what ended it, such as SIGKILL. */
  get ended(): Promise<string> {
    return this.#ended.promise
  }

  /** A worker that dies meanwhile is noticed by its end; the next one is told everything again. */
  tell(command: BalancerCommand, handle?: BoundHandle): void {
    if (command.type === 'upstreams') this.#told = command.upstreams
    if (this.#child.connected) this.#child.send(command, handle, {}, () => undefined)
  }

  /**
   * Has it stop accepting and finish what is in flight; resolves with the number of exchanges that its deadline cut,
   * 0 where it gives no answer. Called again, it waits for the same end.
   */
  async drain(timeoutMs: number): Promise<number> {
    this.#draining ??= this.#drain(timeoutMs)
    return this.#draining.catch((error: unknown) => {
      this.#ports.log(String(error))
      return 0
    })
  }

  /**
   * Resolves when this start of the instance drains or is off the list it was told, nothing is in flight on it and no
   * connection to it is open, or when the worker has ended.
   */
  released(id: string, epoch: number): Promise<void> {
    if (this.#state === 'ended') return Promise.resolve()
    const key = startKey({ id, epoch })
    const asked = this.#releases.get(key)
    if (asked !== undefined) return asked.promise
    const release = Promise.withResolvers<void>()
    this.#releases.set(key, release)
    this.tell({ type: 'release', id, epoch })
    return release.promise
  }

  /** What it counted, as prom-client's getMetricsAsJSON; undefined when it ended or did not answer in time. */
  async metrics(): Promise<readonly unknown[] | undefined> {
    if (this.#state === 'ended') return undefined
    this.#lastQuestion += 1
    const id = this.#lastQuestion
    const answer = new Promise<readonly unknown[] | undefined>((resolve) => {
      this.#questions.set(id, resolve)
      this.tell({ type: 'metrics', id })
    })
    try {
      return await withDeadline(answer, metricsTimeoutMs, () => new Error('no answer'))
    } catch {
      return undefined
    } finally {
      this.#questions.delete(id)
    }
  }

  /** Ends it whatever it is doing. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#ended.promise
  }

  #fork(program: string): ChildProcess {
    // A group of its own: Ctrl-C in the terminal is for the primary, which drains first.
    const child = fork(program, [], {
      detached: true,
      execArgv,
      // Never our own streams: libuv sets those it hands down to block, for us too, and we must not wait for a reader.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    forwardLines(child.stdout, this.#ports.output)
    forwardLines(child.stderr, this.#ports.log)
    const { pid } = child
    if (pid !== undefined) this.#ports.onStart(pid)
    child.once('exit', (code, signal) => {
      if (pid !== undefined) this.#ports.onExit(pid)
      this.#end(signal ?? `code ${code}`)
    })
    // A process that cannot be started at all says so here and never exits.
    child.on('error', (error) => {
      if (pid === undefined) this.#end(error.message)
    })
    child.on('message', (report: BalancerReport) => {
      // What a dead worker said last may be read after its exit: counted then, it would be counted twice.
      if (this.#state !== 'ended') this.#hear(report)
    })
    return child
  }

  #hear(report: BalancerReport): void {
    switch (report.type) {
      case 'listening':
        if (this.#state === 'starting') this.#state = 'serving'
        this.#listening.resolve()
        this.#lookInformed()
        break
      case 'refused':
        this.#refuse(new WorkerRefused(report.code))
        break
      case 'drained':
        this.#onDrained?.(report.cut)
        break
      case 'load':
        this.#parked = report.parked
        this.#loads = withKnownLatency(report.upstreams, this.#loads)
        this.#totals = report.totals ?? noTotals
        this.#lookInformed()
        break
      case 'released':
        this.#release(startKey(report))
        break
      case 'metrics':
        this.#lastMetrics = report.metrics
        this.#questions.get(report.id)?.(report.metrics)
        break
      case 'notice':
        this.#ports.log(report.text)
        break
    }
  }

  /** It counts for the instances that it knows. */
  #lookInformed(): void {
    const known = new Set(this.#loads.map(({ id }) => id))
    if (this.#state === 'serving' && this.#told.every(({ id }) => known.has(id))) this.#informed.resolve()
  }

  async #drain(timeoutMs: number): Promise<number> {
    if (this.#state === 'ended') return 0
    this.#state = 'draining'
    this.#refuse(new Error('is to end'))
    const drained = new Promise<number>((resolve) => {
      this.#onDrained = resolve
      this.tell({ type: 'drain', timeoutMs })
    })
    return withDeadline(drained, timeoutMs + drainGraceMs, () => {
      return new Error('Cannot drain the balancer: it did not answer')
    })
  }

  #release(key: string): void {
    this.#releases.get(key)?.resolve()
    this.#releases.delete(key)
  }

  #refuse(error: Error): void {
    this.#listening.reject(error)
    this.#informed.reject(error)
  }

  #end(reason: string): void {
    this.#state = 'ended'
    this.#parked = 0
    this.#onDrained?.(0)
    for (const answer of this.#questions.values()) answer(undefined)
    for (const key of this.#releases.keys()) this.#release(key)
    this.#refuse(new Error(`ended by ${reason}`))
    this.#ended.resolve(reason)
  }
}
