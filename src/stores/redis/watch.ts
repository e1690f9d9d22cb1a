// Notices the ends of watched sessions: Redis tells that a key has changed, and then the session is looked at again.
import type { Clock } from '../../base/clock.ts'
import type { LoadedSession, WatchingStore } from '../../session/store.ts'
import type { KeyNames } from './keys.ts'
import type { LinkObserver } from './link.ts'

export interface SessionWatchesSettings {
  /** Loads over the link whose changes are told here: reading a key is what makes Redis tell of its next change. */
  readonly load: (key: string) => Promise<LoadedSession | undefined>
  readonly names: KeyNames
  readonly clock: Clock
  readonly random: () => number
  /** How often each session is looked at without being told anything; undefined where Redis tells. */
  readonly pollIntervalMs: number | undefined
}

interface Listener {
  readonly onEnd: () => void
  watched: Watched
}

/** One session that somebody watches. It has a timer while nothing is known against it. */
interface Watched {
  readonly key: string
  readonly listeners: Set<Listener>
  isLooking: boolean
  /** Whether its keys changed since the look under way was sent. */
  hasChanged: boolean
  timer: NodeJS.Timeout | undefined
}

/** Looked at in one go: after a lost connection all sessions are, however many sockets hang on them. */
const mostLooksAtOnce = 64
/** After a look that failed nobody is looked at for this long, or up to twice as long. */
const pauseAfterFailureMs = 250
/** Longer timers fire at once. */
const longestTimerMs = 2 ** 31 - 1

export class SessionWatches implements WatchingStore, LinkObserver {
  readonly #settings: SessionWatchesSettings
  readonly #watched = new Map<string, Watched>()
  /** Which sessions depend on a Redis key: their own one, and those of one principal on its mark. */
  readonly #dependents = new Map<string, Set<Watched>>()
  readonly #waiting = new Set<Watched>()
  #looks = 0
  #pause: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(settings: SessionWatchesSettings) {
    this.#settings = settings
  }

  /** How many sessions are watched. */
  get size(): number {
    return this.#watched.size
  }

  watch(key: string, onEnd: () => void): () => void {
    if (this.#isClosed) return () => undefined
    const watched = this.#watchedOn(key)
    const listener: Listener = { onEnd, watched }
    watched.listeners.add(listener)
    this.#lookSoon(watched)
    return () => this.#leave(listener)
  }

  onChanged(redisKey: string | undefined): void {
    if (redisKey === undefined) this.onLost()
    else for (const watched of this.#dependents.get(redisKey) ?? []) this.#lookSoon(watched)
  }

  /** Nobody remembers any more what was read: read it all again, and see what ended meanwhile. */
  onLost(): void {
    for (const watched of this.#watched.values()) this.#lookSoon(watched)
  }

  /** Nobody is told anything any more. */
  close(): void {
    this.#isClosed = true
    clearTimeout(this.#pause)
    for (const watched of this.#watched.values()) this.#forget(watched)
  }

  #watchedOn(key: string): Watched {
    let watched = this.#watched.get(key)
    if (watched === undefined) {
      watched = { key, listeners: new Set(), isLooking: false, hasChanged: false, timer: undefined }
      this.#watched.set(key, watched)
      for (const redisKey of this.#redisKeysOf(key)) {
        const dependents = this.#dependents.get(redisKey)
        if (dependents === undefined) this.#dependents.set(redisKey, new Set([watched]))
        else dependents.add(watched)
      }
    }
    return watched
  }

  #leave(listener: Listener): void {
    const { watched } = listener
    watched.listeners.delete(listener)
    if (watched.listeners.size === 0) this.#forget(watched)
  }

  #forget(watched: Watched): void {
    clearTimeout(watched.timer)
    this.#waiting.delete(watched)
    // A new one may stand under its key by now.
    if (this.#watched.get(watched.key) === watched) this.#watched.delete(watched.key)
    for (const redisKey of this.#redisKeysOf(watched.key)) {
      const dependents = this.#dependents.get(redisKey)
      dependents?.delete(watched)
      if (dependents?.size === 0) this.#dependents.delete(redisKey)
    }
  }

  #redisKeysOf(key: string): readonly string[] {
    const { names } = this.#settings
    const markKey = names.markOf(key)
    return markKey === undefined ? [names.session(key)] : [names.session(key), markKey]
  }

  #lookSoon(watched: Watched): void {
    clearTimeout(watched.timer)
    if (watched.isLooking) watched.hasChanged = true
    else this.#waiting.add(watched)
    this.#lookAtWaiting()
  }

  #lookAtWaiting(): void {
    if (this.#pause !== undefined || this.#isClosed) return
    for (const watched of this.#waiting) {
      if (this.#looks >= mostLooksAtOnce) return
      this.#waiting.delete(watched)
      void this.#look(watched)
    }
  }

  async #look(watched: Watched): Promise<void> {
    this.#looks += 1
    watched.isLooking = true
    watched.hasChanged = false
    try {
      this.#take(watched, await this.#settings.load(watched.key))
    } catch {
      // The store is unavailable, and is asked again until it says what became of the session.
      watched.hasChanged = true
      this.#pauseLooking()
    } finally {
      this.#looks -= 1
      watched.isLooking = false
      if (watched.hasChanged && this.#isWatched(watched)) this.#waiting.add(watched)
      this.#lookAtWaiting()
    }
  }

  #take(watched: Watched, found: LoadedSession | undefined): void {
    if (!this.#isWatched(watched)) return
    if (found === undefined) this.#end(watched)
    else if (found.successor === undefined) this.#wait(watched, found.idleDeadlineMs)
    else this.#move(watched, found.successor.key)
  }

  #isWatched(watched: Watched): boolean {
    return this.#watched.get(watched.key) === watched
  }

  #end(watched: Watched): void {
    this.#forget(watched)
    // Each on its own, so that one that throws keeps no other from being told.
    for (const { onEnd } of watched.listeners) queueMicrotask(onEnd)
    watched.listeners.clear()
  }

  #move(watched: Watched, key: string): void {
    this.#forget(watched)
    const successor = this.#watchedOn(key)
    for (const listener of watched.listeners) {
      listener.watched = successor
      successor.listeners.add(listener)
    }
    watched.listeners.clear()
    this.#lookSoon(successor)
  }

  /** At its deadline a session is over without any change that Redis could tell of in time. */
  #wait(watched: Watched, idleDeadlineMs: number): void {
    const { clock, random, pollIntervalMs } = this.#settings
    const leftMs = Math.max(0, idleDeadlineMs - clock.now())
    const pollMs = pollIntervalMs === undefined ? longestTimerMs : pollIntervalMs * (0.5 + random())
    const waitMs = Math.min(leftMs, pollMs, longestTimerMs)
    watched.timer = setTimeout(() => this.#lookSoon(watched), waitMs).unref()
  }

  #pauseLooking(): void {
    if (this.#pause !== undefined) return
    this.#pause = setTimeout(
      () => {
        this.#pause = undefined
        this.#lookAtWaiting()
      },
      pauseAfterFailureMs * (1 + this.#settings.random()),
    ).unref()
  }
}
