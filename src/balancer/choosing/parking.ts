// Requests that wait because no instance can take them now. Bounded in number and time; first come, first served.

export interface Parked {
  /** Tries again; false when there is still no instance for it. */
  retry(): boolean
  /** Gives up waiting. */
  expire(): void
}

export class Parking {
  readonly #capacity: number
  readonly #timeMs: number
  readonly #now: () => number
  readonly #waiting = new Map<Parked, number>()
  /** When a request's waiting ends, from its first wait on: one that comes back has the rest of its time, not a new wait. */
  readonly #deadlines = new WeakMap<Parked, number>()

  constructor(capacity: number, timeMs: number, now: () => number) {
    this.#capacity = capacity
    this.#timeMs = timeMs
    this.#now = now
  }

  get size(): number {
    return this.#waiting.size
  }

  /** False when full. */
  park(request: Parked): boolean {
    if (this.#waiting.size >= this.#capacity) return false
    const deadlineMs = this.#deadlines.get(request) ?? this.#now() + this.#timeMs
    this.#deadlines.set(request, deadlineMs)
    this.#waiting.set(request, deadlineMs)
    return true
  }

  leave(request: Parked): void {
    this.#waiting.delete(request)
  }

  /** Called when the roster changed. A request that finds no instance keeps its place and its deadline. */
  retryAll(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const [request, deadlineMs] of waiting) {
      if (!request.retry()) this.#waiting.set(request, deadlineMs)
    }
  }

  /** Ends the wait of those whose time is over. */
  sweep(): void {
    const now = this.#now()
    for (const [request, deadlineMs] of this.#waiting) {
      if (deadlineMs > now) continue
      this.#waiting.delete(request)
      request.expire()
    }
  }
}
