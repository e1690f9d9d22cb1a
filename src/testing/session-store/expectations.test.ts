import { proveCases } from '../../../test/support/faulty-session-store.ts'
import type { Right } from '../../../test/support/faulty-session-store.ts'
import type { SessionChange, SessionStore } from '../../session/store.ts'
import { expectationCases } from './expectations.ts'

/** A store that is asked for another change than the one that was wanted. */
function asking({ store }: Right, other: (change: SessionChange) => SessionChange): Partial<SessionStore> {
  return {
    save: (key, change) => store.save(key, other(change)),
    replace: (oldKey, newKey, identity, change, forwarding) =>
      store.replace(oldKey, newKey, identity, other(change), forwarding),
  }
}

proveCases('expectationCases', expectationCases, {
  'expects nothing': {
    instead: (right) => asking(right, ({ set, remove, idleDeadlineMs }) => ({ set, remove, idleDeadlineMs })),
    caughtBy: 'expect: one field that is different or missing is a conflict, however many others are right',
  },
  'looks at the fields expected only': {
    instead: (right) => asking(right, (change) => ({ ...change, expectWhole: false })),
    caughtBy: 'expectWhole: met only when there is no other field',
  },
  'always expects the whole': {
    instead: (right) => asking(right, (change) => ({ ...change, expectWhole: true })),
    caughtBy: 'expect: met by the very text of each field, whatever other fields there are',
  },
  'takes an absent field for an empty one': {
    instead: ({ store }) => ({
      async save(key, change) {
        const fields = (await store.load(key))?.fields
        const met = [...(change.expect ?? [])].map(
          ([name, text]) =>
            [name, (text ?? '') === (fields?.get(name) ?? '') ? fields?.get(name) : text] as const,
        )
        return store.save(key, { ...change, expect: new Map(met) })
      },
    }),
    caughtBy: 'expect: undefined is met by an absent field only',
  },
  'keeps expectations in a plain object': {
    instead: (right) =>
      asking(right, (change) => {
        const plain: Record<string, string | undefined> = {}
        for (const [name, text] of change.expect ?? []) plain[name] = text
        return { ...change, expect: new Map(Object.entries(plain)) }
      }),
    caughtBy: 'expect: any name and any text are compared as they are',
  },
  'moves the deadline in spite of a conflict': {
    instead: ({ store }) => ({
      async save(key, change) {
        await store.touch(key, change.idleDeadlineMs)
        return store.save(key, change)
      },
      async replace(oldKey, newKey, identity, change, forwarding) {
        await store.touch(oldKey, change.idleDeadlineMs)
        return store.replace(oldKey, newKey, identity, change, forwarding)
      },
    }),
    caughtBy: 'expect: a conflict writes nothing: no field set, removed or added to, and no deadline moved',
  },
  'tells a conflict of what is absent': {
    instead: ({ store }) => ({
      async save(key, change) {
        const outcome = await store.save(key, change)
        return outcome === 'gone' && change.expect !== undefined ? 'conflict' : outcome
      },
      async replace(oldKey, newKey, identity, change, forwarding) {
        const outcome = await store.replace(oldKey, newKey, identity, change, forwarding)
        return outcome === 'gone' ? 'conflict' : outcome
      },
    }),
    caughtBy: 'expect: an absent session is gone, never a conflict, and nothing is created',
  },
  'compares first and writes a moment later': {
    instead: ({ store }) => ({
      async save(key, change) {
        const outcome = await store.save(key, {
          ...change,
          set: new Map(),
          remove: new Set(),
          add: new Map(),
        })
        const { expect: _, expectWhole: __, ...unconditional } = change
        return outcome === 'saved' ? store.save(key, unconditional) : outcome
      },
    }),
    caughtBy: 'expect: two servers that compare and set at once never both win',
  },
})
