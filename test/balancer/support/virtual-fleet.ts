// A fleet in virtual time: the balancer's real choice, ejection and queue in front of instances that are only numbers.
// Everything follows from the seed, and hours pass in a moment.
import { Parking, type Parked } from '../../../src/balancer/choosing/parking.ts'
import { Roster, type RosterEntry } from '../../../src/balancer/choosing/roster.ts'
import { defaultLimits, type BalancerLimits } from '../../../src/balancer/limits.ts'
import type { Upstream } from '../../../src/balancer/messages.ts'
import { seededRandom } from '../../../src/base/random.ts'

interface Happening {
  readonly atMs: number
  readonly order: number
  readonly happen: () => void
}

/** What is to happen, earliest first; what is due at the same time, in the order it was planned (a binary heap). */
class Plan {
  readonly #heap: Happening[] = []
  #order = 0

  add(atMs: number, happen: () => void): void {
    const heap = this.#heap
    const added = { atMs, order: this.#order++, happen }
    let index = heap.push(added) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || isBefore(above, added)) break
      heap[index] = above
      index = parent
    }
    heap[index] = added
  }

  /** The next one, if it happens by then. */
  take(untilMs: number): Happening | undefined {
    const heap = this.#heap
    const first = heap[0]
    if (first === undefined || first.atMs > untilMs) return undefined
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      const left = heap[2 * index + 1]
      const right = heap[2 * index + 2]
      const isRight = left !== undefined && right !== undefined && isBefore(right, left)
      const below = isRight ? right : left
      if (below === undefined || isBefore(last, below)) break
      heap[index] = below
      index = 2 * index + (isRight ? 2 : 1)
    }
    heap[index] = last
    return first
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order)
}

export interface Behaviour {
  /** Mean of its exponentially distributed service time. */
  readonly serviceMs: number
  /** The part of its attempts that fail, after a millisecond each. */
  readonly failing: number
}

export interface Counts {
  /** Attempts begun on each instance. */
  readonly attempts: Map<string, number>
  failed: number
  answered: number
  /** Requests that ran out of attempts. */
  gaveUp: number
  /** Requests refused at once, and those that waited in vain. */
  shed: number
  expired: number
  /** Of those given to an instance, in the order they were: when they came, and how long they waited. */
  readonly begun: { readonly arrivedMs: number; readonly waitedMs: number }[]
}

export class VirtualFleet {
  readonly limits: BalancerLimits
  readonly roster: Roster
  readonly parking: Parking
  readonly #plan = new Plan()
  readonly #random: () => number
  readonly #behaviours = new Map<string, Behaviour>()
  #counts = countsAtZero()
  #nowMs = 1
  #epoch = 0
  #arrivalMs = Infinity

