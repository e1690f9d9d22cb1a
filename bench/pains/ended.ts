// Whether a session that was ended still lets somebody in.
import { setTimeout as pause } from 'node:timers/promises'
import { revocationPatienceMs } from './scenario.ts'
import type { Visitor } from './visitor.ts'

const pollMs = 2

/** For how long it went on letting them in, or undefined if it still does at the end of our patience. */
export async function acceptedForMs(visitor: Visitor, origin: string): Promise<number | undefined> {
  const startMs = performance.now()
  for (;;) {
    const askedMs = performance.now()
    // Each look is with the same cookies: what the server gives in return is not kept.
    const { principal } = await visitor.copy().read(origin)
    if (principal === undefined) return askedMs - startMs
    if (askedMs - startMs > revocationPatienceMs) return undefined
    await pause(pollMs)
  }
}
