import { proveCases } from '../../../test/support/faulty-session-store.ts'
import type { SessionChange } from '../../session/store.ts'
import { additionCases } from './additions.ts'

function withoutAdd(change: SessionChange): SessionChange {
  const { add: _, ...rest } = change
  return rest
}

/** The sums as JavaScript comes to them, unchecked. */
function asSet(change: SessionChange, fields: ReadonlyMap<string, string> = new Map()): SessionChange {
  const sums = [...(change.add ?? [])].map(
    ([name, by]) => [name, String(Number(fields.get(name) ?? 0) + by)] as const,
  )
  return { ...withoutAdd(change), set: new Map([...change.set, ...sums]) }
}

proveCases('additionCases', additionCases, {
  'adds nothing': {
    instead: ({ store }) => ({
      save: (key, change) => store.save(key, withoutAdd(change)),
      replace: (oldKey, newKey, identity, change, forwarding) =>
        store.replace(oldKey, newKey, identity, withoutAdd(change), forwarding),
    }),
    caughtBy: 'add: the sum as decimal digits; an absent field counts as 0, and others stay as they are',
  },
  'reads before it writes, and checks no sum': {
    instead: ({ store }) => ({
      async save(key, change) {
        const found = await store.load(key)
        return store.save(key, asSet(change, found?.fields))
      },
      async replace(oldKey, newKey, identity, change, forwarding) {
        const found = await store.load(oldKey)
        return store.replace(oldKey, newKey, identity, asSet(change, found?.fields), forwarding)
      },
    }),
    caughtBy: 'add: 1,000 at once by each of two servers end at exactly 2,000',
  },
  'writes the rest before it finds a sum invalid': {
    instead: ({ store }) => ({
      async save(key, change) {
        const outcome = await store.save(key, withoutAdd(change))
        return outcome === 'saved' ? store.save(key, change) : outcome
      },
    }),
    caughtBy: 'add: one sum that is invalid keeps the whole change from being written',
  },
  'counts for a session that is absent': {
    instead: ({ store }) => ({
      save: (key, change) =>
        store
          .save(key, change)
          .then((outcome) => (outcome === 'gone' && change.add !== undefined ? 'saved' : outcome)),
    }),
    caughtBy: 'add: to an absent session is gone, and nothing is created',
  },
})
