// Every limit of the Redis store, by name (R7).

export interface RedisLimits {
  /** How long one call may take before it is STORE_UNAVAILABLE; the first ones wait for the connection within it. */
  readonly operationTimeoutMs: number
  /** How long each half of an attempt to connect may take: the TCP (and TLS) handshake, and Redis's greeting. */
  readonly connectTimeoutMs: number
  /** Pause after the first failed attempt to connect; each further one doubles it. */
  readonly reconnectPauseMs: number
  /** No pause between two attempts to connect is longer. */
  readonly maxReconnectPauseMs: number
  /** The same limit where a successor is looked for, behind Sentinels and in a Cluster: it is there within seconds. */
  readonly maxFailoverPauseMs: number
  /** Commands that may wait for their reply; beyond it calls are STORE_UNAVAILABLE at once. */
  readonly maxPendingCommands: number
  /** How often Sentinels are asked for the primary, beside what they tell by themselves. */
  readonly sentinelIntervalMs: number
  /** Pause before a Cluster is asked again who owns what, after a call that failed; each further one doubles it. */
  readonly clusterRefreshPauseMs: number
  /** How often servers must show that they live where cached or watched sessions rely on being told of changes. */
  readonly heartbeatIntervalMs: number
  /** How often a watched session is looked at where the server cannot tell of changes (an injected client). */
  readonly watchIntervalMs: number
  /** Failures in a row of an injected client after which calls fail at once, but for one probe per interval. */
  readonly failuresToOpen: number
  /** How long calls of an injected client fail at once before one may try it again. */
  readonly probeIntervalMs: number
}

export const redisDefaults: RedisLimits = {
  operationTimeoutMs: 500,
  connectTimeoutMs: 2_000,
  reconnectPauseMs: 50,
  maxReconnectPauseMs: 2_000,
  maxFailoverPauseMs: 500,
  maxPendingCommands: 10_000,
  sentinelIntervalMs: 1_000,
  clusterRefreshPauseMs: 100,
  heartbeatIntervalMs: 1_000,
  watchIntervalMs: 2_000,
  failuresToOpen: 5,
  probeIntervalMs: 1_000,
}

/** How long to wait for replicas, so that it is over before the operation's own time is. */
export const defaultReplicaTimeoutMs = 200

/** What every key begins with: `drover:session:{sha256 of the session id}`. */
export const defaultKeyPrefix = 'drover:session:'

/** The limits of the near cache. */
export interface NearCacheLimits {
  readonly maxSessions: number
  /** Of text and keys, counted at two bytes a character, and a flat amount for each session. */
  readonly maxBytes: number
}

export const nearCacheDefaults: NearCacheLimits = { maxSessions: 10_000, maxBytes: 64 * 1_024 * 1_024 }
