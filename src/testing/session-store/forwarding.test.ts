import { proveCases } from '../../../test/support/faulty-session-store.ts'
import type { LoadedSession } from '../../session/store.ts'
import { forwardingCases } from './forwarding.ts'

const copies = new Map<string, LoadedSession>()

proveCases('forwardingCases', forwardingCases, {
  'forwards nothing': {
    instead: ({ store }) => ({
      replace: (oldKey, newKey, identity, change) => store.replace(oldKey, newKey, identity, change),
    }),
    caughtBy: "forwarding: the old key loads its successor's record, and where that is",
  },
  'forwards for ever': {
    instead: ({ store }) => ({
      replace: (oldKey, newKey, identity, change, forwarding) =>
        store.replace(oldKey, newKey, identity, change, forwarding && { ...forwarding, untilMs: 8e15 }),
    }),
    caughtBy: 'forwarding: from its end on the old key is absent in every way; the successor lives on',
  },
  'forwards reads only': {
    instead: ({ store, sessions, clock }) => ({
      save: async (key, change) => (sessions.mark(key, clock.now()) ? 'gone' : store.save(key, change)),
      replace: async (oldKey, ...rest) =>
        sessions.mark(oldKey, clock.now()) ? 'gone' : store.replace(oldKey, ...rest),
      async touch(key, idleDeadlineMs) {
        if (sessions.mark(key, clock.now()) === undefined) await store.touch(key, idleDeadlineMs)
      },
      async delete(key) {
        if (sessions.mark(key, clock.now()) === undefined) await store.delete(key)
        else sessions.marks.delete(key)
      },
    }),
    caughtBy: 'forwarding: save by the old key changes the successor, expectations and sums included',
  },
  'keeps a copy under the old key': {
    instead: ({ store, sessions, clock }) => {
      return {
        async load(key) {
          const found = await store.load(key)
          const mark = sessions.mark(key, clock.now())
          return found ?? (mark && copies.get(mark.successor))
        },
        async replace(oldKey, newKey, ...rest) {
          const outcome = await store.replace(oldKey, newKey, ...rest)
          const moved = await store.load(newKey)
          if (moved !== undefined) copies.set(newKey, moved)
          return outcome
        },
      }
    },
    caughtBy: 'forwarding: a successor that was deleted makes the old key absent, and nothing revives it',
  },
  'follows one forwarding and no more': {
    instead: ({ store, sessions, clock }) => ({
      async load(key) {
        const mark = sessions.mark(key, clock.now())
        return mark === undefined || sessions.records.has(mark.successor) ? store.load(key) : undefined
      },
    }),
    caughtBy: 'forwarding: one after another, each key leads to the last until its own way ends',
  },
  'tells a successor of every key': {
    instead: ({ store }) => ({
      async load(key) {
        const found = await store.load(key)
        return found && { ...found, successor: found.successor ?? { key, sealedId: '' } }
      },
    }),
    caughtBy: "forwarding: the old key loads its successor's record, and where that is",
  },
  'makes the sealed id its own': {
    instead: ({ store }) => ({
      replace: (oldKey, newKey, identity, change, forwarding) => {
        const mark = forwarding && { ...forwarding, sealedId: forwarding.sealedId.trim() }
        return store.replace(oldKey, newKey, identity, change, mark)
      },
    }),
    caughtBy: 'forwarding: the sealed id is opaque text and comes back as it was',
  },
  'gives a forwarded key away': {
    instead: ({ store, sessions }) => ({
      create(key, record) {
        sessions.marks.delete(key)
        return store.create(key, record)
      },
      replace(oldKey, newKey, ...rest) {
        sessions.marks.delete(newKey)
        return store.replace(oldKey, newKey, ...rest)
      },
    }),
    caughtBy: 'forwarding: a key that is forwarded is SESSION_ID_TAKEN for a new session until that ends',
  },
})
