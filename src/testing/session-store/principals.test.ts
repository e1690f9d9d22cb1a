import { proveCases } from '../../../test/support/faulty-session-store.ts'
import type { Right } from '../../../test/support/faulty-session-store.ts'
import { principalTag, tagOf } from '../../session/id.ts'
import type { ListedSession, SessionRecord } from '../../session/store.ts'
import { principalCases } from './principals.ts'

/** Every record of which `isListed` is true, whatever became of it, the newest first. */
function listOf(
  { sessions }: Right,
  isListed: (key: string, record: SessionRecord) => boolean,
): readonly ListedSession[] {
  const listed: ListedSession[] = []
  for (const [key, record] of sessions.records) {
    const { fields: _, ...rest } = record
    if (isListed(key, record)) listed.push({ key, ...rest })
  }
  return listed.toSorted((one, other) => other.createdAtMs - one.createdAtMs)
}

proveCases('principalCases', principalCases, {
  'lists nothing': {
    instead: () => ({ list: async () => [] }),
    caughtBy: 'list: two servers that sign a principal in at once are both in it',
  },
  'lists everybody': {
    instead: (right) => ({ list: async () => listOf(right, () => true) }),
    caughtBy: 'list: empty for a principal without sessions',
  },
  'lists by the name in the record, not by the key': {
    instead: (right) => ({
      list: async (tag) =>
        listOf(right, (_, { principal }) => principal !== undefined && principalTag(principal) === tag),
    }),
    caughtBy: "list: never shows another principal's session, nor one under a visitor's key",
  },
  'lists what expired, and without bound': {
    instead: (right) => ({ list: async (tag) => listOf(right, (key) => tagOf(key) === tag) }),
    caughtBy: 'list: only live sessions, not deleted ones and none from its idle or absolute deadline on',
  },
  'lists the oldest first': {
    instead: ({ store }) => ({ list: async (tag) => (await store.list(tag)).toReversed() }),
    caughtBy: 'list: device, address, creation and deadlines of each session, the newest first',
  },
  'lists the fields too': {
    instead: ({ store, sessions }) => ({
      list: async (tag) =>
        (await store.list(tag)).map((one) => Object.assign({}, sessions.records.get(one.key), one)),
    }),
    caughtBy: 'list: device, address, creation and deadlines of each session, the newest first',
  },
  'lists sessions as they were when they came': {
    instead: ({ store, sessions }) => ({
      save: (key, change) => store.save(key, { ...change, idleDeadlineMs: 0 }),
      async touch(key) {
        sessions.records.get(key)
      },
    }),
    caughtBy: 'list: shows the idle deadline to where touch and save moved it',
  },
  'still lists who signed out or renewed': {
    instead: ({ store }) => ({
      async replace(oldKey, ...rest) {
        const found = await store.load(oldKey)
        const outcome = await store.replace(oldKey, ...rest)
        if (found !== undefined) await store.create(oldKey, found).catch(() => undefined)
        return outcome
      },
    }),
    caughtBy: 'list: a sign-in enters it, another principal takes it over, a sign-out leaves it',
  },
  'lists a renewed session under its old key too': {
    instead: ({ store, sessions }) => ({
      async list(tag) {
        const listed = await store.list(tag)
        const old = listed.flatMap((one) =>
          [...sessions.marks].flatMap(([key, { successor }]) =>
            successor === one.key ? [{ ...one, key }] : [],
          ),
        )
        return [...listed, ...old]
      },
    }),
    caughtBy: 'list: a renewed session is in it once, under its new key',
  },
  'revokes only what it lists': {
    instead: ({ store }) => ({
      async revokeAll(tag) {
        for (const { key } of await store.list(tag)) await store.delete(key)
      },
    }),
    caughtBy: 'list: of more than 1000 sessions the newest; revokeAll reaches those it left out',
  },
})
