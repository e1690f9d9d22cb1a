// Whether a request without an answer is sent to a second instance too, and when. Only GET and HEAD without a body, only the
// slowest, only within a budget: hedging must shorten the tail, not double the load (Dean and Barroso, The Tail at Scale).
import type { HedgingOptions } from '../messages.ts'

const defaultQuantile = 0.95
const defaultShare = 0.05

/** With fewer latencies than these the quantile says nothing. */
const leastLatencies = 100
/** Latencies of this window and the one before count. */
const windowMs = 10_000
/** Buckets grow by an eighth of an octave each: what is answered is at most 9 % too long. */
const bucketsPerOctave = 8
const shortestMs = 0.25
const octaves = 20
/** A timer cannot be set shorter. */
const shortestDelayMs = 1
/** Hedges saved up for a bad moment. */
const mostSaved = 10

export interface HedgeQuestion {
  readonly method: string
  readonly hasBody: boolean
  /** Saved hedges. */
  readonly budget: number
  /** The quantile of recent latencies; undefined while too few are known. */
  readonly quantileMs: number | undefined
}

/** How long to wait for the first instance before a second is asked too, or undefined: ask none. */
export function hedgeDelayMs({ method, hasBody, budget, quantileMs }: HedgeQuestion): number | undefined {
  if ((method !== 'GET' && method !== 'HEAD') || hasBody) return undefined
  if (quantileMs === undefined || budget < 1) return undefined
  return Math.max(shortestDelayMs, quantileMs)
}

/** A quantile of recent latencies, from counts in buckets: no latency is kept, and observing one costs a logarithm. */
export class RecentLatency {
  #current = new Uint32Array(octaves * bucketsPerOctave)
  #earlier = new Uint32Array(octaves * bucketsPerOctave)
  #currentCount = 0
  #earlierCount = 0
  #windowStartMs = -Infinity

  observe(latencyMs: number, nowMs: number): void {
    this.#turn(nowMs)
    const bucket = Math.floor(Math.log2(Math.max(shortestMs, latencyMs) / shortestMs) * bucketsPerOctave)
    const index = Math.min(bucket, this.#current.length - 1)
    this.#current[index] = (this.#current[index] ?? 0) + 1
    this.#currentCount++
  }

  /** At most a bucket's width above the true one; undefined while too few latencies are recent. */
  quantile(share: number, nowMs: number): number | undefined {
    this.#turn(nowMs)
    const count = this.#currentCount + this.#earlierCount
    if (count < leastLatencies) return undefined
    let left = Math.ceil(share * count)
    let index = 0
    for (; index < this.#current.length; index++) {
      left -= (this.#current[index] ?? 0) + (this.#earlier[index] ?? 0)
      if (left <= 0) break
    }
    return shortestMs * 2 ** ((index + 1) / bucketsPerOctave)
  }

  #turn(nowMs: number): void {
    const ageMs = nowMs - this.#windowStartMs
    if (ageMs < windowMs) return
    const oldest = this.#earlier
    this.#earlier = this.#current
    this.#earlierCount = this.#currentCount
    this.#current = oldest.fill(0)
    this.#currentCount = 0
    if (ageMs >= 2 * windowMs) {
      this.#earlier.fill(0)
      this.#earlierCount = 0
    }
    this.#windowStartMs = nowMs
  }
}

/** The hedging of one worker. */
export class Hedging {
  readonly #options: () => HedgingOptions | undefined
  readonly #latency = new RecentLatency()
  #budget = 0

  /** `options` is asked each time; undefined: no hedging. */
  constructor(options: () => HedgingOptions | undefined) {
    this.#options = options
  }

  get isOn(): boolean {
    return this.#options() !== undefined
  }

  /** A GET or HEAD was answered: from handing it over until the head of the response. */
  observe(latencyMs: number, nowMs: number): void {
    if (this.#options() !== undefined) this.#latency.observe(latencyMs, nowMs)
  }

  /**
   * Counts a request, once each, and answers how long to wait before `spend` is asked for a second attempt; undefined: never.
   */
  delayMs(method: string, hasBody: boolean, nowMs: number): number | undefined {
    const options = this.#options()
    if (options === undefined) return undefined
    this.#budget = Math.min(mostSaved, this.#budget + (options.share ?? defaultShare))
    const quantileMs = this.#latency.quantile(options.quantile ?? defaultQuantile, nowMs)
    return hedgeDelayMs({ method, hasBody, budget: this.#budget, quantileMs })
  }

  /** The delay is over without an answer: true, and paid for, when the second attempt may begin. */
  spend(): boolean {
    if (this.#options() === undefined || this.#budget < 1) return false
    this.#budget--
    return true
  }
}
