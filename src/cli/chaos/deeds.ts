// Does what the schedule says, and keeps a book of it.
import { formatMs } from './figures.ts'
import type { Capacity } from './capacity.ts'
import type { Deed, Fault, FaultKind } from './fault.ts'
import { MemoryBallast } from './memory-ballast.ts'
import { wait, type Observer, type WatchedFleet } from './observer.ts'
import type { ChaosOptions } from './options.ts'
import type { Signals } from './signals.ts'
import { runCommand } from './store-restart.ts'
import { names, pickBalancer, pickInstance, type Victim } from './victims.ts'

/** An instance that the fleet has not replaced by then is let go on: twice the time after which it would by default. */
const hangForMs = 10_000
const hangPollMs = 25
const slowForMs = 4_000
/** A slow instance runs for a fifth of the time. */
const slowStoppedMs = 80
const slowRunningMs = 20

export interface DeedsPorts {
  readonly fleet: WatchedFleet
  readonly observer: Observer
  readonly capacity: Capacity
  readonly signals: Signals
  readonly options: Pick<ChaosOptions, 'memoryBytes' | 'storeRestart'>
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** Told as a fault begins, and again as one ends that lasts. */
  readonly tell: (deed: Deed) => void
  /** Aborts when all faults are to end. */
  readonly over: AbortSignal
}

export class Deeds {
  readonly #ports: DeedsPorts
  readonly #book: Deed[] = []
  readonly #running = new Set<Deed>()
  /** Processes that are stopped or slow: what befalls them is told by one deed alone. */
  readonly #claimed = new Set<number>()
  #cutWithBalancers = 0

  constructor(ports: DeedsPorts) {
    this.#ports = ports
  }

  /** All so far, in the order of their beginning. */
  get book(): readonly Deed[] {
    return this.#book
  }

  /** About so many requests were in flight on balancers as these were killed: nobody counts what became of them. */
  get cutWithBalancers(): number {
    return this.#cutWithBalancers
  }

