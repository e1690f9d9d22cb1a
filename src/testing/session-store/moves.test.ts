import { proveCases } from '../../../test/support/faulty-session-store.ts'
import { moveCases } from './moves.ts'

proveCases('moveCases', moveCases, {
  'copies first and deletes a moment later': {
    instead: ({ store }) => ({
      async replace(oldKey, newKey, identity, change, forwarding) {
        const found = await store.load(oldKey)
        if (found === undefined) return 'gone'
        await store.create(newKey, { ...found, ...identity })
        await store.save(newKey, change)
        await store.delete(oldKey)
        return forwarding === undefined
          ? 'saved'
          : store.replace(newKey, newKey, identity, change, forwarding)
      },
    }),
    caughtBy: 'replace: amid saves of another server, signing in and out loses none that was acknowledged',
  },
  'tells a save gone that comes by an old key': {
    instead: ({ store, sessions, clock }) => ({
      save: async (key, change) => (sessions.mark(key, clock.now()) ? 'gone' : store.save(key, change)),
    }),
    caughtBy: 'forwarding: amid saves of another server, every one is saved, before the renewal or after',
  },
})
