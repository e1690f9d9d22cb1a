// A store that comes to be with its first use, so that an app loads only the backend it names.
import { DroverError } from '../base/errors.ts'
import type {
  Forwarding,
  ListedSession,
  LoadedSession,
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  SessionStore,
  TextStore,
  WatchingStore,
} from './store.ts'
import { watchSession } from './watch.ts'

/** Opens with `open` on the first call; a failure to open is that call's failure, and the next one tries again. */
export function deferredStore(open: () => Promise<SessionStore>): SessionStore & WatchingStore & TextStore {
  return new DeferredStore(open)
}

class DeferredStore implements SessionStore, WatchingStore, TextStore {
  readonly #open: () => Promise<SessionStore>
  #opening: Promise<SessionStore> | undefined
  #closed = false

  constructor(open: () => Promise<SessionStore>) {
    this.#open = open
  }

  async load(key: string): Promise<LoadedSession | undefined> {
    return (await this.#store()).load(key)
  }

  async create(key: string, record: SessionRecord): Promise<void> {
    return (await this.#store()).create(key, record)
  }

  async save(key: string, change: SessionChange): Promise<SaveOutcome> {
    return (await this.#store()).save(key, change)
  }

  async replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
    forwarding?: Forwarding,
  ): Promise<SaveOutcome> {
    return (await this.#store()).replace(oldKey, newKey, identity, change, forwarding)
  }

  async touch(key: string, idleDeadlineMs: number): Promise<void> {
    return (await this.#store()).touch(key, idleDeadlineMs)
  }

  async delete(key: string): Promise<void> {
    return (await this.#store()).delete(key)
  }

  async list(tag: string): Promise<readonly ListedSession[]> {
    return (await this.#store()).list(tag)
  }

  async revokeAll(tag: string, exceptKey?: string): Promise<void> {
    return (await this.#store()).revokeAll(tag, exceptKey)
  }

  watch(key: string, onEnd: () => void): () => void {
    let stop: (() => void) | undefined
    let isStopped = false
    this.#store().then(
      (store) => {
        if (!isStopped) stop = watchSession(store, key, onEnd)
      },
      // Whoever watches a session has loaded it, so the store was open and is closed by now: nothing ends any more.
      () => undefined,
    )
    return () => {
      isStopped = true
      stop?.()
    }
  }

  async readText(key: string): Promise<string | undefined> {
    return withTexts(await this.#store()).readText(key)
  }

  async deleteText(key: string): Promise<void> {
    return withTexts(await this.#store()).deleteText(key)
  }

  async close(): Promise<void> {
    this.#closed = true
    const opening = this.#opening
    if (opening === undefined) return
    const [opened] = await Promise.allSettled([opening])
    // One that failed to open has nothing to release; its failure went to the call that wanted it.
    if (opened.status === 'fulfilled') await opened.value.close()
  }

  #store(): Promise<SessionStore> {
    if (this.#closed) {
      return Promise.reject(new DroverError('STORE_UNAVAILABLE', 'Cannot use session store: it is closed'))
    }
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }
}

function withTexts(store: SessionStore & Partial<TextStore>): TextStore {
  if (hasTexts(store)) return store
  throw new DroverError(
    'OPTION_INVALID',
    'Cannot read the sessions of another library from this store: wanted a Redis store, or migrate.store',
  )
}

function hasTexts(store: Partial<TextStore>): store is TextStore {
  return store.readText !== undefined && store.deleteText !== undefined
}
