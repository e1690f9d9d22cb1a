// A start that nobody waits for any longer than there is time.
import type { Servers } from './servers.ts'

/** Rejects as `start` does, and with the signal's reason; servers that get ready after that are stopped. */
export async function startUntil(signal: AbortSignal, start: () => Promise<Servers>): Promise<Servers> {
  signal.throwIfAborted()
  const starting = start()
  const { promise: late, reject } = Promise.withResolvers<never>()
  const abort = () => {
    void starting.then(
      (servers) => servers.stop(),
      () => undefined,
    )
    reject(signal.reason)
  }
  signal.addEventListener('abort', abort, { once: true })
  try {
    return await Promise.race([starting, late])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
