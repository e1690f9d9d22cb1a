// One bound for many waits (R7) with one timer for all of them: a timer for each would cost more than it guards.

/** A limit is counted in this many ticks, so a wait ends at most a tenth of it late. */
const ticksPerLimit = 10

/** A wait under way. */
export interface Wait {
  readonly sinceTick: number
  readonly onTimeout: () => void
}

/**
 * Ends waits after `timeoutMs`, or up to a tenth later. Ticks are counted, not a clock read: an event loop that stands
 * still, however long, costs a wait one tick and not its life, and what came in meanwhile is seen before it ends.
 * The timer never keeps the process alive.
 */
export class TimeLimit {
  readonly #tickMs: number
  readonly #ticks: number
  /** In the order of their beginning, which is that of their ends. */
  readonly #waits: Set<Wait> = new Set()
  #timer: NodeJS.Timeout | undefined
  #now = 0

  constructor(timeoutMs: number) {
    this.#tickMs = Math.max(1, Math.ceil(timeoutMs / ticksPerLimit))
    this.#ticks = Math.ceil(timeoutMs / this.#tickMs)
  }

  /** Settles as `work` does, or rejects with `onTimeout()` when the limit is over; the work itself goes on. */
  bound<T>(work: Promise<T>, onTimeout: () => Error): Promise<T> {
    return new Promise((resolve, reject) => {
      const wait = this.begin(() => {
        reject(onTimeout())
      })
      work.then(
        (value) => {
          this.end(wait)
          resolve(value)
        },
        (error: unknown) => {
          this.end(wait)
          reject(error instanceof Error ? error : new Error(String(error)))
        },
      )
    })
  }

  /** Calls `onTimeout` when the limit is over, unless `end` comes first. */
  begin(onTimeout: () => void): Wait {
    const wait = { sinceTick: this.#now, onTimeout }
    this.#waits.add(wait)
    this.#timer ??= setTimeout(() => this.#tick(), this.#tickMs).unref()
    return wait
  }

  end(wait: Wait): void {
    this.#waits.delete(wait)
  }

  #tick(): void {
    this.#now += 1
    // Replies that lie ready are taken in later in this turn of the loop, and end their waits in time.
    const [oldest] = this.#waits
    if (oldest !== undefined && this.#isOver(oldest)) setImmediate(() => this.#timeOut())
    if (this.#waits.size > 0) this.#timer?.refresh()
    else this.#timer = undefined
  }

  #timeOut(): void {
    for (const wait of this.#waits) {
      if (!this.#isOver(wait)) return
      this.#waits.delete(wait)
      wait.onTimeout()
    }
  }

  /** The tick that is under way when a wait begins does not count: it may be nearly over. */
  #isOver(wait: Wait): boolean {
    return this.#now - wait.sinceTick > this.#ticks
  }
}
