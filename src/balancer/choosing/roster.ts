// The instances that may be given requests, with what each is doing. Changes live, by the primary's word.
import { choose, isLessBusy, slowStart, totalWeight, type Random } from './choice.ts'
import { defaultLimits, type BalancerLimits } from '../limits.ts'
import type { AttemptOutcome } from '../exchange/record.ts'
import type { Upstream, UpstreamLoad } from '../messages.ts'
import { cleanHealth, isDue, isHealthy, isPanic, mayEject, move, surplus } from './outlier.ts'
import type { Health, HealthEvent } from './outlier.ts'
import { loadsOf, Tally, type TalliedStart } from './tally.ts'

/** One instance in the roster; kept by `Roster`, read by others. */
export interface RosterEntry {
  /** As the latest list has it. */
  upstream: Upstream
  /** Attempts under way. */
  inFlight: number
  readonly tally: Tally
  /** In the latest list, not draining, and has not said itself that it leaves. */
  live: boolean
  /** In the latest list. */
  listed: boolean
  /** It has said itself that it takes nothing more. */
  hasLeft: boolean
  /** When it was added to a running fleet; -Infinity for what the first list had. */
  readonly readySinceMs: number
  health: Health
  /** Its share, relative to the others, at this moment. */
  weight: number
}

/** `full`: all that could be picked have as many attempts under way as they may have; `none`: there is none. */
export type Picked = RosterEntry | 'full' | 'none'

export type RosterLimits = Pick<
  BalancerLimits,
  'concurrency' | 'slowStartMs' | 'ejectAfter' | 'ejectMs' | 'ejectMaxMs'
>

export interface RosterListener {
  /** So many attempts more can be placed than a moment ago, where `limits.concurrency` sets a cap. */
  onRoom?(slots: number): void
  /** An answered attempt took so long, as its exchange measured it. */
  onLatency?(latencyMs: number, nowMs: number): void
  /** An instance that is given nothing more has finished what it had. */
  onIdle?(entry: RosterEntry): void
}

/** What an attempt's end says of its instance. One that keeps refusing is as little use as one that keeps failing. */
const verdicts: Readonly<Record<AttemptOutcome, HealthEvent>> = {
  answered: 'answered',
  failed: 'failed',
  'not-processed': 'failed',
  'hedged-away': 'undecided',
  abandoned: 'undecided',
}

/** While an instance is in slow start, weights are worked out this often. */
const slowStartStepMs = 100

export class Roster {
  readonly #random: Random
  readonly #limits: () => RosterLimits
  readonly #listener: RosterListener
  #entries: readonly RosterEntry[] | undefined
  /** Replaced or gone from the list, but still answering what they were given. */
  #leaving: readonly RosterEntry[] = []
  /** What instances that are replaced or gone did, by id, so that counts never fall. */
  readonly #earlier = new Map<string, TalliedStart>()
  // Worked out again by `#refresh`, from `#refreshAtMs` on, so that a pick need not.
  #live: readonly RosterEntry[] = []
  /** Those to choose from: the live ones that are not ejected; in panic, all live ones. */
  #preferred: readonly RosterEntry[] = []
  #preferredWeight: number | undefined
  #ejected = 0
  #panic = false
  #probeAtMs = Infinity
  #refreshAtMs = -Infinity

  /** `limits` is asked each time. */
  constructor(
    random: Random,
    limits: () => RosterLimits = () => defaultLimits,
    listener: RosterListener = {},
  ) {
    this.#random = random
    this.#limits = limits
    this.#listener = listener
  }

  /**
   * Replaces the list; an instance that stays (same id and epoch) keeps its counts and its health, and takes the new weight.
   * One that is added to a running fleet starts slowly; of the first list none does: to a new worker all are equal.
   */
  replace(upstreams: readonly Upstream[], nowMs: number): void {
    const before = this.#entries ?? []
    const readySinceMs = this.#entries === undefined ? -Infinity : nowMs
    const entries = upstreams.map(
      (upstream) => before.find((entry) => isSame(entry.upstream, upstream)) ?? enter(upstream, readySinceMs),
    )
    for (const entry of before) {
      entry.live = false
      entry.listed = false
    }
    for (const [index, upstream] of upstreams.entries()) {
      const entry = entries[index]
      if (entry === undefined) continue
      entry.upstream = upstream
      entry.listed = true
      entry.live = upstream.draining !== true && !entry.hasLeft
    }
    this.#entries = entries
    this.#leaving = [...this.#leaving, ...before.filter((entry) => !entries.includes(entry))]
    this.#forget()
    this.#refresh(nowMs)
  }

