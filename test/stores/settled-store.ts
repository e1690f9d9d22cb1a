// A store whose writes end only when every other store has been told of them: for tests that want to see them everywhere
// at once from stores that are told a moment later.
import type { RedisStore } from '../../src/stores/redis/index.ts'
import { newKey } from '../../src/testing/session-store/stage.ts'

/** Joins `everybody` until it is closed. */
export function settled(store: RedisStore, everybody: RedisStore[]): RedisStore {
  everybody.push(store)
  const after = async <T>(write: Promise<T>): Promise<T> => {
    try {
      return await write
    } finally {
      // Redis tells of a change before it answers what is asked after it, on the same connection.
      await Promise.all(everybody.map((other) => other.load(newKey())))
    }
  }
  return {
    load: (key) => store.load(key),
    create: (...given) => after(store.create(...given)),
    save: (...given) => after(store.save(...given)),
    replace: (...given) => after(store.replace(...given)),
    touch: (...given) => after(store.touch(...given)),
    delete: (key) => after(store.delete(key)),
    list: (tag) => store.list(tag),
    revokeAll: (...given) => after(store.revokeAll(...given)),
    watch: (...given) => store.watch(...given),
    readText: (key) => store.readText(key),
    deleteText: (key) => after(store.deleteText(key)),
    hit: (...given) => store.hit(...given),
    close: () => {
      const at = everybody.indexOf(store)
      if (at !== -1) everybody.splice(at, 1)
      return store.close()
    },
  }
}
