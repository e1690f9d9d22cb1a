// One bound for many waits (R7), counted by one timer, so that an event loop that stood still ends none of them.

/** A limit is counted in this many ticks, so a wait ends at most a tenth of it late. */
const ticksPerLimit = 10

/** A wait, linked to its neighbours in time while it is under way. */
export interface Wait {
  readonly sinceTick: number
  /** Undefined once the wait has ended. */
  onTimeout: (() => void) | undefined
  older: Wait | undefined
  newer: Wait | undefined
}

/**
 * Ends waits after `timeoutMs`, or up to a tenth later. Ticks are counted, not a clock read: an event loop that stands
 * still, however long, costs a wait one tick and not its life, and what came in meanwhile is seen before it ends.
 * The timer never keeps the process alive.
 */
export class TimeLimit {
  readonly #tickMs: number
  readonly #ticks: number
  // A list in the order of beginning, which is that of their ends. A Set would cost each call 3 µs: its old tables keep
  // what they held alive until a full collection. So ended waits let go of all they know.
  #oldest: Wait | undefined
  #newest: Wait | undefined
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
    const wait: Wait = { sinceTick: this.#now, onTimeout, older: this.#newest, newer: undefined }
    if (this.#newest === undefined) this.#oldest = wait
    else this.#newest.newer = wait
    this.#newest = wait
    this.#timer ??= setTimeout(() => this.#tick(), this.#tickMs).unref()
    return wait
  }

  /** Does nothing for a wait that has ended already. */
  end(wait: Wait): void {
    if (wait.onTimeout === undefined) return
    const { older, newer } = wait
    if (older === undefined) this.#oldest = newer
    else older.newer = newer
    if (newer === undefined) this.#newest = older
    else newer.older = older
    wait.onTimeout = wait.older = wait.newer = undefined
  }

  #tick(): void {
    this.#now += 1
    if (this.#oldest === undefined) {
      this.#timer = undefined
      return
    }
    // Replies that lie ready are taken in later in this turn of the loop, and end their waits in time.
    if (this.#isOver(this.#oldest)) setImmediate(() => this.#timeOut())
    this.#timer?.refresh()
  }

  #timeOut(): void {
    while (this.#oldest !== undefined && this.#isOver(this.#oldest)) {
      const { onTimeout } = this.#oldest
      this.end(this.#oldest)
      onTimeout?.()
    }
  }

  /** The tick that is under way when a wait begins does not count: it may be nearly over. */
  #isOver(wait: Wait): boolean {
    return this.#now - wait.sinceTick > this.#ticks
  }
}
