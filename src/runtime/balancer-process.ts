// The balancer as the primary sees it. The primary binds the port and keeps the bound handle without accepting on it,
// so that a balancer can crash or be replaced while new connections wait in the queue instead of being refused.
import { fork, type ChildProcess } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { BalancerCommand, BalancerOptions, BalancerReport, Upstream } from '../balancer/messages.ts'
import { forwardLines } from '../supervisor/output-lines.ts'
import { bindHandle, boundPort, listenError, type BoundHandle } from './bound-handle.ts'

const workerPath = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? '../balancer/worker.ts' : '../balancer/worker.js',
    import.meta.url,
  ),
)
/** A worker that dies this soon after its start is started again only after a pause that doubles. */
const soonMs = 1_000
const firstPauseMs = 100
const longestPauseMs = 5_000

export interface BalancerProcessPorts {
  /** What became of a worker, and each line that one wrote. */
  readonly log: (message: string) => void
  readonly onStart: (pid: number) => void
  readonly onExit: (pid: number) => void
  readonly now: () => number
}

export interface BalancerProcessSnapshot {
  readonly pid: number | null
  readonly restarts: number
  readonly parked: number
  readonly loads: ReadonlyMap<string, { readonly inFlight: number; readonly requests: number }>
}

type LoadReport = Extract<BalancerReport, { type: 'load' }>
type State = 'idle' | 'serving' | 'draining' | 'closed'

export class BalancerProcess {
  readonly #options: BalancerOptions
  readonly #ports: BalancerProcessPorts
  #state: State = 'idle'
  #handle: BoundHandle | undefined
  #worker: ChildProcess | undefined
  #startedAtMs = 0
  #quickDeaths = 0
  #restarts = 0
  #upstreams: readonly Upstream[] = []
  #parked = 0
  #loads = new Map<string, { inFlight: number; requests: number }>()
  /** Answered attempts that earlier workers counted. */
  readonly #earlier = new Map<string, number>()
  #onDrained: ((cut: number) => void) | undefined
  /** Settles at the first worker's word, or a later one's when that died before it spoke. */
  readonly #listening: PromiseWithResolvers<void> = Promise.withResolvers<void>()
  #onRefused: (code: string) => void = () => undefined
  #restartTimer: NodeJS.Timeout | undefined

  constructor(options: BalancerOptions, ports: BalancerProcessPorts) {
    this.#options = options
    this.#ports = ports
  }

