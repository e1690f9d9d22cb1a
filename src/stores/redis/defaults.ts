// Every limit of the Redis store, by name (R7).

export interface RedisLimits {
  /** How long one call may take before it is STORE_UNAVAILABLE; the first ones wait for the connection within it. */
  readonly operationTimeoutMs: number
  /** How long each half of an attempt to connect may take: the TCP (and TLS) handshake, and Redis's greeting. */
  readonly connectTimeoutMs: number
  /** Pause after the first failed attempt to connect; each further one doubles it. */
  readonly reconnectPauseMs: number
  readonly maxReconnectPauseMs: number
  /** Commands that may wait for their reply; beyond it calls are STORE_UNAVAILABLE at once. */
  readonly maxPendingCommands: number
}

export const redisDefaults: RedisLimits = {
  operationTimeoutMs: 500,
  connectTimeoutMs: 2_000,
  reconnectPauseMs: 50,
  maxReconnectPauseMs: 2_000,
  maxPendingCommands: 10_000,
}

/** What every key begins with: `drover:session:{sha256 of the session id}`. */
export const defaultKeyPrefix = 'drover:session:'
