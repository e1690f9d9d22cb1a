// A balancer: its front, its roster of instances, its pool and parking, and the one timer that bounds them all.
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { Hedging } from './choosing/hedging.ts'
import { Parking } from './choosing/parking.ts'
import { Roster } from './choosing/roster.ts'
import { Front } from './client/front.ts'
import { openSpoolFile, SpoolSpace } from './exchange/body-spool.ts'
import { ActiveExchanges } from './exchange/active-exchanges.ts'
import type { ExchangeContext, ExchangeSettings } from './exchange/context.ts'
import { EnforcedRoutes } from './exchange/enforced-routes.ts'
import { Exchange } from './exchange/exchange.ts'
import type { ExchangeObserver } from './exchange/record.ts'
import { RetryBudget } from './exchange/retry-budget.ts'
import { defaultLimits, type BalancerLimits } from './limits.ts'
import type { BalancerLoad, BalancerOptions, Upstream } from './messages.ts'
import { IdentityMint } from './telemetry/identity.ts'
import type { BalancerState } from './telemetry/metrics.ts'
import { Releases } from './releases.ts'
import { UpstreamPool } from './upstream/pool.ts'
import { spreadDelays, spreadWindowMs } from './websocket/spread.ts'

const sweepIntervalMs = 1_000

export interface BalancerPorts {
  readonly random: () => number
  /** Monotonic milliseconds, never 0. */
  readonly now: () => number
  /** Told of every exchange that is over. */
  readonly observe?: ExchangeObserver
  /** What an operator should know. */
  readonly notice?: (text: string) => void
}

export class Balancer {
  readonly #ports: BalancerPorts
  readonly #context: ExchangeContext
  readonly #front: Front
  readonly #sweeper: NodeJS.Timeout
  /** Requests that never became exchanges, by status. */
  readonly #refused = new Map<number, number>()
  readonly #releases: Releases
  #options: BalancerOptions

