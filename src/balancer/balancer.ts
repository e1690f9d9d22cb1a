// A balancer: its front, its roster of instances, its pool and parking, and the one timer that bounds them all.
import { Front } from './client/front.ts'
import { Exchange, type ExchangeContext } from './exchange/exchange.ts'
import { defaultLimits, type BalancerLimits } from './limits.ts'
import type { BalancerLoad, BalancerOptions, Upstream } from './messages.ts'
import { Parking } from './choosing/parking.ts'
import { Roster } from './choosing/roster.ts'
import { UpstreamPool } from './upstream/pool.ts'

const sweepIntervalMs = 1_000

export interface BalancerPorts {
  readonly random: () => number
  /** Monotonic milliseconds, never 0. */
  readonly now: () => number
}

export class Balancer {
  readonly #roster: Roster
  readonly #pool: UpstreamPool
  readonly #parking: Parking
  readonly #active = new Set<Exchange>()
  readonly #front: Front
  readonly #now: () => number
  #draining = false
  readonly #sweeper: NodeJS.Timeout

  constructor(options: BalancerOptions, ports: BalancerPorts, limits: BalancerLimits = defaultLimits) {
    const { now } = ports
    this.#roster = new Roster(ports.random)
    this.#pool = new UpstreamPool(limits, now)
    this.#parking = new Parking(limits.parked, limits.parkTimeMs, now)
    const context: ExchangeContext = {
      limits,
      reveal: options.reveal,
      trustForwarded: options.trustForwarded ?? false,
      roster: this.#roster,
      pool: this.#pool,
      parking: this.#parking,
      active: this.#active,
      now,
    }
    this.#now = now
    this.#front = new Front({
      limits: () => limits,
      onStream: (stream) => {
        const exchange = new Exchange(context, stream)
        if (this.#draining) exchange.closeAfter()
        exchange.begin()
      },
    })
    this.#sweeper = setInterval(() => {
      this.#sweep()
    }, sweepIntervalMs)
  }

  /** Accepts on a bound handle, or whatever else net.Server.listen takes. */
  listen(handle: object): Promise<void> {
    return this.#front.listen(handle)
  }

  get port(): number | undefined {
    return this.#front.port
  }

  setUpstreams(upstreams: readonly Upstream[]): void {
    this.#roster.replace(upstreams)
    this.#pool.retain(upstreams)
    this.#parking.retryAll()
  }

  load(): BalancerLoad {
    return { type: 'load', parked: this.#parking.size, upstreams: this.#roster.loads() }
  }

  /** Resolves, with the number of exchanges cut by the deadline, when every client connection is closed. */
  async drain(timeoutMs: number): Promise<number> {
    let cut = 0
    const deadline = setTimeout(() => {
      cut = this.#active.size
      for (const exchange of this.#active) exchange.cut()
      this.#front.cut()
    }, timeoutMs)
    for (const exchange of this.#active) exchange.closeAfter()
    this.#draining = true
    await this.#front.drain()
    clearTimeout(deadline)
    clearInterval(this.#sweeper)
    this.#pool.retain([])
    return cut
  }

  #sweep(): void {
    this.#pool.sweep()
    this.#parking.sweep()
    this.#front.sweep(this.#now())
    for (const exchange of this.#active) exchange.checkTime()
  }
}
