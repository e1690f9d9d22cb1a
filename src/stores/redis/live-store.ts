// The Redis store together with what its servers tell: reads are answered from memory until Redis says that the session
// has changed, and whoever watches a session is told of its end.
import type {
  Forwarding,
  LoadedSession,
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  WatchingStore,
} from '../../session/store.ts'
import type { NearCache } from './near-cache.ts'
import { RedisSessionStore } from './store.ts'
import type { RedisStoreSettings } from './store.ts'
import type { SessionWatches } from './watch.ts'

/** The near cache of a store, and what keeps it honest. */
export interface Caching {
  readonly cache: NearCache
  close(): void
}

/** The watches of a store, and the connection that serves them alone, if any. */
export interface Watching {
  readonly watches: SessionWatches
  close(): Promise<void>
}

export interface LiveStoreSettings extends RedisStoreSettings {
  readonly caching: Caching | undefined
  /** Called for the first session that is watched. */
  readonly openWatching: () => Watching
}

export class LiveRedisStore extends RedisSessionStore implements WatchingStore {
  readonly #caching: Caching | undefined
  readonly #openWatching: () => Watching
  #watching: Watching | undefined
  #isClosed = false

  constructor(settings: LiveStoreSettings) {
    super(settings)
    this.#caching = settings.caching
    this.#openWatching = settings.openWatching
  }

  override load(key: string): Promise<LoadedSession | undefined> {
    // Closed, it answers nothing any more, also not what it knows.
    if (this.#caching === undefined || this.#isClosed) return super.load(key)
    return this.#caching.cache.read(key, () => super.load(key))
  }

  override create(key: string, record: SessionRecord): Promise<void> {
    return this.#around([key], () => super.create(key, record))
  }

  override save(key: string, change: SessionChange): Promise<SaveOutcome> {
    return this.#around([key], () => super.save(key, change))
  }

  override replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
    forwarding?: Forwarding,
  ): Promise<SaveOutcome> {
    return this.#around([oldKey, newKey], () => super.replace(oldKey, newKey, identity, change, forwarding))
  }

  override touch(key: string, idleDeadlineMs: number): Promise<void> {
    return this.#around([key], () => super.touch(key, idleDeadlineMs))
  }

  override delete(key: string): Promise<void> {
    return this.#around([key], () => super.delete(key))
  }

  override revokeAll(tag: string, exceptKey?: string): Promise<void> {
    const revoke = () => super.revokeAll(tag, exceptKey)
    return this.#caching === undefined ? revoke() : this.#caching.cache.aroundAll(tag, revoke)
  }

  watch(key: string, onEnd: () => void): () => void {
    if (this.#isClosed) return () => undefined
    this.#watching ??= this.#openWatching()
    return this.#watching.watches.watch(key, onEnd)
  }

  override async close(): Promise<void> {
    this.#isClosed = true
    this.#caching?.close()
    await Promise.all([this.#watching?.close(), super.close()])
  }

  #around<T>(keys: readonly string[], write: () => Promise<T>): Promise<T> {
    return this.#caching === undefined ? write() : this.#caching.cache.around(keys, write)
  }
}
