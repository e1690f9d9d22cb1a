// The suite itself: a right store passes all of it. The faults that each of its files catches are in the test beside it;
// here are those of the classic promises.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  MemorySessions,
  MemorySessionStore,
  methodsOf,
  proveCases,
} from '../../test/support/faulty-session-store.ts'
import type { Right } from '../../test/support/faulty-session-store.ts'
import type { SessionRecord, SessionStore } from '../session/store.ts'
import { sessionStoreContract } from './session-store-contract.ts'
import { changeCases } from './session-store/changes.ts'
import { concurrencyCases } from './session-store/concurrency.ts'
import { expiryCases } from './session-store/expiry.ts'
import { lifecycleCases } from './session-store/lifecycle.ts'
import { recordCases } from './session-store/records.ts'
import { replaceCases } from './session-store/replace.ts'
import { valueCases } from './session-store/values.ts'
import { unwatchedCases } from './session-store/watching.ts'

describe('sessionStoreContract', () => {
  const shared = new MemorySessions()
  const open = (clock: ConstructorParameters<typeof MemorySessionStore>[1]) =>
    new MemorySessionStore(shared, clock)

  for (const { name, run } of sessionStoreContract({ open, watchWithinMs: 10_000 })) test(name, run)

  test('every case has a name of its own', () => {
    const names = sessionStoreContract({ open, watchWithinMs: 10_000 }).map(({ name }) => name)
    assert.equal(new Set(names).size, names.length)
  })
})

test('unwatchedCases: a store with a watch that its harness does not tell of is caught', async () => {
  const shared = new MemorySessions()
  const cases = sessionStoreContract({ open: (clock) => new MemorySessionStore(shared, clock) })
  const told = cases.find(({ name }) => name === unwatchedCases[0]?.name)
  assert.ok(told !== undefined)
  await assert.rejects(told.run(), { name: 'AssertionError' })
})

const classicCases = [
  ...recordCases,
  ...changeCases,
  ...replaceCases,
  ...expiryCases,
  ...valueCases,
  ...concurrencyCases,
  ...lifecycleCases,
]

/** A store that is given other fields than those it should keep, as one with bad quoting keeps them. */
function keeping(
  { store }: Right,
  other: (fields: ReadonlyMap<string, string>) => ReadonlyMap<string, string>,
): Partial<SessionStore> {
  return {
    create: (key, record) => store.create(key, { ...record, fields: other(record.fields) }),
    save: (key, change) => store.save(key, { ...change, set: other(change.set) }),
    replace: (oldKey, newKey, identity, change, forwarding) =>
      store.replace(oldKey, newKey, identity, { ...change, set: other(change.set) }, forwarding),
  }
}

/** What the faults below remember between their methods, as a process or a backend would. */
const loaded = new Map<string, SessionRecord>()
const deleted = new Map<string, SessionRecord>()
let creations = 0

