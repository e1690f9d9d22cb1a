// The memory store: sessions in this process alone, for development and tests.
import { systemClock } from '../../base/clock.ts'
import type { RateCounter } from '../../rate-limit/store.ts'
import type { SessionStore, WatchingStore } from '../../session/store.ts'
import { refuseWhereSeveralRun } from './alone.ts'
import type { MemoryStoreOptions } from './alone.ts'
import { MemorySessions } from './sessions.ts'
import { MemorySessionStore } from './store.ts'

export { refuseWhereSeveralRun } from './alone.ts'
export type { MemoryStoreOptions } from './alone.ts'
export { memoryIdempotencyStore } from './idempotency.ts'
export { memoryLeaseStore } from './lease.ts'
export { memoryTokenStore } from './tokens.ts'

/**
 * Sessions, and counts of rate limits, in the memory of this process: gone when it ends, unknown to every other. What has
 * expired is removed bit by bit as new ones come, so memory is bounded by how many live.
 *
 * Throws OPTION_INVALID where several instances could run (NODE_ENV is "production", or under `drover up`): each would
 * know only its own sessions, and sign out whoever reaches another.
 */
export function memorySessionStore(
  options: MemoryStoreOptions = {},
): SessionStore & WatchingStore & RateCounter {
  const { clock = systemClock, environment = process.env } = options
  refuseWhereSeveralRun(environment)
  return new MemorySessionStore(new MemorySessions(), clock)
}
