// The instances that may be given requests, with what each is doing. Changes live, by the primary's word.
import { choose, type Random } from './choice.ts'
import type { Upstream, UpstreamLoad } from '../messages.ts'

/** One instance in the roster; `inFlight` and `requests` are counted by the exchanges. */
export interface RosterEntry {
  readonly upstream: Upstream
  inFlight: number
  requests: number
}

export class Roster {
  readonly #random: Random
  #entries: readonly RosterEntry[] = []
  /** Replaced or gone from the list, but still answering what they were given. */
  #leaving: readonly RosterEntry[] = []
  /** Answered attempts of instances that are replaced or gone, so that counts never fall. */
  readonly #earlier = new Map<string, number>()

  constructor(random: Random) {
    this.#random = random
  }

  /** Replaces the list; an instance that stays (same id and epoch) keeps its counts. */
  replace(upstreams: readonly Upstream[]): void {
    const before = this.#entries
    this.#entries = upstreams.map(
      (upstream) =>
        before.find((entry) => isSame(entry.upstream, upstream)) ?? { upstream, inFlight: 0, requests: 0 },
    )
    this.#leaving = [...this.#leaving, ...before.filter((entry) => !this.#entries.includes(entry))]
    this.#forget()
  }

  /** An instance that is not among `tried`, or undefined when there is none. */
  pick(tried: ReadonlySet<RosterEntry>): RosterEntry | undefined {
    const candidates = tried.size === 0 ? this.#entries : this.#entries.filter((entry) => !tried.has(entry))
    return choose(candidates, this.#random)
  }

  has(entry: RosterEntry): boolean {
    return this.#entries.includes(entry)
  }

  /** What each instance is doing and did, those included that left: their last count must not get lost. */
  loads(): UpstreamLoad[] {
    this.#forget()
    const loads = new Map<string, { id: string; inFlight: number; requests: number }>()
    for (const [id, requests] of this.#earlier) loads.set(id, { id, inFlight: 0, requests })
    for (const { upstream, inFlight, requests } of [...this.#entries, ...this.#leaving]) {
      const { id } = upstream
      const load = loads.get(id) ?? { id, inFlight: 0, requests: 0 }
      load.inFlight += inFlight
      load.requests += requests
      loads.set(id, load)
    }
    return [...loads.values()]
  }

  /** Drops those that left and have nothing more to answer; only their count stays. */
  #forget(): void {
    const over = this.#leaving.filter((entry) => entry.inFlight === 0)
    if (over.length === 0) return
    for (const { upstream, requests } of over) {
      this.#earlier.set(upstream.id, (this.#earlier.get(upstream.id) ?? 0) + requests)
    }
    this.#leaving = this.#leaving.filter((entry) => entry.inFlight > 0)
  }
}

function isSame(a: Upstream, b: Upstream): boolean {
  return a.id === b.id && a.epoch === b.epoch && a.host === b.host && a.port === b.port
}
