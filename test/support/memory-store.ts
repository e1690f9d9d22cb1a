// A SessionStore in memory that counts its calls and can be made unavailable: for tests of what stands above a store.
import type { Clock } from '../../src/base/clock.ts'
import { DroverError } from '../../src/base/errors.ts'
import type {
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  SessionStore,
} from '../../src/session/store.ts'

export class MemoryStore implements SessionStore {
  readonly records: Map<string, SessionRecord> = new Map()
  /** Every call, as its method and arguments. */
  readonly calls: (readonly [method: string, ...args: unknown[]])[] = []
  isUnavailable = false
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  load(key: string): Promise<SessionRecord | undefined> {
    return this.#answer(['load', key], () => this.#live(key))
  }

  create(key: string, record: SessionRecord): Promise<void> {
    return this.#answer(['create', key, record], () => {
      if (this.#live(key) !== undefined) {
        throw new DroverError('SESSION_ID_TAKEN', 'Cannot create session: its id exists')
      }
      this.records.set(key, record)
    })
  }

  save(key: string, change: SessionChange): Promise<SaveOutcome> {
    return this.#answer(['save', key, change], () => {
      const record = this.#live(key)
      if (record === undefined) return 'gone'
      this.records.set(key, changed(record, record, change))
      return 'saved'
    })
  }

  replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
  ): Promise<SaveOutcome> {
    return this.#answer(['replace', oldKey, newKey, identity, change], () => {
      const record = this.#live(oldKey)
      if (record === undefined) return 'gone'
      this.records.delete(oldKey)
      this.records.set(newKey, changed(record, identity, change))
      return 'saved'
    })
  }

  touch(key: string, idleDeadlineMs: number): Promise<void> {
    return this.#answer(['touch', key, idleDeadlineMs], () => {
      const record = this.#live(key)
      if (record === undefined) return
      this.records.set(key, { ...record, idleDeadlineMs: Math.max(record.idleDeadlineMs, idleDeadlineMs) })
    })
  }

  delete(key: string): Promise<void> {
    return this.#answer(['delete', key], () => {
      this.records.delete(key)
    })
  }

  close(): Promise<void> {
    this.isUnavailable = true
    return Promise.resolve()
  }

  /** The methods called, in order. */
  methods(): readonly string[] {
    return this.calls.map(([method]) => method)
  }

  #live(key: string): SessionRecord | undefined {
    const record = this.records.get(key)
    return record === undefined || record.idleDeadlineMs <= this.#clock.now() ? undefined : record
  }

  #answer<Value>(call: readonly [string, ...unknown[]], work: () => Value): Promise<Value> {
    this.calls.push(call)
    if (this.isUnavailable) {
      return Promise.reject(
        new DroverError('STORE_UNAVAILABLE', 'Cannot reach memory store: it is switched off'),
      )
    }
    return Promise.resolve().then(work)
  }
}

function changed(record: SessionRecord, identity: SessionIdentity, change: SessionChange): SessionRecord {
  const fields = new Map([...record.fields, ...change.set])
  for (const name of change.remove) fields.delete(name)
  const { principal, createdAtMs, absoluteDeadlineMs } = identity
  return { principal, createdAtMs, absoluteDeadlineMs, fields, idleDeadlineMs: change.idleDeadlineMs }
}