  /**
   * An instance for the next attempt, not among `tried`; `full` when there are such, but all have as many attempts under way as
   * they may have; `none` when there is none. Ejected ones are last: none is refused its only chance by a passive verdict.
   * An ejected instance whose time is over is probed by the next attempt. An unrepeatable request, which a failed
   * probe would fail, does so only after nothing better came for another `ejectMs`.
   */
  pick(tried: ReadonlySet<RosterEntry>, nowMs: number, repeatable = true): Picked {
    if (nowMs >= this.#refreshAtMs) this.#refresh(nowMs)
    const { concurrency, ejectMs } = this.#limits()
    const cap = concurrency > 0 ? concurrency : Infinity
    if (nowMs >= this.#probeAtMs) {
      const dueByMs = repeatable ? nowMs : nowMs - ejectMs
      const due = this.#live.find(
        (entry) => isDue(entry.health, dueByMs) && entry.inFlight < cap && !tried.has(entry),
      )
      if (due !== undefined) return due
    }
    if (tried.size === 0) return this.#chooseBelow(cap, this.#preferred, this.#preferredWeight)
    const preferred = this.#preferred.filter((entry) => !tried.has(entry))
    const candidates = preferred.length > 0 ? preferred : this.#live.filter((entry) => !tried.has(entry))
    return this.#chooseBelow(cap, candidates, totalWeight(candidates))
  }

  /** An attempt begins on the instance just picked. */
  started(entry: RosterEntry, nowMs: number): void {
    entry.inFlight++
    if (entry.health.state !== 'healthy' && !this.#panic) this.#judge(entry, 'probe', nowMs)
  }

  /**
   * The instance answers, but the attempt goes on for long (an event stream, an upgraded connection): a probe is decided
   * now. `ended` follows as for every attempt.
   */
  responded(entry: RosterEntry, nowMs: number): void {
    this.#judge(entry, 'answered', nowMs)
  }

  /** An attempt that was `started` is over; exactly once for each. `latencyMs`, of an answered one, goes to the listener. */
  ended(entry: RosterEntry, outcome: AttemptOutcome, nowMs: number, latencyMs?: number): void {
    const { concurrency } = this.#limits()
    const wasFull = concurrency > 0 && entry.inFlight === concurrency
    const wasOut = entry.health.state !== 'healthy'
    entry.inFlight--
    if (outcome === 'answered') entry.tally.requests++
    else if (outcome === 'failed') entry.tally.failures++
    if (outcome === 'answered' && latencyMs !== undefined) this.#listener.onLatency?.(latencyMs, nowMs)
    this.#judge(entry, verdicts[outcome], nowMs)
    if (!entry.live && entry.inFlight === 0) this.#listener.onIdle?.(entry)
    if (concurrency === 0 || !entry.live) return
    if (wasOut && entry.health.state === 'healthy')
      this.#listener.onRoom?.(Math.max(0, concurrency - entry.inFlight))
    else if (wasFull) this.#listener.onRoom?.(1)
  }

  /** The instance has said that it takes nothing more: it is picked no more, whatever the list says of this epoch. */
  retire(entry: RosterEntry, nowMs: number): void {
    entry.hasLeft = true
    entry.live = false
    this.#refresh(nowMs)
  }

  /** It may still be given requests. */
  has(entry: RosterEntry): boolean {
    return entry.live
  }

  /** The list gives this start of the instance requests, or it still has some under way. */
  needs(id: string, epoch: number): boolean {
    return [...(this.#entries ?? []), ...this.#leaving].some(
      ({ upstream, listed, inFlight }) =>
        upstream.id === id &&
        upstream.epoch === epoch &&
        (inFlight > 0 || (listed && upstream.draining !== true)),
    )
  }

  /** Those of the latest list, for the metrics. */
  current(): { readonly id: string; readonly inFlight: number; readonly ejected: boolean }[] {
    return (this.#entries ?? []).map(({ upstream, inFlight, live, health }) => ({
      id: upstream.id,
      inFlight,
      ejected: live && health.state !== 'healthy',
    }))
  }