  /** Binds and starts a worker on it. Port 0 takes a free one. Rejects with PORT_TAKEN or OPTION_INVALID. */
  async listen(host: string, port: number): Promise<{ port: number }> {
    const handle = await bindHandle(host, port)
    if (this.#state === 'closed') {
      handle.close()
      throw closedError()
    }
    this.#handle = handle
    const bound = boundPort(handle)
    this.#state = 'serving'
    this.#onRefused = (code) => {
      this.#state = 'closed'
      this.#listening.reject(listenError(host, bound, code))
    }
    this.#start()
    await this.#listening.promise
    // What is refused later is a worker's own failure: the next one is tried.
    this.#onRefused = () => undefined
    return { port: bound }
  }

  setUpstreams(upstreams: readonly Upstream[]): void {
    this.#upstreams = upstreams
    this.#send({ type: 'upstreams', upstreams })
  }

  /** Stops accepting and finishes what is in flight; `cut` counts the exchanges the deadline ended. */
  async drain(timeoutMs: number): Promise<{ cut: number }> {
    if (this.#state !== 'serving') return { cut: 0 }
    this.#state = 'draining'
    clearTimeout(this.#restartTimer)
    // Before the worker's, so that its closing really ends the listening.
    this.#closeHandle()
    if (this.#worker === undefined) return { cut: 0 }
    const cut = await new Promise<number>((resolve) => {
      this.#onDrained = resolve
      this.#send({ type: 'drain', timeoutMs })
    })
    return { cut }
  }

  /** Ends the worker whatever it is doing. */
  async close(): Promise<void> {
    this.#state = 'closed'
    clearTimeout(this.#restartTimer)
    this.#closeHandle()
    const worker = this.#worker
    if (worker === undefined) return
    const exited = new Promise((resolve) => worker.once('exit', resolve))
    worker.kill('SIGKILL')
    await exited
  }

  snapshot(): BalancerProcessSnapshot {
    return {
      pid: this.#worker?.pid ?? null,
      restarts: this.#restarts,
      parked: this.#parked,
      loads: this.#loads,
    }
  }

  #start(): void {
    this.#startedAtMs = this.#ports.now()
    // A group of its own: Ctrl-C in the terminal is for the primary, which drains first.
    const worker = fork(workerPath, [], {
      detached: true,
      execArgv: [],
      // Never our own streams: libuv sets those it hands down to block, for us too, and we must not wait for a reader.
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    })
    forwardLines(worker.stdout, this.#ports.log)
    forwardLines(worker.stderr, this.#ports.log)
    this.#worker = worker
    const { pid } = worker
    if (pid !== undefined) this.#ports.onStart(pid)
    worker.once('exit', (code, signal) => {
      if (pid !== undefined) this.#ports.onExit(pid)
      this.#onExit(signal ?? `code ${code}`)
    })
    // A process that cannot be started at all says so here and never exits.
    worker.on('error', (error) => {
      if (pid === undefined) this.#onExit(error.message)
    })
    worker.on('message', (report: BalancerReport) => {
      // What a dead worker said last may be read after its exit: counted then, it would be counted twice.
      if (this.#worker === worker) this.#hear(report)
    })
    this.#send({ type: 'listen', options: this.#options }, this.#handle)
    this.#send({ type: 'upstreams', upstreams: this.#upstreams })
  }

  #send(command: BalancerCommand, handle?: BoundHandle): void {
    const worker = this.#worker
    if (worker?.connected !== true) return
    // A worker that dies meanwhile is noticed by its exit; the next one is told everything again.
    worker.send(command, handle, {}, () => undefined)
  }

  #hear(report: BalancerReport): void {
    switch (report.type) {
      case 'listening':
        this.#listening.resolve()
        break
      case 'refused':
        this.#onRefused(report.code)
        break
      case 'drained':
        this.#onDrained?.(report.cut)
        break
      case 'load':
        this.#note(report)
        break
    }
  }

  #note(load: LoadReport): void {
    this.#parked = load.parked
    for (const { id, inFlight, requests } of load.upstreams) {
      this.#loads.set(id, { inFlight, requests: requests + (this.#earlier.get(id) ?? 0) })
    }
  }

  #onExit(reason: string): void {
    this.#worker = undefined
    this.#onDrained?.(0)
    this.#parked = 0
    for (const [id, load] of this.#loads) {
      this.#earlier.set(id, load.requests)
      this.#loads.set(id, { ...load, inFlight: 0 })
    }
    if (this.#state === 'closed') this.#listening.reject(closedError())
    if (this.#state !== 'serving') return
    this.#restarts++
    const pauseMs = this.#pauseMs()
    this.#ports.log(
      `balancer ended by ${reason}, starting it again ${pauseMs === 0 ? 'at once' : `in ${pauseMs} ms`}`,
    )
    this.#restartTimer = setTimeout(() => {
      this.#start()
    }, pauseMs)
  }

  #pauseMs(): number {
    const soon = this.#ports.now() - this.#startedAtMs < soonMs
    this.#quickDeaths = soon ? this.#quickDeaths + 1 : 0
    return this.#quickDeaths === 0 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#quickDeaths - 1))
  }

  #closeHandle(): void {
    this.#handle?.close()
    this.#handle = undefined
  }
}

function closedError(): Error {
  return new Error('Cannot listen: the balancer was closed')
}
