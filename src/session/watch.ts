// Tells of a session's end: by the store's own word where it has one, else by asking it now and then.
import type { SessionStore, WatchingStore } from './store.ts'

/** How often a store that cannot tell by itself is asked. */
const askEveryMs = 2_000

/** Calls `onEnd` once the session under `key` is absent (at once for undefined); returns what stops that. */
export function watchSession(
  store: SessionStore & Partial<WatchingStore>,
  key: string | undefined,
  onEnd: () => void,
): () => void {
  if (key === undefined) {
    queueMicrotask(onEnd)
    return () => undefined
  }
  return store.watch === undefined ? askForEnd(store, key, onEnd) : store.watch(key, onEnd)
}

function askForEnd(store: SessionStore, key: string, onEnd: () => void): () => void {
  let current = key
  let timer: NodeJS.Timeout | undefined
  let isStopped = false
  const schedule = () => {
    if (isStopped) return
    timer = setTimeout(ask, askEveryMs)
    timer.unref()
  }
  const ask = () => {
    store.load(current).then(
      (found) => {
        if (isStopped) return
        if (found === undefined) {
          onEnd()
          return
        }
        current = found.successor?.key ?? current
        schedule()
      },
      // Unavailable is no end (R3): asked again.
      schedule,
    )
  }
  schedule()
  return () => {
    isStopped = true
    clearTimeout(timer)
  }
}