proveCases('the classic cases', classicCases, {
  'writes whole records, as they were at the load': {
    instead: ({ store }) => ({
      async load(key) {
        const found = await store.load(key)
        if (found !== undefined) loaded.set(key, found)
        return found
      },
      async save(key, change) {
        const whole = new Map([...(loaded.get(key)?.fields ?? []), ...change.set])
        for (const name of change.remove) whole.delete(name)
        const now = (await store.load(key))?.fields.keys() ?? []
        return store.save(key, {
          ...change,
          set: whole,
          remove: new Set([...now].filter((name) => !whole.has(name))),
        })
      },
    }),
    caughtBy: 'save: fields another server saved since the load survive',
  },
  'revives deleted sessions': {
    instead: ({ store, clock }) => ({
      async save(key, change) {
        if ((await store.load(key)) === undefined) await store.create(key, blank(clock.now()))
        return store.save(key, change)
      },
      async touch(key, idleDeadlineMs) {
        if ((await store.load(key)) === undefined) await store.create(key, blank(clock.now()))
        await store.touch(key, idleDeadlineMs)
      },
    }),
    caughtBy: 'deleted stays deleted: save is gone, touch has no effect, and neither recreates anything',
  },
  'shows expired sessions until they are swept': {
    instead: ({ sessions }) => methodsOf(new MemorySessionStore(sessions, { now: () => 0 })),
    caughtBy: 'load: found until the idle deadline, absent from it on',
  },
  'moves deadlines backwards': {
    instead: ({ store, sessions, clock }) => {
      const shorten = (key: string) => {
        const record = sessions.records.get(key)
        if (record !== undefined) sessions.records.set(key, { ...record, idleDeadlineMs: clock.now() + 1 })
      }
      return {
        async touch(key, idleDeadlineMs) {
          shorten(key)
          await store.touch(key, idleDeadlineMs)
        },
        async save(key, change) {
          shorten(key)
          return store.save(key, change)
        },
        async replace(oldKey, ...rest) {
          shorten(oldKey)
          return store.replace(oldKey, ...rest)
        },
      }
    },
    caughtBy: 'touch: repeated or earlier, it never moves the deadline backwards',
  },
  'lets the idle deadline pass the absolute one': {
    instead: ({ store, sessions }) => ({
      async create(key, record) {
        await store.create(key, record)
        sessions.records.set(key, record)
      },
      async touch(key, idleDeadlineMs) {
        const record = sessions.records.get(key)
        if (record !== undefined) sessions.records.set(key, { ...record, idleDeadlineMs })
      },
    }),
    caughtBy: 'save, touch and replace: the idle deadline never passes the absolute one',
  },
  'leaves the old id valid': {
    instead: ({ store }) => ({
      async replace(oldKey, ...rest) {
        const found = await store.load(oldKey)
        const outcome = await store.replace(oldKey, ...rest)
        if (found !== undefined) await store.create(oldKey, found).catch(() => undefined)
        return outcome
      },
    }),
    caughtBy: 'deleted stays deleted: a save to the old key after replace is gone and reaches neither key',
  },
  'keeps the old identity at a sign-in': {
    instead: ({ store }) => ({
      async replace(oldKey, newKey, identity, ...rest) {
        return store.replace(oldKey, newKey, (await store.load(oldKey)) ?? identity, ...rest)
      },
    }),
    caughtBy: 'replace: a principal can be taken off again',
  },
  'moves the fields of the last load': {
    instead: ({ store }) => ({
      async load(key) {
        const found = await store.load(key)
        if (found !== undefined) loaded.set(key, found)
        return found
      },
      async replace(oldKey, newKey, identity, change, forwarding) {
        const set = new Map([...(loaded.get(oldKey)?.fields ?? []), ...change.set])
        for (const name of change.remove) set.delete(name)
        return store.replace(oldKey, newKey, identity, { ...change, set }, forwarding)
      },
    }),
    caughtBy: 'replace: carries over fields another server saved meanwhile',
  },
  'takes over existing keys': {
    instead: ({ store }) => ({
      async create(key, record) {
        await store.delete(key)
        await store.create(key, record)
      },
      async replace(oldKey, newKey, ...rest) {
        await store.delete(newKey)
        return store.replace(oldKey, newKey, ...rest)
      },
    }),
    caughtBy: 'create: a key that exists is SESSION_ID_TAKEN and changes nothing',
  },
  'looks whether a key is free, and takes it a moment later': {
    instead: ({ store, sessions }) => ({
      async create(key, record) {
        if ((await store.load(key)) !== undefined) await store.create(key, record)
        await Promise.resolve()
        sessions.records.set(key, record)
      },
    }),
    caughtBy: 'concurrent creates of one key: exactly one wins, the rest are SESSION_ID_TAKEN',
  },
  'loses a session now and then': {
    instead: ({ store }) => ({
      async create(key, record) {
        creations += 1
        if (creations % 10 > 0) await store.create(key, record)
      },
    }),
    caughtBy: 'concurrent creates: 100 sessions by two servers are all stored',
  },
  'takes a session without fields for absent': {
    instead: ({ store }) => ({
      async load(key) {
        const found = await store.load(key)
        return found?.fields.size === 0 ? undefined : found
      },
    }),
    caughtBy: 'create: a visitor without principal and without fields is found, not absent',
  },
  'makes up what is absent': {
    instead: ({ store, clock }) => ({ load: async (key) => (await store.load(key)) ?? blank(clock.now()) }),
    caughtBy: 'load: a key that was never created is absent',
  },
  'hides what is deleted, and gives it back to the next': {
    instead: ({ store }) => ({
      async delete(key) {
        const found = await store.load(key)
        if (found !== undefined) deleted.set(key, found)
        await store.delete(key)
      },
      create(key, record) {
        const fields = new Map([...(deleted.get(key)?.fields ?? []), ...record.fields])
        return store.create(key, { ...record, fields })
      },
    }),
    caughtBy: 'create: a key that was deleted starts empty',
  },
  'deletes everything, and complains when there is nothing': {
    instead: ({ sessions }) => ({
      async delete(key) {
        if (!sessions.records.has(key)) throw new Error(`nothing under ${key}`)
        sessions.records.clear()
      },
    }),
    caughtBy: 'delete: repeated, or of a key that never was, has no effect',
  },
  'shows what came before under a key': {
    instead: ({ store, sessions }) => ({
      create(key, record) {
        const fields = new Map([...(sessions.records.get(key)?.fields ?? []), ...record.fields])
        return store.create(key, { ...record, fields })
      },
    }),
    caughtBy: 'create: the key of an expired session is free, and nothing of the old one shows',
  },
  'forgets to whom a session belongs when it is used': {
    instead: ({ store, sessions }) => {
      const forget = (key: string) => {
        const record = sessions.records.get(key)
        if (record !== undefined)
          sessions.records.set(key, { ...record, principal: undefined, ip: undefined })
      }
      return {
        async save(key, change) {
          const outcome = await store.save(key, change)
          forget(key)
          return outcome
        },
        async touch(key, idleDeadlineMs) {
          await store.touch(key, idleDeadlineMs)
          forget(key)
        },
      }
    },
    caughtBy: 'save: leaves principal, device, address, creation and absolute deadline as they are',
  },
  'saves to every session at once': {
    instead: ({ store, sessions }) => ({
      async save(key, change) {
        const outcome = await store.save(key, change)
        for (const other of sessions.records.keys()) await store.save(other, change)
        return outcome
      },
    }),
    caughtBy: 'save: another session is not touched',
  },
  'deletes a session with its last field, and adds no field': {
    instead: ({ store }) => ({
      async save(key, change) {
        const before = (await store.load(key))?.fields
        const known = [...change.set].filter(([name]) => before?.has(name))
        const outcome = await store.save(key, { ...change, set: new Map(known) })
        if ((await store.load(key))?.fields.size === 0) await store.delete(key)
        return outcome
      },
    }),
    caughtBy: 'save: the last field may be removed; the session stays',
  },
  'saves field by field': {
    instead: ({ store }) => ({
      async save(key, change) {
        for (const [name, text] of change.set) {
          await store.save(key, { ...change, set: new Map([[name, text]]) })
          await new Promise<void>(setImmediate)
        }
        return store.save(key, change)
      },
    }),
    caughtBy: 'a save is seen whole or not at all by a server that loads meanwhile',
  },
  'reads a session and writes it back a moment later': {
    instead: ({ store, sessions }) => ({
      async save(key, change) {
        const before = sessions.records.get(key)
        const outcome = await store.save(key, change)
        if (before === undefined) return outcome
        await new Promise<void>(setImmediate)
        sessions.records.set(key, { ...before, fields: new Map([...before.fields, ...change.set]) })
        return outcome
      },
    }),
    caughtBy:
      'a delete amid saves of another server: what comes after it is gone, and the session stays absent',
  },
  'lets two servers sign one session in': {
    instead: ({ store }) => ({
      async replace(oldKey, newKey, identity, change) {
        const found = await store.load(oldKey)
        if (found === undefined) return 'gone'
        await store.create(newKey, { ...found, ...identity })
        await store.save(newKey, change)
        await store.delete(oldKey)
        return 'saved'
      },
    }),
    caughtBy: 'replace: of two servers at once, one wins and the other is told gone',
  },
  'keeps fields in a plain object': {
    instead: (right) =>
      keeping(right, (fields) => {
        const plain: Record<string, string> = {}
        for (const [name, text] of fields) plain[name] = text
        return new Map(Object.entries(plain))
      }),
    caughtBy: 'fields: any name is kept apart from every other and from what the store itself keeps',
  },
  'tidies values': {
    instead: (right) => keeping(right, (fields) => mapped(fields, (text) => text.trim())),
    caughtBy: 'fields: a value comes back as the very text that was stored',
  },
  'cuts long values': {
    instead: (right) => keeping(right, (fields) => mapped(fields, (text) => text.slice(0, 65_535))),
    caughtBy: 'fields: a value of 256 KB is kept whole, created, saved and replaced',
  },
  'cuts long sessions': {
    instead: (right) => keeping(right, (fields) => new Map([...fields].slice(0, 999))),
    caughtBy: 'fields: a session of 1,000 fields is kept whole',
  },
  'takes empty text for none': {
    instead: ({ store }) => ({
      create: (key, { principal, device, ip, ...rest }) =>
        store.create(key, {
          ...rest,
          principal: principal === '' ? undefined : principal,
          device: device === '' ? undefined : device,
          ip,
        }),
    }),
    caughtBy: 'principal: any text is kept, and the empty one is not a visitor',
  },
  'mixes up device and address': {
    instead: ({ store }) => ({
      create: (key, record) => store.create(key, { ...record, device: record.ip, ip: record.device }),
    }),
    caughtBy: 'device and ip: any text is kept, the empty one is not none, and one may be without the other',
  },
  'answers after it was closed': {
    instead: () => ({ close: async () => undefined }),
    caughtBy: 'close: every later call is STORE_UNAVAILABLE, never absent or gone',
  },
  'takes the backend down when it is closed': {
    instead: ({ store, sessions }) => ({
      async close() {
        sessions.records.clear()
        await store.close()
      },
    }),
    caughtBy: 'close: another server goes on undisturbed, and a new one finds what was stored',
  },
})

function blank(nowMs: number): SessionRecord {
  const owner = { principal: undefined, device: undefined, ip: undefined }
  const times = { createdAtMs: nowMs, absoluteDeadlineMs: nowMs + 1e9, idleDeadlineMs: nowMs + 1e6 }
  return { ...owner, ...times, fields: new Map() }
}

function mapped(
  fields: ReadonlyMap<string, string>,
  change: (text: string) => string,
): ReadonlyMap<string, string> {
  return new Map([...fields].map(([name, text]) => [name, change(text)]))
}
