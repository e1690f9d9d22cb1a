// Every limit of the SQLite store, by name (R7).

export interface SqliteLimits {
  /** How long one call may take before it is STORE_UNAVAILABLE. */
  readonly operationTimeoutMs: number
  /** How long the first use may take: it starts the writer thread and may create the file among racing processes. */
  readonly openTimeoutMs: number
  /** How long the writer thread waits for another process's transaction. Below operationTimeoutMs, so that it can say why. */
  readonly busyTimeoutMs: number
  /** Calls a process may have waiting for its writer thread; beyond it they are STORE_UNAVAILABLE at once. */
  readonly maxPendingWrites: number
  /** Mean time between two sweeps of expired sessions by one process. */
  readonly sweepIntervalMs: number
}

export const sqliteDefaults: SqliteLimits = {
  operationTimeoutMs: 1_000,
  openTimeoutMs: 5_000,
  busyTimeoutMs: 250,
  maxPendingWrites: 10_000,
  sweepIntervalMs: 60_000,
}

/** Writes done in one transaction at most: keeps the time others wait for the lock short. */
export const maxBatchSize = 128

/** Expired sessions removed in one transaction: with a handful of fields each, about 100 rows. */
export const sweepChunkSize = 20

/** Counts that are over removed in one transaction: one small row each. */
export const rateSweepChunkSize = 200

/** Pause between two chunks of a sweep, so that it never holds the writer for long. */
export const sweepPauseMs = 20

/** Pause before a read, or the first opening, that met a lock is tried again. */
export const retryPauseMs = 4
