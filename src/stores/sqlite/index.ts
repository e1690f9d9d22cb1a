// The embedded store: sessions in one SQLite file, shared by every process of the machine.
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import type { RateCounter } from '../../rate-limit/store.ts'
import type { SessionStore, WatchingStore } from '../../session/store.ts'
import { sharedPath } from './database.ts'
import { sqliteDefaults } from './defaults.ts'
import type { SqliteLimits } from './defaults.ts'
import { SqliteSessionStore } from './store.ts'

export { sqliteIdempotencyStore } from './idempotency.ts'
export type { SqliteIdempotencyOptions } from './idempotency.ts'
export { sqliteLeaseStore } from './lease.ts'
export type { SqliteLeaseOptions } from './lease.ts'
export { sqliteTokenStore } from './tokens.ts'
export type { SqliteTokenOptions } from './tokens.ts'
export { checkFence, once, onceTables } from './once.ts'
export type { OnceOptions, OnceOutcome } from '../once.ts'

export interface SqliteStoreOptions extends Partial<SqliteLimits> {
  /** Decides what has expired. Default: the system's. */
  readonly clock?: Clock
  /** In [0, 1): spreads the sweeps of many processes. Default: Math.random. */
  readonly random?: () => number
}

/**
 * Sessions, and counts of rate limits, in the SQLite file `path` (relative paths: to the folder the process was started in), through node:sqlite in
 * WAL mode. Any number of processes of one machine may share it; killing one at any moment loses no acknowledged write.
 * (`synchronous=NORMAL`: a power cut may lose the last moments, never the file.) Not for network file systems.
 *
 * Returns at once; folder (mode 0700), file (0600) and writer thread come with the first use. A path that cannot be
 * used, or a file of a newer Drover, therefore shows as STORE_UNAVAILABLE of that use, naming path and reason, and is
 * tried again by the next. Throws OPTION_INVALID for a path that no other process could share (`''`, `':memory:'`).
 *
 * Reads run on the calling thread (microseconds, never waiting for a writer); writes in one worker thread per store.
 * It never keeps a process alive that has nothing to wait for. Times are milliseconds; their defaults, and what each
 * bounds, stand in defaults.ts.
 */
export function sqliteSessionStore(
  path: string,
  options: SqliteStoreOptions = {},
): SessionStore & WatchingStore & RateCounter {
  const { clock = systemClock, random = Math.random, ...limits } = options
  return new SqliteSessionStore({
    path: sharedPath(path),
    clock,
    random,
    limits: { ...sqliteDefaults, ...limits },
  })
}
