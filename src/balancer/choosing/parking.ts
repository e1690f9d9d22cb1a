// Requests that wait because no instance can take them now. Bounded in number and time; first come, first served.
import type { BalancerLimits } from '../limits.ts'
import type { Random } from './choice.ts'

export interface Parked {
  /**
   * Tries again; false when there is still no instance for it. One that now waits for something else says so by calling
   * `Parking.park` again, and keeps its place.
   */
  retry(): boolean
  /** Gives up waiting for this. */
  expire(reason: WaitReason): void
}

/** Why a request waits: `none`, no instance that it did not try is live; `full`, those that are have all they may have. */
export type WaitReason = 'none' | 'full'

export type WaitLimits = Pick<BalancerLimits, 'parked' | 'parkTimeMs' | 'queued' | 'queueTimeMs'>

interface Wait {
  reason: WaitReason
  /** Its first wait began then. */
  readonly sinceMs: number
  /** The reasons it had so far. Each allows its own time, counted from the first wait on; the longest holds. */
  readonly reasons: Set<WaitReason>
  /** It is being let try right now. */
  trying: boolean
  /** It came back while being let try. */
  again: boolean
}

/** So many that cannot use the room are passed over for one that can; bounds the cost of each answer in a long queue. */
const mostPassedOver = 16
/** How long the oldest must have waited too long before new ones are shed (the interval of CoDel, RFC 8289). */
const shedIntervalMs = 100

/**
 * Since when the oldest of the queue has waited longer than half of the time it may, or undefined. A queue that is once long
 * is a burst and drains; one that stays long only makes everyone late, and its newest would wait in vain (RFC 8289).
 */
export function overdueSince(
  before: number | undefined,
  queue: { readonly nowMs: number; readonly oldestMs: number | undefined; readonly queueTimeMs: number },
): number | undefined {
  if (queue.oldestMs === undefined || queue.nowMs - queue.oldestMs <= queue.queueTimeMs / 2) return undefined
  return before ?? queue.nowMs
}

/** Whether what newly comes is to be refused at once, before the queue is full of requests that nobody waits for any more. */
export function isShedding(overdueSinceMs: number | undefined, nowMs: number): boolean {
  return overdueSinceMs !== undefined && nowMs - overdueSinceMs >= shedIntervalMs
}

/** Seconds for Retry-After: 1 to 3 by chance, so that those refused together do not return together. */
export function retryAfterS(random: Random): number {
  return 1 + Math.floor(random() * 3)
}

export class Parking {
  readonly #limits: () => WaitLimits
  readonly #now: () => number
  /** In the order they came. */
  readonly #waiting = new Map<Parked, Wait>()
  /** From a request's first wait on: one that comes back has the rest of its time, not a new wait. */
  readonly #known = new WeakMap<Parked, Wait>()
  #full = 0
  #overdueSinceMs: number | undefined

  /** `limits` is asked each time; `now` is a monotonic clock in milliseconds. */
  constructor(limits: () => WaitLimits, now: () => number) {
    this.#limits = limits
    this.#now = now
  }

  get size(): number {
    return this.#waiting.size
  }

  /** How many wait for this reason. */
  count(reason: WaitReason): number {
    return reason === 'full' ? this.#full : this.#waiting.size - this.#full
  }

  /** False when it must be refused: too many wait, or those that do have waited too long already. */
  park(request: Parked, reason: WaitReason): boolean {
    const present = this.#waiting.get(request)
    if (present !== undefined) {
      present.again = true
      this.#setReason(present, reason)
      return true
    }
    const known = this.#known.get(request)
    if (!this.#hasPlace(reason, known === undefined)) return false
    const wait = known ?? { reason, sinceMs: this.#now(), reasons: new Set(), trying: false, again: false }
    if (reason === 'full') this.#full++
    wait.reason = reason
    wait.reasons.add(reason)
    this.#known.set(request, wait)
    this.#waiting.set(request, wait)
    return true
  }

  leave(request: Parked): void {
    const wait = this.#waiting.get(request)
    if (wait === undefined) return
    this.#waiting.delete(request)
    if (wait.reason === 'full') this.#full--
  }

  /** Called when the roster or its limits changed. A request that finds no instance keeps its place and its deadline. */
  retryAll(): void {
    const waiting = Array.from(this.#waiting.keys())
    for (const request of waiting) this.#try(request)
    this.#watch()
  }

  /**
   * Called when an instance has room for one more. The first in the queue goes, or, where the room is no use to it, the next.
   * False when none went.
   */
  retryOne(): boolean {
    if (this.#full === 0) return false
    let passedOver = 0
    let went = false
    for (const [request, { reason }] of this.#waiting) {
      if (reason !== 'full') continue
      went = this.#try(request)
      if (went || ++passedOver > mostPassedOver) break
    }
    this.#watch()
    return went
  }

  /** Ends the wait of those whose time is over. */
  sweep(): void {
    const now = this.#now()
    const limits = this.#limits()
    for (const [request, wait] of this.#waiting) {
      if (wait.sinceMs + waitTimeMs(wait.reasons, limits) > now) continue
      this.leave(request)
      request.expire(wait.reason)
    }
    this.#watch()
  }

  #hasPlace(reason: WaitReason, isNew: boolean): boolean {
    const { parked, queued } = this.#limits()
    if (reason === 'none') return this.count('none') < parked
    this.#watch()
    return this.#full < queued && !(isNew && isShedding(this.#overdueSinceMs, this.#now()))
  }

  #setReason(wait: Wait, reason: WaitReason): void {
    wait.reasons.add(reason)
    if (wait.reason === reason) return
    wait.reason = reason
    this.#full += reason === 'full' ? 1 : -1
  }

  #try(request: Parked): boolean {
    const wait = this.#waiting.get(request)
    if (wait === undefined || wait.trying) return false
    wait.trying = true
    wait.again = false
    const went = request.retry()
    wait.trying = false
    // One whose new attempt died at once has parked again before its retry returned.
    if (went && !wait.again) this.leave(request)
    return went
  }

  #watch(): void {
    this.#overdueSinceMs = overdueSince(this.#overdueSinceMs, {
      nowMs: this.#now(),
      oldestMs: this.#oldestMs(),
      queueTimeMs: this.#limits().queueTimeMs,
    })
  }

  /** When the first of the queue came. */
  #oldestMs(): number | undefined {
    if (this.#full === 0) return undefined
    for (const { reason, sinceMs } of this.#waiting.values()) if (reason === 'full') return sinceMs
    return undefined
  }
}

function waitTimeMs(reasons: ReadonlySet<WaitReason>, { parkTimeMs, queueTimeMs }: WaitLimits): number {
  return Math.max(reasons.has('none') ? parkTimeMs : 0, reasons.has('full') ? queueTimeMs : 0)
}