  /** Begins a fault, and does not wait for its end. */
  begin({ kind, atMs, draw }: Fault): void {
    const deed: Deed = {
      kind,
      atMs,
      target: '',
      outcome: 'going on',
      detail: '',
      backMs: null,
      tookAway: false,
    }
    const isAlone = ![...this.#running].some((other) => other.kind === kind)
    this.#book.push(deed)
    this.#running.add(deed)
    void this.#do(deed, draw, isAlone)
      .catch((error: unknown) => {
        this.#end(deed, 'failed', error instanceof Error ? error.message : String(error))
      })
      .finally(() => this.#running.delete(deed))
  }

  /** No fault goes on any more. */
  get isQuiet(): boolean {
    return this.#running.size === 0
  }

  #do(deed: Deed, draw: number, isAlone: boolean): Promise<void> {
    switch (deed.kind) {
      case 'kill':
        return this.#kill(deed, draw)
      case 'balancer':
        return this.#killBalancer(deed, draw)
      case 'hang':
        return this.#ifAlone(deed, isAlone, () =>
          this.#onInstance(deed, draw, (pid) => this.#hang(deed, pid)),
        )
      case 'slow':
        return this.#ifAlone(deed, isAlone, () =>
          this.#onInstance(deed, draw, (pid) => this.#slow(deed, pid)),
        )
      case 'memory':
        return this.#pressMemory(deed)
      case 'deploy':
        return this.#ifAlone(deed, isAlone, () => this.#deploy(deed))
      case 'store-restart':
        return this.#ifAlone(deed, isAlone, () => this.#restartStore(deed))
    }
  }

  async #ifAlone(deed: Deed, isAlone: boolean, act: () => Promise<void>): Promise<void> {
    if (isAlone) await act()
    else this.#end(deed, 'skipped', beforeGoesOn[deed.kind] ?? 'the one before goes on')
  }

  async #kill(deed: Deed, draw: number): Promise<void> {
    const { observer, signals, capacity, now, over } = this.#ports
    const before = await observer.look()
    const victim = pickInstance(before, draw, this.#claimed)
    if (victim === undefined || over.aborted) {
      this.#end(deed, 'skipped', over.aborted ? tooLate : 'no instance is ready')
      return
    }
    this.#claimed.add(victim.pid)
    deed.target = victim.name
    if (await signals.kill(victim.pid)) capacity.take(deed, 'instances', victim.pid, before, now())
    this.#endSignal(deed)
  }

  async #killBalancer(deed: Deed, draw: number): Promise<void> {
    const { observer, signals, capacity, now, over } = this.#ports
    // What it has counted dies with it, but for what was asked for before.
    await observer.count()
    const before = await observer.look()
    const victim = pickBalancer(before, draw)
    if (victim === undefined || over.aborted) {
      this.#end(deed, 'skipped', over.aborted ? tooLate : 'no balancer serves')
      return
    }
    deed.target = victim.name
    if (await signals.kill(victim.pid)) {
      capacity.take(deed, 'balancers', victim.pid, before, now())
      const inFlight = before.instances.reduce((sum, one) => sum + one.inFlight, before.parked)
      this.#cutWithBalancers += Math.ceil(inFlight / Math.max(1, before.balancers.length))
    }
    this.#endSignal(deed)
  }

  /** An instance that no other fault has, for as long as `act` takes. */
  async #onInstance(deed: Deed, draw: number, act: (pid: number) => Promise<void>): Promise<void> {
    const victim: Victim | undefined = pickInstance(await this.#ports.observer.look(), draw, this.#claimed)
    if (victim === undefined) {
      this.#end(deed, 'skipped', 'no instance is ready')
      return
    }
    deed.target = victim.name
    this.#claimed.add(victim.pid)
    try {
      await act(victim.pid)
    } finally {
      await this.#ports.signals.resume(victim.pid)
      this.#claimed.delete(victim.pid)
    }
  }

  async #hang(deed: Deed, pid: number): Promise<void> {
    const { observer, signals, capacity, now, over } = this.#ports
    const before = await observer.look()
    if (!(await signals.stop(pid, over))) {
      this.#end(deed, 'skipped', 'it has gone')
      return
    }
    const sinceMs = now()
    capacity.take(deed, 'instances', pid, before, sinceMs)
    this.#ports.tell(deed)
    const isReplaced = () => observer.latest !== undefined && !names(observer.latest, pid)
    while (!over.aborted && !isReplaced() && now() - sinceMs < hangForMs) await wait(hangPollMs, over)
    const lasted = formatMs(now() - sinceMs)
    if (isReplaced()) {
      this.#end(deed, 'done', `replaced after ${lasted}`)
      return
    }
    await signals.resume(pid)
    capacity.giveBack(deed, pid)
    this.#end(deed, 'done', `not replaced, let go on after ${lasted}`)
  }

  async #slow(deed: Deed, pid: number): Promise<void> {
    const { signals, now, over } = this.#ports
    this.#ports.tell(deed)
    const sinceMs = now()
    while (!over.aborted && now() - sinceMs < slowForMs) {
      if (!(await signals.stop(pid, over))) break
      await wait(slowStoppedMs, over)
      await signals.resume(pid)
      await wait(slowRunningMs, over)
    }
    this.#end(deed, 'done', `had a fifth of its time for ${formatMs(now() - sinceMs)}`)
  }

  async #pressMemory(deed: Deed): Promise<void> {
    const { options, over } = this.#ports
    deed.target = `${Math.round(options.memoryBytes / 1024 ** 2)} MB held`
    this.#ports.tell(deed)
    const ballast = new MemoryBallast()
    try {
      await ballast.hold(options.memoryBytes, over)
      await new Promise<void>((resolve) => {
        if (over.aborted) resolve()
        over.addEventListener('abort', () => {
          resolve()
        })
      })
    } finally {
      ballast.release()
    }
    this.#end(deed, 'done', 'let go')
  }

  async #deploy(deed: Deed): Promise<void> {
    const { fleet, tell } = this.#ports
    deed.target = 'the same code again'
    tell(deed)
    const { outcome, version, elapsedMs, reason } = await fleet.deploy({}, () => undefined)
    const took = `version ${version} in ${formatMs(elapsedMs)}`
    if (outcome === 'done') this.#end(deed, 'done', took)
    else this.#end(deed, 'failed', `${outcome}: ${reason ?? took}`)
  }

  async #restartStore(deed: Deed): Promise<void> {
    deed.target = this.#ports.options.storeRestart
    this.#ports.tell(deed)
    const { isGood, detail } = await runCommand(this.#ports.options.storeRestart)
    this.#end(deed, isGood ? 'done' : 'failed', detail)
  }

  #endSignal(deed: Deed): void {
    if (deed.tookAway) this.#end(deed, 'done', '')
    else this.#end(deed, 'skipped', 'it has gone')
  }

  #end(deed: Deed, outcome: Deed['outcome'], detail: string): void {
    deed.outcome = outcome
    deed.detail = detail
    this.#ports.tell(deed)
  }
}

const tooLate = 'the run was over'
const beforeGoesOn: Readonly<Partial<Record<FaultKind, string>>> = {
  hang: 'another one is still stopped',
  slow: 'another one is still slow',
  deploy: 'the deploy before goes on',
  'store-restart': 'the command before still runs',
}