  /** Rejects nothing: what cannot be used, such as a certificate, is told by `listen`. */
  constructor(options: BalancerOptions, ports: BalancerPorts) {
    this.#options = options
    this.#ports = ports
    this.#releases = new Releases((id, epoch) => {
      const { pool, roster } = this.#context
      return roster.needs(id, epoch) || pool.holds({ id, epoch })
    })
    this.#context = this.#createContext()
    this.#front = new Front({
      limits: () => this.#limits,
      onStream: (stream) => {
        new Exchange(this.#context, stream).begin()
      },
      notice: (text) => {
        ports.notice?.(text)
      },
      tunnels: () => this.#context.counts.tunnels,
      onRefusal: (status) => {
        this.#refused.set(status, (this.#refused.get(status) ?? 0) + 1)
      },
    })
    this.#sweeper = setInterval(() => {
      this.#sweep()
    }, sweepIntervalMs)
  }

  /** Accepts on a bound handle, or whatever else net.Server.listen takes. */
  listen(handle: object): Promise<void> {
    return this.#front.listen(handle, this.#options)
  }

  get port(): number | undefined {
    return this.#front.port
  }

  /** Takes other options: from the next request, and for what belongs to listening, from the next connection on. */
  configure(options: BalancerOptions): void {
    const context = this.#context
    this.#options = options
    context.settings = settingsOf(options, context.settings)
    this.#front.configure(options)
    context.parking.retryAll()
  }

  setUpstreams(upstreams: readonly Upstream[]): void {
    const { now, parking, pool, roster } = this.#context
    roster.replace(upstreams, now())
    pool.retain(upstreams)
    this.#endStreamsOfThoseThatLeave()
    parking.retryAll()
    this.#releases.look()
  }

  /**
   * Calls `onReleased` once this start of the instance drains or is off the list, and has neither a request under way, a
   * tunnel included, nor a connection of ours.
   */
  release(id: string, epoch: number, onReleased: () => void): void {
    this.#releases.await(id, epoch, onReleased)
  }

  load(): BalancerLoad {
    const { parking, roster } = this.#context
    const { requests, failed, retried, waited } = this.#context.counts
    const totals = { requests, failed, retried, waited }
    return { type: 'load', parked: parking.size, upstreams: roster.loads(), totals }
  }

  /** For the metrics. */
  state(): BalancerState {
    const { counts, parking, roster } = this.#context
    return {
      parked: parking.size,
      clientConnections: this.#front.connections,
      tunnels: counts.tunnels,
      retryBudgetExhausted: counts.budgetExhausted,
      shed: counts.shed,
      refused: this.#refused,
      instances: roster.current(),
    }
  }

  /** Resolves, with the number of exchanges cut by the deadline, when every client connection is closed. */
  async drain(timeoutMs: number): Promise<number> {
    const { active, pool } = this.#context
    let cut = 0
    this.#context.draining = true
    const deadline = setTimeout(() => {
      cut = active.size
      for (const exchange of active.all()) exchange.cut()
      this.#front.cut()
    }, timeoutMs)
    this.#goAway(
      active.all().filter(({ streamsFrom }) => streamsFrom !== undefined),
      timeoutMs,
    )
    await this.#front.drain()
    clearTimeout(deadline)
    clearInterval(this.#sweeper)
    pool.retain([])
    return cut
  }

  get #limits(): BalancerLimits {
    return this.#context.settings.limits
  }

  #createContext(): ExchangeContext {
    const { now, observe, random } = this.#ports
    const limits = () => this.#limits
    const parking = new Parking(limits, now)
    const hedging = new Hedging(() => this.#options.hedging)
    const roster = new Roster(random, limits, {
      onRoom: (slots) => {
        for (let slot = 0; slot < slots && parking.retryOne(); slot++);
      },
      onLatency: (latencyMs, nowMs) => {
        hedging.observe(latencyMs, nowMs)
      },
      onIdle: () => {
        this.#releases.look()
      },
    })
    return {
      settings: settingsOf(this.#options, undefined),
      draining: false,
      roster,
      parking,
      hedging,
      pool: new UpstreamPool(limits, now, () => {
        this.#releases.look()
      }),
      spool: new SpoolSpace(() => openSpoolFile(this.#options.spoolDir ?? tmpdir())),
      identities: new IdentityMint(randomBytes),
      active: new ActiveExchanges(),
      observe: observe ?? (() => undefined),
      counts: {
        budgetExhausted: 0,
        shed: 0,
        tunnels: 0,
        requests: 0,
        failed: 0,
        retried: 0,
        waited: 0,
      },
      random,
      randomBytes,
      now,
    }
  }

  /** WebSockets and event streams would hold up the end of an instance: they are ended in order, not all at once. */
  #endStreamsOfThoseThatLeave(): void {
    const leaving = this.#context.active
      .all()
      .filter(({ streamsFrom, isLeaving }) => streamsFrom?.live === false && !isLeaving)
    this.#goAway(leaving, Infinity)
  }

  #goAway(exchanges: readonly { goAway(delayMs: number): void }[], deadlineMs: number): void {
    const { streamCloseMs, streamSpreadMs } = this.#limits
    const windowMs = spreadWindowMs(streamSpreadMs, streamCloseMs, deadlineMs)
    const delays = spreadDelays(exchanges.length, windowMs, this.#context.random)
    for (const [index, exchange] of exchanges.entries()) exchange.goAway(delays[index] ?? 0)
  }

  #sweep(): void {
    const { active, now, parking, pool } = this.#context
    pool.sweep()
    parking.sweep()
    // An ejected instance whose time is over, or a retry budget that has grown, tells nobody.
    parking.retryAll()
    const nowMs = now()
    this.#front.sweep(nowMs)
    for (const exchange of active.all()) exchange.checkTime(nowMs)
  }
}

function settingsOf(options: BalancerOptions, before: ExchangeSettings | undefined): ExchangeSettings {
  const limits = { ...defaultLimits, ...options.limits }
  const { retriesPerSecond, retryShare } = limits
  const keepsBudget =
    before?.limits.retryShare === retryShare && before.limits.retriesPerSecond === retriesPerSecond
  return {
    limits,
    reveal: options.reveal,
    trustForwarded: options.trustForwarded ?? false,
    routes: new EnforcedRoutes(options.enforcedRoutes ?? []),
    marker: options.marker,
    trace: options.trace ?? true,
    budget: keepsBudget ? before.budget : new RetryBudget(limits),
  }
}
