// A store in front of the real one: counts its calls, and holds or fails those a test names.
import type {
  Forwarding,
  ListedSession,
  LoadedSession,
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  SessionStore,
} from '../../src/session/store.ts'
import { DroverError } from '../../src/index.ts'

type Method = Exclude<keyof SessionStore, 'close'>

interface Hold {
  readonly reached: () => void
  readonly released: Promise<void>
}

/** A call that has reached the store and waits there. */
export interface HeldCall {
  /** Resolves when the call is made. */
  readonly reached: Promise<void>
  release(): void
}

export class WatchedStore implements SessionStore {
  readonly calls: Method[] = []
  readonly failing: Set<Method> = new Set()
  /** Who was given a session, in order. */
  readonly identities: SessionIdentity[] = []
  readonly #store: SessionStore
  readonly #holds: Map<Method, Hold> = new Map()

  constructor(store: SessionStore) {
    this.#store = store
  }

  /** Lets the next call of `method` wait before it goes on to the real store. */
  holdNext(method: Method): HeldCall {
    const reached = Promise.withResolvers<void>()
    const released = Promise.withResolvers<void>()
    this.#holds.set(method, { reached: reached.resolve, released: released.promise })
    return { reached: reached.promise, release: released.resolve }
  }

  async load(key: string): Promise<LoadedSession | undefined> {
    await this.#pass('load')
    return this.#store.load(key)
  }

  async create(key: string, record: SessionRecord): Promise<void> {
    this.identities.push(record)
    await this.#pass('create')
    return this.#store.create(key, record)
  }

  async save(key: string, change: SessionChange): Promise<SaveOutcome> {
    await this.#pass('save')
    return this.#store.save(key, change)
  }

  async replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
    forwarding?: Forwarding,
  ): Promise<SaveOutcome> {
    this.identities.push(identity)
    await this.#pass('replace')
    return this.#store.replace(oldKey, newKey, identity, change, forwarding)
  }

  async touch(key: string, idleDeadlineMs: number): Promise<void> {
    await this.#pass('touch')
    return this.#store.touch(key, idleDeadlineMs)
  }

  async delete(key: string): Promise<void> {
    await this.#pass('delete')
    return this.#store.delete(key)
  }

  async list(tag: string): Promise<readonly ListedSession[]> {
    await this.#pass('list')
    return this.#store.list(tag)
  }

  async revokeAll(tag: string, exceptKey?: string): Promise<void> {
    await this.#pass('revokeAll')
    return this.#store.revokeAll(tag, exceptKey)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  async #pass(method: Method): Promise<void> {
    this.calls.push(method)
    const hold = this.#holds.get(method)
    this.#holds.delete(method)
    hold?.reached()
    await hold?.released
    if (this.failing.has(method)) {
      throw new DroverError('STORE_UNAVAILABLE', `Cannot ${method} session: the test says so`)
    }
  }
}
