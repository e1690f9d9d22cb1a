// The instances that may be given requests, with what each is doing. Changes live, by the primary's word.
import { choose, type Random } from './choice.ts'
import type { Upstream, UpstreamLoad } from './messages.ts'

/** One instance in the roster; `inFlight` and `requests` are counted by the exchanges. */
export interface RosterEntry {
  readonly upstream: Upstream
  inFlight: number
  requests: number
}

export class Roster {
  readonly #random: Random
  #entries: readonly RosterEntry[] = []
  /** Answered attempts of instances that were replaced or left, so that counts never fall. */
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
    for (const entry of before) {
      if (this.#entries.includes(entry)) continue
      this.#earlier.set(entry.upstream.id, (this.#earlier.get(entry.upstream.id) ?? 0) + entry.requests)
    }
  }

  /** An instance that is not among `tried`, or undefined when there is none. */
  pick(tried: ReadonlySet<RosterEntry>): RosterEntry | undefined {
    const candidates = tried.size === 0 ? this.#entries : this.#entries.filter((entry) => !tried.has(entry))
    return choose(candidates, this.#random)
  }

  has(entry: RosterEntry): boolean {
    return this.#entries.includes(entry)
  }

  loads(): UpstreamLoad[] {
    return this.#entries.map(({ upstream, inFlight, requests }) => ({
      id: upstream.id,
      inFlight,
      requests: requests + (this.#earlier.get(upstream.id) ?? 0),
    }))
  }
}

function isSame(a: Upstream, b: Upstream): boolean {
  return a.id === b.id && a.epoch === b.epoch && a.host === b.host && a.port === b.port
}
