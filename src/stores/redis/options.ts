// What a user may say about a Redis store: read, checked and completed once.
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { DroverError } from '../../base/errors.ts'
import { defaultKeyPrefix, nearCacheDefaults, redisDefaults } from './defaults.ts'
import type { NearCacheLimits, RedisLimits } from './defaults.ts'

export interface RedisStoreOptions extends Partial<RedisLimits> {
  /** Decides what has expired; Redis's own clock only decides when it is removed. Default: the system's. */
  readonly clock?: Clock
  /** In [0, 1): spreads the reconnects of many processes. Default: Math.random. */
  readonly random?: () => number
  /** What every key begins with. Default: 'drover:session:'. */
  readonly keyPrefix?: string
  /**
   * How many replicas must have a sign-in, a renewal, a deletion or a revocation before it is acknowledged (WAIT), so that
   * it outlives the primary. Too few in time is STORE_UNAVAILABLE, the outcome unknown. Saves of fields do not wait: those
   * of the last moment before a failover may be lost. With 1, what a primary acknowledges is safe when it dies or hangs; a
   * failover that an operator asks Sentinel for promotes while the primary still takes writes, so name all its replicas
   * where that is done. A primary without a replica acknowledges none of them. Default: 1 with Sentinels or a Cluster, else 0.
   */
  readonly waitForReplicas?: number
  /**
   * Keeps sessions that were read in this process, so that reading them again asks nobody: Redis tells when one changes
   * (RESP3, CLIENT TRACKING), within milliseconds. The cache is emptied when a connection is lost. A server that dies
   * without a word is noticed after `heartbeatIntervalMs` and `operationTimeoutMs`, and until then what it knew is used.
   * `true` stands for 10,000 sessions and 64 MiB. Default: off. Not with an injected client.
   */
  readonly nearCache?: boolean | Partial<NearCacheLimits>
  /** How the Sentinels themselves let in, where they ask for it. The URL's credentials are those of the Redis servers. */
  readonly sentinelCredentials?: { readonly username?: string; readonly password: string }
}

/** The options with their defaults. */
export interface RedisSettings {
  readonly limits: RedisLimits
  readonly clock: Clock
  readonly random: () => number
  readonly keyPrefix: string
  /** Undefined: as the kind of address suggests. */
  readonly waitForReplicas: number | undefined
  readonly nearCache: NearCacheLimits | undefined
  readonly sentinelAccess: { readonly username: string | undefined; readonly password: string | undefined }
}

/** Throws OPTION_INVALID. */
export function readOptions(options: RedisStoreOptions): RedisSettings {
  const {
    clock = systemClock,
    random = Math.random,
    keyPrefix = defaultKeyPrefix,
    waitForReplicas,
    nearCache,
    sentinelCredentials,
    ...given
  } = options
  if (waitForReplicas !== undefined) checkWhole('waitForReplicas', waitForReplicas, 0)
  return {
    limits: { ...redisDefaults, ...given },
    clock,
    random,
    keyPrefix,
    waitForReplicas,
    nearCache: readNearCache(nearCache),
    sentinelAccess: { username: sentinelCredentials?.username, password: sentinelCredentials?.password },
  }
}

function readNearCache(option: RedisStoreOptions['nearCache']): NearCacheLimits | undefined {
  if (option === undefined || option === false) return undefined
  const limits = option === true ? nearCacheDefaults : { ...nearCacheDefaults, ...option }
  checkWhole('nearCache.maxSessions', limits.maxSessions, 1)
  checkWhole('nearCache.maxBytes', limits.maxBytes, 1)
  return limits
}

/** For a client somebody else made: its connections are not ours to have tracked. */
export function noNearCache(): DroverError {
  const message =
    'Cannot use option nearCache: wanted a URL, whose connections the store can track, got an injected client'
  return new DroverError('OPTION_INVALID', message)
}

function checkWhole(name: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return
  const wanted = `wanted a whole number of at least ${least}`
  throw new DroverError('OPTION_INVALID', `Cannot use option ${name}: ${wanted}, got ${value}`)
}
