// The Redis store: sessions on one Redis server (6.2 or newer, or what speaks its protocol), shared by any machines.
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { DroverError } from '../../base/errors.ts'
import type { SessionStore } from '../../session/store.ts'
import { loadRedisPackage, redisConnector } from './client.ts'
import type { InjectedRedisClient } from './commands.ts'
import { defaultKeyPrefix, redisDefaults } from './defaults.ts'
import type { RedisLimits } from './defaults.ts'
import { InjectedLink } from './injected-link.ts'
import type { RedisLink } from './link.ts'
import { OwnedLink } from './owned-link.ts'
import { RedisSessionStore } from './store.ts'

export type { InjectedRedisClient } from './commands.ts'

export interface RedisStoreOptions extends Partial<RedisLimits> {
  /** Decides what has expired; Redis's own clock only decides when it is removed. Default: the system's. */
  readonly clock?: Clock
  /** In [0, 1): spreads the reconnects of many processes. Default: Math.random. */
  readonly random?: () => number
  /** What every key begins with. Default: 'drover:session:'. */
  readonly keyPrefix?: string
}

/**
 * Sessions on the Redis server at `redis[s]://[[user]:password@]host[:port][/database]`, or on a connected client of the
 * `redis` package (node-redis 6), which stays its owner's to connect and to close.
 *
 * Returns at once and connects on first use. Throws OPTION_INVALID for a URL that is not one. The first use rejects with
 * PEER_MISSING when a URL is given and the package `redis` is not installed. A server that cannot be reached, hangs or
 * answers an error is STORE_UNAVAILABLE (cause kept) within `operationTimeoutMs`, never a crash; the store finds it again
 * by itself. Commands are never queued for later. Times are milliseconds; defaults stand in defaults.ts.
 */
export function redisSessionStore(
  urlOrClient: string | InjectedRedisClient,
  options: RedisStoreOptions = {},
): SessionStore {
  const { clock = systemClock, random = Math.random, keyPrefix = defaultKeyPrefix, ...given } = options
  const limits: RedisLimits = { ...redisDefaults, ...given }
  const link =
    typeof urlOrClient === 'string'
      ? ownedLink(checkedUrl(urlOrClient), limits, random)
      : new InjectedLink(urlOrClient, limits)
  return new RedisSessionStore({ link, clock, keyPrefix })
}

function ownedLink(url: string, limits: RedisLimits, random: () => number): RedisLink {
  const loadConnector = async () => redisConnector(await loadRedisPackage(), url, limits)
  return new OwnedLink({ loadConnector, limits, random })
}

/** The URL's text is not shown: it may hold a password. */
function checkedUrl(url: string): string {
  const protocol = URL.canParse(url) ? new URL(url).protocol : undefined
  if (protocol === 'redis:' || protocol === 'rediss:') return url
  const came = protocol === undefined ? 'text that is no URL' : `protocol "${protocol}"`
  throw new DroverError('OPTION_INVALID', `Cannot use Redis URL: wanted redis://… or rediss://…, got ${came}`)
}
