// Notices the ends of watched sessions for stores that cannot be told of them: looks now and then, at few of them.
import type { Clock } from '../base/clock.ts'
import { isDroverError } from '../base/errors.ts'

/** Where a watched session lives by now, and until when unless it is used. */
export interface Whereabouts {
  readonly key: string
  readonly idleDeadlineMs: number
}

/** What the watchers ask of their store. Both reject with STORE_UNAVAILABLE, and are asked again later. */
export interface WatchedStore {
  /** Whether any session left its key (deleted, revoked, renewed) since the last time this was asked. Cheap. */
  haveAnyLeft(): Promise<boolean>
  /** Those of `keys` that are alive, however their ids were renewed. */
  find(keys: readonly string[]): Promise<ReadonlyMap<string, Whereabouts>>
}

interface Watch {
  key: string
  /** When it is looked at next, on the store's clock: at its deadline, which a busy session has moved by then. */
  dueMs: number
  readonly onEnd: () => void
}

/** How often is looked, while anybody watches. */
const lookIntervalMs = 100

/** Sessions looked at in one go, so that the event loop is never held for long. */
const mostAtOnce = 256

export class Watchers {
  readonly #store: WatchedStore
  readonly #clock: Clock
  readonly #watches = new Set<Watch>()
  #nextDueMs = Infinity
  #timer: NodeJS.Timeout | undefined
  #isLooking = false
  #isClosed = false

  constructor(store: WatchedStore, clock: Clock) {
    this.#store = store
    this.#clock = clock
  }

  /** As in the port. */
  watch(key: string, onEnd: () => void): () => void {
    const watch: Watch = { key, dueMs: 0, onEnd }
    if (this.#isClosed) return () => undefined
    this.#watches.add(watch)
    this.#nextDueMs = 0
    this.#timer ??= setInterval(() => void this.#look(), lookIntervalMs).unref()
    this.lookSoon()
    return () => this.#forget(watch)
  }

  /** For a store that has just ended sessions itself. */
  lookSoon(): void {
    if (this.#watches.size > 0) setImmediate(() => void this.#look())
  }

  /** For a store that was told of keys that were left: the watched ones that begin so are looked at next. */
  left(prefix: string): void {
    for (const watch of this.#watches) if (watch.key.startsWith(prefix)) watch.dueMs = this.#nextDueMs = 0
    if (this.#nextDueMs === 0) this.lookSoon()
  }

  /** Nobody is told anything any more. */
  close(): void {
    this.#isClosed = true
    for (const watch of this.#watches) this.#forget(watch)
  }

  #forget(watch: Watch): void {
    this.#watches.delete(watch)
    if (this.#watches.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  async #look(): Promise<void> {
    if (this.#isLooking || this.#watches.size === 0) return
    this.#isLooking = true
    try {
      await this.#lookAtDue()
    } catch (error) {
      // What is due stays due: looked at again when the store answers.
      if (!isDroverError(error, 'STORE_UNAVAILABLE')) throw error
    } finally {
      this.#isLooking = false
    }
  }

  async #lookAtDue(): Promise<void> {
    if (await this.#store.haveAnyLeft()) {
      this.#nextDueMs = 0
      for (const watch of this.#watches) watch.dueMs = 0
    }
    const nowMs = this.#clock.now()
    if (nowMs < this.#nextDueMs) return
    const due = [...this.#watches].filter((watch) => watch.dueMs <= nowMs)
    for (let at = 0; at < due.length; at += mostAtOnce) await this.#lookAt(due.slice(at, at + mostAtOnce))
    this.#nextDueMs = Infinity
    for (const { dueMs } of this.#watches) this.#nextDueMs = Math.min(this.#nextDueMs, dueMs)
  }

  async #lookAt(watches: readonly Watch[]): Promise<void> {
    // Whoever is told of a key while the answer is on its way makes it due again: the answer may be the older news.
    for (const watch of watches) watch.dueMs = Infinity
    const found = await this.#findAll(watches)
    for (const watch of watches) {
      const whereabouts = found.get(watch.key)
      if (whereabouts !== undefined) {
        watch.key = whereabouts.key
        watch.dueMs = Math.min(watch.dueMs, whereabouts.idleDeadlineMs)
      } else if (this.#watches.has(watch)) {
        this.#forget(watch)
        // On its own, so that one that throws keeps no other from being told.
        queueMicrotask(watch.onEnd)
      }
    }
  }

  async #findAll(watches: readonly Watch[]): Promise<ReadonlyMap<string, Whereabouts>> {
    try {
      return await this.#store.find([...new Set(watches.map(({ key }) => key))])
    } catch (error) {
      for (const watch of watches) watch.dueMs = 0
      throw error
    }
  }
}
