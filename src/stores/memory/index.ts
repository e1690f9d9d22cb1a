// The memory store: sessions in this process alone, for development and tests.
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { DroverError } from '../../base/errors.ts'
import { instanceVariable } from '../../base/wire.ts'
import type { RateCounter } from '../../rate-limit/store.ts'
import type { SessionStore, WatchingStore } from '../../session/store.ts'
import { MemorySessions } from './sessions.ts'
import { MemorySessionStore } from './store.ts'

export interface MemoryStoreOptions {
  /** Decides what has expired. Default: the system's. */
  readonly clock?: Clock
  /** Where it is read whether several instances could run. Default: process.env. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

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

/** Throws OPTION_INVALID, saying why, where sessions in memory would be unknown to other instances. */
export function refuseWhereSeveralRun(environment: Readonly<Record<string, string | undefined>>): void {
  const reason = whySeveral(environment)
  if (reason === undefined) return
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot keep sessions in memory: ${reason}, so there may be other instances, which would know none of them; ` +
      'wanted a store that all instances share, such as "sqlite:PATH", "redis://HOST:PORT" or "postgres://HOST/NAME"',
  )
}

/** Why several instances could run, or undefined when this process is alone for all that can be known. */
function whySeveral(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  if (environment[instanceVariable] !== undefined) {
    return `${instanceVariable} is set, as it is by "drover up"`
  }
  return environment['NODE_ENV'] === 'production' ? 'NODE_ENV is "production"' : undefined
}
