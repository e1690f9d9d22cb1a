// The place of one balancer: keeps a worker alive in it, and exchanges that for a new one while it serves.
import { withDeadline } from '../base/deadline.ts'
import { DroverError } from '../base/errors.ts'
import { WorkerRefused, type BalancerWorker } from './balancer-worker.ts'

/** A worker that dies this soon after its start is started again only after a pause that doubles. */
const soonMs = 1_000
const firstPauseMs = 100
const longestPauseMs = 5_000
/** A balancer that neither starts nor dies in this time is not going to. */
export const balancerStartTimeoutMs = 15_000

export interface ReplaceBounds {
  /** How long the old worker may take to finish what it has. */
  readonly drainTimeoutMs: number
  /** A new worker that does not accept and know its instances in this time is not going to. Default 15,000. */
  readonly startTimeoutMs?: number
}

export interface SlotPorts {
  /** Starts a worker as the fleet is configured at that moment. */
  readonly spawn: () => BalancerWorker
  readonly log: (message: string) => void
  readonly now: () => number
}

export class BalancerSlot {
  readonly #ports: SlotPorts
  #worker: BalancerWorker | undefined
  #isOver = false
  #startedAtMs = 0
  #quickDeaths = 0
  #restarts = 0
  #restartTimer: NodeJS.Timeout | undefined
  /** Settles at the first worker's word, or a later one's when that died before it spoke. */
  readonly #listening = Promise.withResolvers<void>()

  constructor(ports: SlotPorts) {
    this.#ports = ports
    this.#listening.promise.catch(() => undefined)
  }

  /** The worker that has the place; undefined while the next one is awaited. */
  get worker(): BalancerWorker | undefined {
    return this.#worker
  }

  /** How often a worker was started again after a death. */
  get restarts(): number {
    return this.#restarts
  }

  /** Resolves when it accepts. Rejects WorkerRefused, or an Error when it is over before that. */
  start(): Promise<void> {
    this.#adopt(this.#ports.spawn())
    return this.#listening.promise
  }

  /**
   * Starts a worker from the code on disk, gives it the place once it accepts and knows the instances, then lets the old
   * one finish what it has within `drainTimeoutMs`. Resolves with the number of exchanges that had to be cut. Rejects
   * CONTROL_FAILED when the new worker does not get that far: the old one has then gone on as if nothing happened.
   */
  async replace({ drainTimeoutMs, startTimeoutMs = balancerStartTimeoutMs }: ReplaceBounds): Promise<number> {
    if (this.#isOver) throw notReplaced('the fleet is stopping')
    const next = this.#ports.spawn()
    try {
      await withDeadline(next.informed, startTimeoutMs, () => {
        return new Error(`did not accept connections within ${startTimeoutMs / 1_000} s`)
      })
    } catch (error) {
      // Where the fleet is stopping, how the workers end is not ours to decide.
      if (this.#isOver) throw notReplaced('the fleet is stopping')
      await next.kill()
      throw notReplaced(`the new one ${error instanceof Error ? error.message : String(error)}`, error)
    }
    if (this.#isOver) throw notReplaced('the fleet is stopping')
    const old = this.#worker
    this.#adopt(next)
    return old === undefined ? 0 : this.#dismiss(old, drainTimeoutMs)
  }

  /** From now on no worker is started here. Those that run are left to the caller. */
  stop(): void {
    this.#isOver = true
    clearTimeout(this.#restartTimer)
    this.#listening.reject(new Error('Cannot listen: the balancer was closed'))
  }

  async #dismiss(worker: BalancerWorker, drainTimeoutMs: number): Promise<number> {
    const cut = await worker.drain(drainTimeoutMs)
    await worker.kill()
    return cut
  }

  #adopt(worker: BalancerWorker): void {
    clearTimeout(this.#restartTimer)
    this.#worker = worker
    this.#startedAtMs = this.#ports.now()
    worker.listening.then(this.#listening.resolve, (error: unknown) => {
      // What is refused later is a worker's own failure: the next one is tried.
      if (error instanceof WorkerRefused) this.#listening.reject(error)
    })
    void worker.ended.then((reason) => {
      if (worker === this.#worker) this.#restart(reason)
    })
  }

  #restart(reason: string): void {
    this.#worker = undefined
    if (this.#isOver) return
    this.#restarts++
    const pauseMs = this.#pauseMs()
    this.#ports.log(
      `balancer ended by ${reason}, starting it again ${pauseMs === 0 ? 'at once' : `in ${pauseMs} ms`}`,
    )
    this.#restartTimer = setTimeout(() => {
      this.#adopt(this.#ports.spawn())
    }, pauseMs)
  }

  #pauseMs(): number {
    const soon = this.#ports.now() - this.#startedAtMs < soonMs
    this.#quickDeaths = soon ? this.#quickDeaths + 1 : 0
    return this.#quickDeaths === 0 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#quickDeaths - 1))
  }
}

function notReplaced(why: string, cause?: unknown): DroverError {
  const message = `Cannot replace the balancer: ${why}; the old one goes on`
  return new DroverError('CONTROL_FAILED', message, { cause })
}
