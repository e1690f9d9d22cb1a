// The balancers as the primary sees them. The primary binds the port and keeps the bound handle without accepting on it,
// so that a balancer can crash or be replaced while new connections wait in the queue instead of being refused. All
// workers accept on that one handle: which of them gets a connection is the kernel's to say, and with some systems the
// first one to wake gets most of them.
import type { BalancerOptions, RequestTotals, Upstream } from '../balancer/messages.ts'
import { withDeadline } from '../base/deadline.ts'
import { DroverError } from '../base/errors.ts'
import type { BalancerSnapshot } from '../control/snapshot.ts'
import { BalancerLoads, type InstanceLoad } from './balancer-loads.ts'
import { BalancerSlot, type ReplaceBounds } from './balancer-slot.ts'
import { BalancerWorker, workerPath, WorkerRefused, type WorkerPorts } from './balancer-worker.ts'
import { bindHandle, boundAddress, boundPort, listenError, type BoundHandle } from './bound-handle.ts'

export interface BalancerGroupPorts extends WorkerPorts {
  readonly now: () => number
  /** The program of a worker. Default: Drover's own. */
  readonly program?: string
  /** A worker ended that had counted this when it last said so. */
  readonly onRetire?: (pid: number, metrics: readonly unknown[]) => void
}

export interface BalancerGroupSnapshot {
  /** One for each place, and those that are being replaced and still finish what they have. */
  readonly balancers: readonly BalancerSnapshot[]
  readonly parked: number
  readonly loads: ReadonlyMap<string, InstanceLoad>
  /** What became of all requests since the fleet started. */
  readonly totals: RequestTotals
}

export class BalancerGroup {
  readonly #ports: BalancerGroupPorts
  readonly #slots: readonly BalancerSlot[]
  readonly #loads = new BalancerLoads()
  /** Every worker that runs, those included that come or go. */
  readonly #workers = new Set<BalancerWorker>()
  #options: BalancerOptions
  #state: 'idle' | 'serving' | 'draining' | 'closed' = 'idle'
  #handle: BoundHandle | undefined
  #upstreams: readonly Upstream[] = []
  /** Resolves with the next list. */
  #nextList: PromiseWithResolvers<void> = Promise.withResolvers<void>()
  #isReplacing = false

