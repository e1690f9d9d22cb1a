// Every limit of the PostgreSQL store, by name (R7).

export interface PostgresLimits {
  /**
   * How long one call may take before it is STORE_UNAVAILABLE; the first ones wait for the connection within it. Also the
   * `statement_timeout` of the store's own connections, so that the server ends what nobody waits for any more.
   */
  readonly operationTimeoutMs: number
  /** How long an attempt to connect may take, TLS and password included. */
  readonly connectTimeoutMs: number
  /** How long the first use may take in the background: it may create the tables among racing servers. */
  readonly openTimeoutMs: number
  /** Connections of the store's own pool; one more while sessions are watched. */
  readonly maxConnections: number
  /** How long a connection of the store's own pool may be idle before it is closed. */
  readonly idleConnectionMs: number
  /** Calls that may wait for a connection; beyond it they are STORE_UNAVAILABLE at once. */
  readonly maxWaitingCalls: number
  /** So many failures in a row open the circuit breaker: calls then fail at once. */
  readonly failuresToOpen: number
  /** How long the breaker stays open before a call may probe the server. */
  readonly probeIntervalMs: number
  /** Mean time between two sweeps of what has expired by one server. */
  readonly sweepIntervalMs: number
  /** How often the connection that listens must show that it lives, and everything watched is looked at anyhow. */
  readonly watchIntervalMs: number
  /** Pause after the first failed attempt to listen; each further one doubles it. */
  readonly relistenPauseMs: number
  /** No pause between two attempts to listen is longer. */
  readonly maxRelistenPauseMs: number
}

export const postgresDefaults: PostgresLimits = {
  operationTimeoutMs: 500,
  connectTimeoutMs: 2_000,
  openTimeoutMs: 5_000,
  maxConnections: 10,
  idleConnectionMs: 30_000,
  maxWaitingCalls: 1_000,
  failuresToOpen: 5,
  probeIntervalMs: 250,
  sweepIntervalMs: 60_000,
  watchIntervalMs: 30_000,
  relistenPauseMs: 50,
  maxRelistenPauseMs: 2_000,
}

/** Expired rows looked at in one statement of a sweep: keeps its locks and its time short. */
export const sweepChunkSize = 200

/** Pause between two chunks of a sweep, so that it never holds the server for long. */
export const sweepPauseMs = 20

/** What expired is kept for so long still, because a server whose clock lags behind may serve it yet. */
export const sweepGraceMs = 60_000

/** A statement that PostgreSQL ended to break a deadlock is run so many times in all. */
export const mostRuns = 3

/** A session renewed more often than that while one call follows it is STORE_UNAVAILABLE. */
export const mostHops = 32
