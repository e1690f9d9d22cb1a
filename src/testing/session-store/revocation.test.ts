import { proveCases } from '../../../test/support/faulty-session-store.ts'
import { tagOf } from '../../session/id.ts'
import type { SessionRecord } from '../../session/store.ts'
import { revocationCases } from './revocation.ts'

/** What the faults below remember between their methods, as a backend would. */
const revoked = new Map<string, SessionRecord>()
const revokedTags = new Set<string>()
const exempt = new Set<string>()

proveCases('revocationCases', revocationCases, {
  'revokes nothing': {
    instead: () => ({ revokeAll: async () => undefined }),
    caughtBy: "revokeAll: every session of the principal is absent for every server, nobody else's is",
  },
  'revokes everybody': {
    instead: ({ sessions }) => ({
      async revokeAll() {
        sessions.records.clear()
      },
    }),
    caughtBy: "revokeAll: every session of the principal is absent for every server, nobody else's is",
  },
  'makes no exception': {
    instead: ({ store }) => ({ revokeAll: (tag) => store.revokeAll(tag) }),
    caughtBy: 'revokeAll: but for the excepted session, which keeps all it has',
  },
  'hides what is revoked from reads only': {
    instead: ({ store }) => ({
      async revokeAll(tag, exceptKey) {
        for (const { key } of await store.list(tag)) {
          const record = key === exceptKey ? undefined : await store.load(key)
          if (record !== undefined) revoked.set(key, record)
        }
        await store.revokeAll(tag, exceptKey)
      },
      async save(key, change) {
        const record = revoked.get(key)
        revoked.delete(key)
        if (record !== undefined) await store.create(key, record)
        return store.save(key, change)
      },
    }),
    caughtBy: 'revoked stays revoked: slower requests are told gone, and none of them brings anything back',
  },
  'exempts the excepted session for ever': {
    instead: ({ store, sessions }) => ({
      async replace(oldKey, newKey, ...rest) {
        if (exempt.has(oldKey)) exempt.add(newKey)
        return store.replace(oldKey, newKey, ...rest)
      },
      async revokeAll(tag, exceptKey) {
        if (exceptKey !== undefined) exempt.add(exceptKey)
        for (const key of sessions.records.keys()) {
          if (tagOf(key) === tag && !exempt.has(key)) sessions.remove(key)
        }
      },
    }),
    caughtBy: 'revokeAll: the excepted session can still be saved, renewed and, another time, revoked',
  },
  'revokes nothing when the exception is not of the principal': {
    instead: ({ store }) => ({
      async revokeAll(tag, exceptKey) {
        const listed = await store.list(tag)
        if (exceptKey === undefined || listed.some(({ key }) => key === exceptKey)) {
          await store.revokeAll(tag, exceptKey)
        }
      },
    }),
    caughtBy: "revokeAll: a key that is absent, a visitor's or another principal's excepts nothing",
  },
  'revokes a principal for ever': {
    instead: ({ store }) => ({
      async create(key, record) {
        await store.create(key, record)
        if (revokedTags.has(tagOf(key) ?? '')) await store.delete(key)
      },
      async revokeAll(tag, exceptKey) {
        revokedTags.add(tag)
        await store.revokeAll(tag, exceptKey)
      },
    }),
    caughtBy: 'revokeAll: sessions that begin afterwards live, created or signed in, until the next',
  },
  'does not look where an excepted key leads': {
    instead: ({ store, sessions }) => ({
      revokeAll: (tag, exceptKey) =>
        store.revokeAll(tag, sessions.records.has(exceptKey ?? '') ? exceptKey : undefined),
    }),
    caughtBy: 'revokeAll: an old key that is forwarded excepts its successor',
  },
  'lists first and deletes one by one': {
    instead: ({ store }) => ({
      async revokeAll(tag, exceptKey) {
        for (const { key } of await store.list(tag)) {
          await Promise.resolve()
          if (key !== exceptKey) await store.delete(key)
        }
      },
    }),
    caughtBy: 'revokeAll: amid renewals by another server, no session outlives it under any key',
  },
})