  /** What each instance is doing and did, those included that left: their last count must not get lost. */
  loads(): UpstreamLoad[] {
    this.#forget()
    const entries = [...(this.#entries ?? []), ...this.#leaving]
    return loadsOf([...this.#earlier.values(), ...entries.map((entry) => startOf(entry))])
  }

  #chooseBelow(cap: number, candidates: readonly RosterEntry[], weight: number | undefined): Picked {
    const chosen = choose(candidates, this.#random, weight)
    if (chosen === undefined) return 'none'
    if (chosen.inFlight < cap) return chosen
    let best: RosterEntry | undefined
    for (const entry of candidates) {
      if (entry.inFlight < cap && (best === undefined || isLessBusy(entry, best))) best = entry
    }
    return best ?? 'full'
  }

  #judge(entry: RosterEntry, event: HealthEvent, nowMs: number): void {
    const { health } = entry
    const isUsual = event === 'answered' && health.state === 'healthy' && health.failures === 0
    if (isUsual || !entry.live) return
    // Counted anew first, or two verdicts between two picks could eject more than half.
    if (nowMs >= this.#refreshAtMs) this.#refresh(nowMs)
    entry.health = this.#move(entry.health, event, nowMs)
    if (entry.health !== health) this.#refreshAtMs = -Infinity
  }

  #move(health: Health, event: HealthEvent, nowMs: number): Health {
    return move(health, event, {
      nowMs,
      random: this.#random,
      limits: this.#limits(),
      mayEject: mayEject(this.#live.length, this.#ejected),
      panic: this.#panic,
    })
  }

  #refresh(nowMs: number): void {
    const limits = this.#limits()
    this.#live = (this.#entries ?? []).filter(({ live }) => live)
    this.#release(limits, nowMs)
    const out = this.#live.filter(({ health }) => health.state !== 'healthy')
    this.#ejected = out.length
    this.#panic = isPanic(
      this.#live.length,
      this.#live.filter(({ health }) => isHealthy(health, limits)).length,
    )
    this.#probeAtMs = this.#panic ? Infinity : Math.min(...out.map(({ health }) => dueMs(health)))
    const preferred = this.#panic ? this.#live : this.#live.filter(({ health }) => health.state === 'healthy')
    const isWarming = weigh(this.#live, preferred, limits.slowStartMs, nowMs)
    const weighty = preferred.filter(({ weight }) => weight > 0)
    this.#preferred = weighty.length > 0 ? weighty : preferred
    this.#preferredWeight = totalWeight(this.#preferred)
    this.#refreshAtMs = isWarming ? nowMs + slowStartStepMs : Infinity
  }

  /** Lets those back that a smaller fleet cannot spare, the next to be probed first; all, where ejection is switched off. */
  #release(limits: RosterLimits, nowMs: number): void {
    const out = this.#live.filter(({ health }) => health.state !== 'healthy')
    const count = limits.ejectAfter > 0 ? surplus(this.#live.length, out.length) : out.length
    if (count === 0) return
    out.sort((a, b) => dueMs(a.health) - dueMs(b.health))
    for (const entry of out.slice(0, count)) entry.health = this.#move(entry.health, 'release', nowMs)
  }

  /** Drops those that left and have nothing more to answer; only their counts stay. */
  #forget(): void {
    if (!this.#leaving.some(({ inFlight }) => inFlight === 0)) return
    for (const entry of this.#leaving) {
      if (entry.inFlight > 0) continue
      const { id, epoch } = entry.upstream
      const earlier = this.#earlier.get(id) ?? { ...startOf(entry), tally: new Tally() }
      earlier.tally.add(entry.tally)
      this.#earlier.set(id, { ...earlier, epoch: Math.max(earlier.epoch, epoch) })
    }
    this.#leaving = this.#leaving.filter(({ inFlight }) => inFlight > 0)
  }
}

function enter(upstream: Upstream, readySinceMs: number): RosterEntry {
  return {
    upstream,
    inFlight: 0,
    tally: new Tally(),
    live: true,
    listed: true,
    hasLeft: false,
    readySinceMs,
    health: cleanHealth,
    weight: 1,
  }
}

/** What is off the list is neither ejected nor told to drain: it is gone. */
function startOf({ upstream, inFlight, listed, live, health, tally }: RosterEntry): TalliedStart {
  const { id, epoch, draining } = upstream
  return {
    id,
    epoch,
    inFlight,
    draining: listed && draining === true,
    ejected: live && health.state !== 'healthy',
    tally,
  }
}

/**
 * Sets what each weighs now; true while that goes on changing. Where all to choose from are in slow start none is held
 * back: it would only load another that is as cold.
 */
function weigh(
  live: readonly RosterEntry[],
  preferred: readonly RosterEntry[],
  slowStartMs: number,
  nowMs: number,
): boolean {
  const isCold = (entry: RosterEntry) => ageMs(entry, nowMs) < slowStartMs
  const allCold = preferred.every((entry) => isCold(entry))
  for (const entry of live) {
    const full = Math.max(0, entry.upstream.weight ?? 1)
    entry.weight = allCold ? full : full * slowStart(ageMs(entry, nowMs), slowStartMs)
  }
  return live.some((entry) => isCold(entry))
}

function ageMs({ readySinceMs }: RosterEntry, nowMs: number): number {
  return readySinceMs === -Infinity ? Infinity : nowMs - readySinceMs
}

function dueMs(health: Health): number {
  return health.state === 'healthy' ? Infinity : health.dueMs
}

function isSame(a: Upstream, b: Upstream): boolean {
  return a.id === b.id && a.epoch === b.epoch && a.host === b.host && a.port === b.port
}
