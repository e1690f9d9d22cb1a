// How many retries the balancer may add to the load of its instances: a share of recent requests, and a small reserve for
// quiet times. Without it, every request that fails on struggling instances would come back to them several times.

/** Deposits and withdrawals count for about this long. */
const defaultWindowMs = 10_000
const slices = 10
/** Tokens of one retry. Whole numbers, so that ten deposits of a tenth make one. */
const retryTokens = 1_000_000

export interface RetryBudgetOptions {
  /** Retries that each request adds: 0.2 lets a fifth of the requests be sent again. */
  readonly retryShare: number
  /** Retries that are there without any request. */
  readonly retriesPerSecond: number
}

/** A token bucket whose tokens expire. Times are monotonic milliseconds. */
export class RetryBudget {
  readonly #depositTokens: number
  readonly #reserveTokens: number
  readonly #sliceMs: number
  /** What was deposited and withdrawn in each of the last slices of time. */
  readonly #slices = new Float64Array(slices)
  /** Their sum. */
  #tokens = 0
  /** Number of the slice that `now` was last in. */
  #current = 0

  /** Throws a RangeError for what is negative or no number, and for a window outside of 1 to 60 s. */
  constructor(options: RetryBudgetOptions, windowMs: number = defaultWindowMs) {
    const { retryShare, retriesPerSecond } = options
    requireNumber('retryShare', retryShare, 0, 1_000)
    requireNumber('retriesPerSecond', retriesPerSecond, 0, 1_000_000)
    requireNumber('windowMs', windowMs, 1_000, 60_000)
    this.#depositTokens = Math.round(retryShare * retryTokens)
    this.#reserveTokens = Math.floor((retriesPerSecond * windowMs) / 1_000) * retryTokens
    this.#sliceMs = windowMs / slices
  }

  /** A request came; not called for its retries. */
  deposit(nowMs: number): void {
    this.#add(nowMs, this.#depositTokens)
  }

  /** Takes one retry; false, and nothing is taken, when there is none. */
  withdraw(nowMs: number): boolean {
    if (this.balance(nowMs) < 1) return false
    this.#add(nowMs, -retryTokens)
    return true
  }

  /** The retries that may be made now. */
  balance(nowMs: number): number {
    this.#expire(nowMs)
    return Math.max(0, Math.floor((this.#tokens + this.#reserveTokens) / retryTokens))
  }

  #add(nowMs: number, tokens: number): void {
    this.#expire(nowMs)
    const index = this.#current % slices
    this.#slices[index] = (this.#slices[index] ?? 0) + tokens
    this.#tokens += tokens
  }

  #expire(nowMs: number): void {
    const current = Math.floor(nowMs / this.#sliceMs)
    if (current <= this.#current) return
    const passed = Math.min(slices, current - this.#current)
    for (let index = current - passed + 1; index <= current; index++) {
      this.#tokens -= this.#slices[index % slices] ?? 0
      this.#slices[index % slices] = 0
    }
    this.#current = current
  }
}

function requireNumber(name: string, value: number, least: number, most: number): void {
  if (value >= least && value <= most) return
  throw new RangeError(`Cannot make a retry budget: "${name}" must be ${least} to ${most}, not ${value}`)
}