  /** `count`: how many workers. */
  constructor(options: BalancerOptions, count: number, ports: BalancerGroupPorts) {
    this.#options = options
    this.#ports = ports
    const { log, now } = ports
    this.#slots = Array.from(
      { length: count },
      () => new BalancerSlot({ spawn: () => this.#spawn(), log, now }),
    )
  }

  /** Binds and starts the workers. Port 0 takes a free one. Rejects with PORT_TAKEN or OPTION_INVALID. */
  async listen(host: string, port: number): Promise<{ port: number }> {
    return this.serve(await bindHandle(host, port), host)
  }

  /** Starts the workers on a handle that is bound already, and is this group's from now on. Rejects as `listen` does. */
  async serve(handle: BoundHandle, host: string = boundAddress(handle).host): Promise<{ port: number }> {
    if (this.#state === 'closed') {
      handle.close()
      throw new Error('Cannot listen: the balancer was closed')
    }
    this.#handle = handle
    this.#state = 'serving'
    const bound = boundPort(handle)
    try {
      await Promise.all(this.#slots.map((slot) => slot.start()))
    } catch (error) {
      await this.close()
      throw error instanceof WorkerRefused ? listenError(host, bound, error.code) : error
    }
    return { port: bound }
  }

  setUpstreams(upstreams: readonly Upstream[]): void {
    this.#upstreams = upstreams
    for (const worker of this.#workers) worker.tell({ type: 'upstreams', upstreams })
    this.#nextList.resolve()
    this.#nextList = Promise.withResolvers<void>()
  }

  /**
   * Resolves true when no worker holds this start of the instance any more: it drains or is off the list, and each has
   * finished what it had there, tunnels included, and closed its connections to it. A worker that ended holds nothing.
   * False when that has not come in `timeoutMs`.
   */
  async drained(id: string, epoch: number, timeoutMs: number): Promise<boolean> {
    const over = new AbortController()
    const released = this.#released(id, epoch, over.signal).then(() => true)
    try {
      return await withDeadline(released, timeoutMs, () => new Error('still held'))
    } catch {
      return false
    } finally {
      over.abort()
    }
  }

  /** Gives every worker, and those to come, other options. */
  configure(options: BalancerOptions): void {
    this.#options = options
    for (const worker of this.#workers) worker.tell({ type: 'configure', options })
  }

  /** Has the access log's file opened anew under its name, after somebody renamed it. */
  reopenLog(): void {
    for (const worker of this.#workers) worker.tell({ type: 'reopen-log' })
  }

  /**
   * Replaces the workers by the code on disk, one after the other; loses no request that ends within the drain's timeout.
   * Rejects CONTROL_FAILED when a new one does not start: its predecessor, and those not yet replaced, go on.
   */
  async replace(bounds: ReplaceBounds): Promise<{ readonly replaced: number; readonly cut: number }> {
    this.#beginReplacing()
    try {
      let cut = 0
      for (const slot of this.#slots) cut += await slot.replace(bounds)
      return { replaced: this.#slots.length, cut }
    } finally {
      this.#isReplacing = false
    }
  }

  /** Stops accepting and finishes what is in flight; `cut` counts the exchanges the deadline ended. */
  async drain(timeoutMs: number): Promise<{ readonly cut: number }> {
    if (this.#state !== 'serving') return { cut: 0 }
    this.#state = 'draining'
    for (const slot of this.#slots) slot.stop()
    // Before the workers', so that their closing really ends the listening.
    this.#closeHandle()
    const cuts = await Promise.all([...this.#workers].map((worker) => worker.drain(timeoutMs)))
    return { cut: cuts.reduce((sum, cut) => sum + cut, 0) }
  }

  /** Ends the workers whatever they are doing. */
  async close(): Promise<void> {
    this.#state = 'closed'
    for (const slot of this.#slots) slot.stop()
    this.#closeHandle()
    await Promise.all([...this.#workers].map((worker) => worker.kill()))
  }

  snapshot(): BalancerGroupSnapshot {
    const workers = [...this.#workers]
    const places = this.#slots.map(({ worker, restarts }) => view(worker, restarts))
    const placed = new Set(this.#slots.map(({ worker }) => worker))
    const leaving = workers.filter((worker) => !placed.has(worker)).map((worker) => view(worker, 0))
    return {
      balancers: [...places, ...leaving],
      parked: workers.reduce((sum, { parked }) => sum + parked, 0),
      loads: this.#loads.sum(workers.map(({ loads }) => loads)),
      totals: this.#loads.sumTotals(workers.map(({ totals }) => totals)),
    }
  }

  /** What each worker counted, by pid; those are missing that do not answer in time. */
  async metrics(): Promise<ReadonlyMap<number, readonly unknown[]>> {
    const answers = await Promise.all(
      [...this.#workers].map(async (worker) => [worker.pid, await worker.metrics()] as const),
    )
    return new Map(
      answers.flatMap(([pid, metrics]) =>
        pid === undefined || metrics === undefined ? [] : [[pid, metrics]],
      ),
    )
  }

  #spawn(): BalancerWorker {
    if (this.#handle === undefined) throw new Error('Cannot start a balancer: nothing is bound')
    const program = this.#ports.program ?? workerPath
    const start = { program, options: this.#options, handle: this.#handle, upstreams: this.#upstreams }
    const worker = new BalancerWorker(start, this.#ports)
    this.#workers.add(worker)
    void worker.ended.then(() => {
      this.#workers.delete(worker)
      this.#loads.retire(worker.loads, worker.totals)
      const { pid, lastMetrics } = worker
      if (pid !== undefined && lastMetrics !== undefined) this.#ports.onRetire?.(pid, lastMetrics)
    })
    return worker
  }

  /** A worker that starts after the list has changed is never given the instance: those that run by then are all to ask. */
  async #released(id: string, epoch: number, over: AbortSignal): Promise<void> {
    const isGiven = () =>
      this.#upstreams.some((one) => one.id === id && one.epoch === epoch && one.draining !== true)
    while (isGiven() && !over.aborted) await this.#nextList.promise
    await Promise.all([...this.#workers].map((worker) => worker.released(id, epoch)))
  }

  #beginReplacing(): void {
    if (this.#isReplacing || this.#state !== 'serving') {
      const why = this.#isReplacing ? 'they are being replaced already' : 'they are not serving'
      throw new DroverError('CONTROL_FAILED', `Cannot replace the balancers: ${why}`)
    }
    this.#isReplacing = true
  }

  #closeHandle(): void {
    this.#handle?.close()
    this.#handle = undefined
  }
}

function view(worker: BalancerWorker | undefined, restarts: number): BalancerSnapshot {
  const state = worker === undefined || worker.state === 'ended' ? 'down' : worker.state
  return { pid: worker?.pid ?? null, restarts, state }
}
