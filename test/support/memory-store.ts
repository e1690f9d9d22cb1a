// The memory store, counting its calls and able to be unavailable: for tests of what stands above a store.
import type { Clock } from '../../src/base/clock.ts'
import { DroverError } from '../../src/base/errors.ts'
import type {
  Forwarding,
  ListedSession,
  LoadedSession,
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  SessionStore,
  WatchingStore,
} from '../../src/session/store.ts'
import { MemorySessions } from '../../src/stores/memory/sessions.ts'
import { MemorySessionStore } from '../../src/stores/memory/store.ts'

export class MemoryStore implements SessionStore, WatchingStore {
  /** Every call, as its method and arguments. */
  readonly calls: (readonly [method: string, ...args: unknown[]])[] = []
  isUnavailable = false
  readonly #sessions = new MemorySessions()
  readonly #store: MemorySessionStore

  constructor(clock: Clock) {
    this.#store = new MemorySessionStore(this.#sessions, clock)
  }

  /** What is stored, expired or not. */
  get records(): Map<string, SessionRecord> {
    return this.#sessions.records
  }

  load(key: string): Promise<LoadedSession | undefined> {
    return this.#answer(['load', key], () => this.#store.load(key))
  }

  create(key: string, record: SessionRecord): Promise<void> {
    return this.#answer(['create', key, record], () => this.#store.create(key, record))
  }

  save(key: string, change: SessionChange): Promise<SaveOutcome> {
    return this.#answer(['save', key, change], () => this.#store.save(key, change))
  }

  replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
    forwarding?: Forwarding,
  ): Promise<SaveOutcome> {
    return this.#answer(['replace', oldKey, newKey, identity, change, forwarding], () =>
      this.#store.replace(oldKey, newKey, identity, change, forwarding),
    )
  }

  touch(key: string, idleDeadlineMs: number): Promise<void> {
    return this.#answer(['touch', key, idleDeadlineMs], () => this.#store.touch(key, idleDeadlineMs))
  }

  delete(key: string): Promise<void> {
    return this.#answer(['delete', key], () => this.#store.delete(key))
  }

  list(tag: string): Promise<readonly ListedSession[]> {
    return this.#answer(['list', tag], () => this.#store.list(tag))
  }

  revokeAll(tag: string, exceptKey?: string): Promise<void> {
    return this.#answer(['revokeAll', tag, exceptKey], () => this.#store.revokeAll(tag, exceptKey))
  }

  watch(key: string, onEnd: () => void): () => void {
    return this.#store.watch(key, onEnd)
  }

  async close(): Promise<void> {
    this.isUnavailable = true
    await this.#store.close()
  }

  /** The methods called, in order. */
  methods(): readonly string[] {
    return this.calls.map(([method]) => method)
  }

  #answer<Value>(call: readonly [string, ...unknown[]], work: () => Promise<Value>): Promise<Value> {
    this.calls.push(call)
    if (this.isUnavailable) {
      return Promise.reject(
        new DroverError('STORE_UNAVAILABLE', 'Cannot reach memory store: it is switched off'),
      )
    }
    return work()
  }
}