  constructor(seed: number, limits: Partial<BalancerLimits> = {}) {
    this.#random = seededRandom(seed)
    this.limits = { ...defaultLimits, ...limits }
    this.parking = new Parking(
      () => this.limits,
      () => this.#nowMs,
    )
    const onRoom = (slots: number) => {
      for (let slot = 0; slot < slots && this.parking.retryOne(); slot++);
    }
    this.roster = new Roster(this.#random, () => this.limits, { onRoom })
    this.#sweepEverySecond()
  }

  get counts(): Counts {
    return this.#counts
  }

  /** The instances from now on. */
  use(ids: readonly string[]): void {
    this.#epoch ||= 1
    this.#replace(ids.map((id) => this.#upstream(id, 1)))
  }

  /** One of the instances starts anew. */
  restart(ids: readonly string[], restarted: string): void {
    this.#epoch++
    this.#replace(ids.map((id) => this.#upstream(id, id === restarted ? this.#epoch : 1)))
  }

  behave(ids: readonly string[], behaviour: Partial<Behaviour>): void {
    for (const id of ids) this.#behaviours.set(id, { ...this.behaviourOf(id), ...behaviour })
  }

  behaviourOf(id: string): Behaviour {
    return this.#behaviours.get(id) ?? { serviceMs: 10, failing: 0 }
  }

  /** Lets requests come at random, so many a second, and time pass; answers what happened meanwhile. */
  pass(ms: number, requestsPerSecond: number): Counts {
    this.#counts = countsAtZero()
    const endMs = this.#nowMs + ms
    this.#arrivalMs = requestsPerSecond > 0 ? 1_000 / requestsPerSecond : Infinity
    this.#planArrival(endMs)
    for (let next = this.#plan.take(endMs); next !== undefined; next = this.#plan.take(endMs)) {
      this.#nowMs = next.atMs
      next.happen()
    }
    this.#nowMs = endMs
    return this.#counts
  }

  /** Runs the attempt and tells how it ended. */
  attempt(entry: RosterEntry, over: (answered: boolean) => void): void {
    const { id } = entry.upstream
    const { serviceMs, failing } = this.behaviourOf(id)
    const answered = this.#random() >= failing
    const takesMs = answered ? -Math.log(1 - this.#random()) * serviceMs : 1
    this.#counts.attempts.set(id, (this.#counts.attempts.get(id) ?? 0) + 1)
    this.roster.started(entry, this.#nowMs)
    this.#plan.add(this.#nowMs + takesMs, () => {
      if (!answered) this.#counts.failed++
      this.roster.ended(entry, answered ? 'answered' : 'failed', this.#nowMs, takesMs)
      over(answered)
    })
  }

  get nowMs(): number {
    return this.#nowMs
  }

  #planArrival(endMs: number): void {
    const atMs = this.#nowMs - Math.log(1 - this.#random()) * this.#arrivalMs
    if (atMs > endMs) return
    this.#plan.add(atMs, () => {
      new VirtualRequest(this).begin()
      this.#planArrival(endMs)
    })
  }

  #sweepEverySecond(): void {
    this.#plan.add(this.#nowMs + 1_000, () => {
      this.parking.sweep()
      this.#sweepEverySecond()
    })
  }

  #replace(upstreams: readonly Upstream[]): void {
    this.roster.replace(upstreams, this.#nowMs)
    this.parking.retryAll()
  }

  #upstream(id: string, epoch: number): Upstream {
    return { id, epoch, host: '127.0.0.1', port: 4_000 }
  }
}

/** One GET: repeated on another instance when an attempt fails, parked when none can take it. */
class VirtualRequest implements Parked {
  readonly #fleet: VirtualFleet
  readonly #tried = new Set<RosterEntry>()
  readonly #arrivedMs: number

  constructor(fleet: VirtualFleet) {
    this.#fleet = fleet
    this.#arrivedMs = fleet.nowMs
  }

  begin(): void {
    const { roster, parking, nowMs, counts } = this.#fleet
    const picked = roster.pick(this.#tried, nowMs)
    if (typeof picked !== 'string') this.#attempt(picked)
    else if (!parking.park(this, picked)) counts.shed++
  }

  retry(): boolean {
    const { roster, parking, nowMs } = this.#fleet
    const picked = roster.pick(this.#tried, nowMs)
    if (typeof picked === 'string') {
      parking.park(this, picked)
      return false
    }
    this.#attempt(picked)
    return true
  }

  expire(): void {
    this.#fleet.counts.expired++
  }

  #attempt(entry: RosterEntry): void {
    const { nowMs, counts: before } = this.#fleet
    const waitedMs = nowMs - this.#arrivedMs
    if (this.#tried.size === 0) before.begun.push({ arrivedMs: this.#arrivedMs, waitedMs })
    this.#fleet.attempt(entry, (answered) => {
      const { counts, limits } = this.#fleet
      this.#tried.add(entry)
      if (answered) counts.answered++
      else if (this.#tried.size >= limits.attempts) counts.gaveUp++
      else this.begin()
    })
  }
}

function countsAtZero(): Counts {
  return {
    attempts: new Map(),
    failed: 0,
    answered: 0,
    gaveUp: 0,
    shed: 0,
    expired: 0,
    begun: [],
  }
}
