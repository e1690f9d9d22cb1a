// One run of chaos: a calm time to compare with, the faults, and a while for the fleet to come back.
import { DroverError } from '../../base/errors.ts'
import { Capacity } from './capacity.ts'
import type { Counts } from './counts.ts'
import { Deeds } from './deeds.ts'
import type { Deed } from './fault.ts'
import { Observer, wait, type WatchedFleet } from './observer.ts'
import type { ChaosOptions } from './options.ts'
import { buildReport, type ChaosReport } from './report.ts'
import { scheduleFaults } from './schedule.ts'
import { Signals } from './signals.ts'

/** What still goes on at the end, or has not come back, is waited for so long. */
const settleTimeoutMs = 15_000
const settlePollMs = 50

export interface ChaosPorts {
  readonly fleet: WatchedFleet
  readonly options: ChaosOptions
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Told of each fault with the time since the first moment of faults, in ms. */
  readonly tell: (deed: Deed, atMs: number) => void
  /** Aborts when somebody wants it to end early. */
  readonly interrupted: AbortSignal
  /** Called first, with what lets everything go on that is stopped: for an end of this process that awaits nothing. */
  readonly onRescue: (resumeAllNow: () => void) => void
}

/** Rejects when there is no fleet that could be watched. From then on it resolves, whatever happens. */
export async function runChaos(ports: ChaosPorts): Promise<ChaosReport> {
  const run = new Run(ports)
  return run.toEnd()
}

class Run {
  readonly #ports: ChaosPorts
  readonly #capacity = new Capacity()
  readonly #observer: Observer
  readonly #signals: Signals
  readonly #deeds: Deeds
  /** Aborts when all faults are to end. */
  readonly #faultsOver = new AbortController()
  /** Aborts when nothing is looked at any more. */
  readonly #over = new AbortController()
  #trouble: string | null = null
  #firstFaultMs = 0

  constructor(ports: ChaosPorts) {
    this.#ports = ports
    const { fleet, now, options } = ports
    this.#observer = new Observer({ fleet, capacity: this.#capacity, now })
    this.#signals = new Signals(() => fleet.status())
    this.#deeds = new Deeds({
      fleet,
      observer: this.#observer,
      capacity: this.#capacity,
      signals: this.#signals,
      options,
      now,
      tell: (deed) => {
        ports.tell(deed, now() - this.#firstFaultMs)
      },
      over: this.#faultsOver.signal,
    })
  }

  async toEnd(): Promise<ChaosReport> {
    const { now, options, interrupted, onRescue } = this.#ports
    onRescue(() => {
      this.#signals.resumeAllNow()
    })
    const startMs = now()
    const start = await this.#begin()
    interrupted.addEventListener('abort', this.#endFaults)
    const watching = this.#watch()
    await wait(options.calmMs, this.#faultsOver.signal)
    const firstFault = await this.#count(start)
    this.#firstFaultMs = now()
    await this.#doFaults()
    this.#endFaults()
    await this.#settle()
    const end = await this.#count(firstFault)
    const endMs = now()
    this.#over.abort()
    await watching
    await this.#signals.resumeAll()
    return buildReport({
      seed: options.seed,
      calmMs: this.#firstFaultMs - startMs,
      faultMs: endMs - this.#firstFaultMs,
      deeds: this.#deeds.book,
      counts: [start, firstFault, end],
      cutWithBalancers: this.#deeds.cutWithBalancers,
      leftStopped: this.#signals.stopped.size,
      isInterrupted: interrupted.aborted,
      trouble: this.#trouble,
    })
  }

  async #begin(): Promise<Counts> {
    const { state } = await this.#observer.look()
    if (state !== 'running')
      throw new DroverError('CONTROL_FAILED', `Cannot begin: the fleet is ${state}, wanted it running`)
    return this.#observer.count()
  }

  readonly #endFaults = (): void => {
    this.#faultsOver.abort()
  }

  async #watch(): Promise<void> {
    try {
      await this.#observer.watch(this.#over.signal)
    } catch (error) {
      this.#trouble = `the fleet has gone: ${error instanceof Error ? error.message : String(error)}`
      this.#endFaults()
    }
  }

  async #doFaults(): Promise<void> {
    const { options, now } = this.#ports
    const over = this.#faultsOver.signal
    for (const fault of scheduleFaults(options)) {
      await wait(this.#firstFaultMs + fault.atMs - now(), over)
      if (over.aborted) return
      this.#deeds.begin(fault)
    }
    await wait(this.#firstFaultMs + options.forMs - now(), over)
  }

  /** Until all that was begun has ended, and what was taken away has come back. Nobody who interrupts waits for that. */
  async #settle(): Promise<void> {
    const { now, interrupted } = this.#ports
    const deadlineMs = now() + settleTimeoutMs
    const isSettled = () =>
      this.#deeds.isQuiet && !this.#capacity.isLackingSince(0) && this.#observer.latest?.parked === 0
    while (this.#trouble === null && now() < deadlineMs) {
      if (interrupted.aborted ? this.#signals.stopped.size === 0 : isSettled()) return
      await wait(settlePollMs, this.#over.signal)
    }
  }

  /** What is counted by now; what was counted last when the fleet does not answer. */
  async #count(before: Counts): Promise<Counts> {
    try {
      return await this.#observer.count()
    } catch {
      return this.#observer.latestCounts ?? before
    }
  }
}
