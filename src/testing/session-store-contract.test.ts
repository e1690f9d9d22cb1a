// The suite itself: a right store passes all of it, and each classic fault is caught by the case that is there for it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Clock } from '../base/clock.ts'
import { DroverError } from '../base/errors.ts'
import type { SessionChange, SessionIdentity, SessionRecord, SessionStore } from '../session/store.ts'
import { sessionStoreContract } from './session-store-contract.ts'

/** A store in memory, faultless unless told otherwise; `backend` stands for what the servers share. */
class MemoryStore implements SessionStore {
  readonly backend: Map<string, SessionRecord>
  readonly clock: Clock
  #closed = false

  constructor(backend: Map<string, SessionRecord>, clock: Clock) {
    this.backend = backend
    this.clock = clock
  }

  find(key: string): SessionRecord | undefined {
    if (this.#closed) throw new DroverError('STORE_UNAVAILABLE', 'Cannot use the store: it is closed')
    const found = this.backend.get(key)
    return found !== undefined && found.idleDeadlineMs > this.clock.now() ? found : undefined
  }

  async load(key: string): Promise<SessionRecord | undefined> {
    return this.find(key)
  }

  async create(key: string, record: SessionRecord): Promise<void> {
    if (this.find(key) !== undefined) throw new DroverError('SESSION_ID_TAKEN', 'Cannot create: it exists')
    const idleDeadlineMs = Math.min(record.idleDeadlineMs, record.absoluteDeadlineMs)
    this.backend.set(key, { ...record, idleDeadlineMs })
  }

  async save(key: string, change: SessionChange): Promise<'saved' | 'gone'> {
    const found = this.find(key)
    if (found === undefined) return 'gone'
    this.backend.set(key, this.changed(found, found, change))
    return 'saved'
  }

  async replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
  ): Promise<'saved' | 'gone'> {
    const found = this.find(oldKey)
    if (found === undefined) return 'gone'
    if (this.find(newKey) !== undefined)
      throw new DroverError('SESSION_ID_TAKEN', 'Cannot replace: it exists')
    this.backend.set(newKey, this.changed(found, identity, change))
    this.backend.delete(oldKey)
    return 'saved'
  }

  async touch(key: string, idleDeadlineMs: number): Promise<void> {
    await this.save(key, { set: new Map(), remove: new Set(), idleDeadlineMs })
  }

  async delete(key: string): Promise<void> {
    this.find(key)
    this.backend.delete(key)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  changed(
    found: SessionRecord,
    { principal, createdAtMs, absoluteDeadlineMs }: SessionIdentity,
    change: SessionChange,
  ): SessionRecord {
    const fields = new Map([...found.fields, ...change.set])
    for (const name of change.remove) fields.delete(name)
    const idleDeadlineMs = Math.min(Math.max(found.idleDeadlineMs, change.idleDeadlineMs), absoluteDeadlineMs)
    return { principal, createdAtMs, absoluteDeadlineMs, fields, idleDeadlineMs }
  }
}

/** Saves the whole record as it was at the load, as most session libraries do. */
class Overwriting extends MemoryStore {
  readonly #loaded = new Map<string, SessionRecord>()
  override async load(key: string): Promise<SessionRecord | undefined> {
    const found = this.find(key)
    if (found !== undefined) this.#loaded.set(key, found)
    return found
  }
  override changed(found: SessionRecord, identity: SessionIdentity, change: SessionChange): SessionRecord {
    const loaded = [...this.#loaded.values()].findLast((one) => one.createdAtMs === found.createdAtMs)
    return super.changed({ ...found, fields: loaded?.fields ?? found.fields }, identity, change)
  }
}

class Reviving extends MemoryStore {
  override async save(key: string, change: SessionChange): Promise<'saved' | 'gone'> {
    const nowMs = this.clock.now()
    const blank = {
      principal: undefined,
      createdAtMs: nowMs,
      absoluteDeadlineMs: nowMs + 1e9,
      idleDeadlineMs: nowMs + 1e6,
      fields: new Map(),
    }
    this.backend.set(key, this.changed(this.find(key) ?? blank, this.find(key) ?? blank, change))
    return 'saved'
  }
}

class Unexpiring extends MemoryStore {
  override find(key: string): SessionRecord | undefined {
    return super.find(key) ?? this.backend.get(key)
  }
}

class Backwards extends MemoryStore {
  override changed(found: SessionRecord, identity: SessionIdentity, change: SessionChange): SessionRecord {
    return super.changed({ ...found, idleDeadlineMs: 0 }, identity, change)
  }
}

class Copying extends MemoryStore {
  override async replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
  ): Promise<'saved' | 'gone'> {
    const found = this.find(oldKey)
    const outcome = await super.replace(oldKey, newKey, identity, change)
    if (found !== undefined) this.backend.set(oldKey, found)
    return outcome
  }
}

class Yielding extends MemoryStore {
  override async create(key: string, record: SessionRecord): Promise<void> {
    this.backend.set(key, record)
  }
}

async function failures(Store: typeof MemoryStore): Promise<readonly string[]> {
  const backend = new Map<string, SessionRecord>()
  const failed: string[] = []
  for (const { name, run } of sessionStoreContract({ open: (clock) => new Store(backend, clock) })) {
    await run().catch(() => failed.push(name))
  }
  return failed
}

describe('sessionStoreContract', () => {
  test('a right store passes every case', async () => {
    assert.deepEqual(await failures(MemoryStore), [])
  })

  for (const [fault, Store, caughtBy] of [
    ['writing whole records', Overwriting, 'save: fields another server saved since the load survive'],
    [
      'reviving deleted sessions',
      Reviving,
      'deleted stays deleted: save is gone, touch has no effect, and neither recreates anything',
    ],
    ['showing expired sessions', Unexpiring, 'load: found until the idle deadline, absent from it on'],
    [
      'moving deadlines backwards',
      Backwards,
      'touch: repeated or earlier, it never moves the deadline backwards',
    ],
    [
      'leaving the old id valid',
      Copying,
      'replace: the new key has the new identity and the changed fields, the old key is absent',
    ],
    [
      'taking over existing keys',
      Yielding,
      'create: a key that exists is SESSION_ID_TAKEN and changes nothing',
    ],
  ] as const) {
    test(`a store with the fault of ${fault} is caught`, async () => {
      assert.ok((await failures(Store)).includes(caughtBy))
    })
  }
})
