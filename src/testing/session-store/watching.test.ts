import { proveCases } from '../../../test/support/faulty-session-store.ts'
import type { Fault } from '../../../test/support/faulty-session-store.ts'
import { watchCases } from './watching.ts'

const watchedKeys = new Set<string>()

const faults: Readonly<Record<string, Fault>> = {
  'tells nobody': {
    instead: () => ({ watch: () => () => undefined }),
    caughtBy: 'watch: a session that is deleted, here or by another server, is told once, and no other is',
  },
  'tells twice': {
    instead: ({ store }) => ({
      watch: (key, onEnd) =>
        store.watch(key, () => {
          onEnd()
          onEnd()
        }),
    }),
    caughtBy: 'watch: a session that is deleted, here or by another server, is told once, and no other is',
  },
  'takes a renewal for an end': {
    instead: ({ store, sessions }) => ({
      watch(key, onEnd) {
        const timer = setInterval(() => {
          if (sessions.records.has(key)) return
          clearInterval(timer)
          onEnd()
        }, 1).unref()
        return store.watch('', () => undefined)
      },
    }),
    caughtBy: 'watch: a renewal is no end; the end of the successor is',
  },
  'goes on telling whoever stopped': {
    instead: ({ store }) => ({
      watch(key, onEnd) {
        store.watch(key, onEnd)
        return () => undefined
      },
    }),
    caughtBy: 'watch: whoever stopped is not told, as often as it stops, and others are',
  },
  'tells only of what was there when it was asked': {
    instead: ({ store, sessions, clock }) => ({
      watch: (key, onEnd) =>
        sessions.resolve(key, clock.now()) === undefined ? () => undefined : store.watch(key, onEnd),
    }),
    caughtBy: 'watch: a session that ended just before is told too',
  },
  'tells one watcher of a session only': {
    instead: ({ store }) => ({
      watch(key, onEnd) {
        if (watchedKeys.has(key)) return () => undefined
        watchedKeys.add(key)
        return store.watch(key, onEnd)
      },
    }),
    caughtBy: 'watch: everybody who watches a session is told of its end',
  },
  'tells all watchers of any end': {
    instead: ({ store, sessions }) => ({
      watch(key, onEnd) {
        const before = sessions.departures
        const timer = setInterval(() => {
          if (sessions.departures === before) return
          clearInterval(timer)
          onEnd()
        }, 1).unref()
        const stop = store.watch(key, () => undefined)
        return () => {
          clearInterval(timer)
          stop()
        }
      },
    }),
    caughtBy: 'watch: revokeAll by another server is told of every session, but not of the excepted one',
  },
}

// Only a fault takes long, so a right store is given time, and a faulty one little.
proveCases('watchCases', watchCases(10_000), faults, watchCases(150))
