// The PostgreSQL store: sessions in tables of one database, shared by any machines.
import type { RateCounter } from '../../rate-limit/store.ts'
import type { SessionStore, WatchingStore } from '../../session/store.ts'
import type { PostgresPool } from './client.ts'
import { openLink } from './open-link.ts'
import type { PlainPostgresOptions } from './open-link.ts'
import { statementsOn } from './statements.ts'
import { PostgresSessionStore } from './store.ts'

export { postgresIdempotencyStore } from './idempotency.ts'
export { postgresLeaseStore } from './lease.ts'
export { postgresTokenStore } from './tokens.ts'
export type { PostgresTokenOptions } from './tokens.ts'
export { checkFence, once, onceTables } from './once.ts'
export type { PostgresTransaction } from './once.ts'
export type { PlainPostgresOptions } from './open-link.ts'
export type { OnceOptions, OnceOutcome } from '../once.ts'
export type { PostgresAnswer, PostgresClient, PostgresPool, PostgresQuery } from './client.ts'

export interface PostgresStoreOptions extends PlainPostgresOptions {
  /**
   * Whether one connection more is kept for LISTEN while sessions are watched. `false` behind a pooler in transaction mode,
   * where it would hear nothing: ends are then noticed within `watchIntervalMs`. Default: as `prepare`.
   */
  readonly listen?: boolean
}

/**
 * Sessions in the PostgreSQL database at `postgres[ql]://[user[:password]@]host[:port]/database` (tested with 15; UTF8), or
 * reached through a `Pool` of the `pg` package, which stays its owner's to configure and to end: give it a
 * `connectionTimeoutMillis` and a `statement_timeout` of about `operationTimeoutMs`.
 *
 * Returns at once; connects, and makes the tables `drover_session`, `drover_rate` and `drover_schema`, on first use. Throws
 * OPTION_INVALID for a URL that is not one. The first use rejects with PEER_MISSING when a URL is given and the package `pg`
 * is not installed. A server that cannot be reached, hangs or answers an error is STORE_UNAVAILABLE (cause kept) within
 * `operationTimeoutMs`, never a crash; the store finds it again by itself.
 *
 * What is acknowledged is as durable as the database's `synchronous_commit` says. Times are milliseconds; their defaults,
 * and what each bounds, stand in defaults.ts.
 */
export function postgresSessionStore(
  urlOrPool: string | PostgresPool,
  options: PostgresStoreOptions = {},
): SessionStore & WatchingStore & RateCounter {
  const { prepare = true, listen = prepare, ...others } = options
  const opened = openLink(urlOrPool, { ...others, prepare })
  return new PostgresSessionStore({ ...opened, statements: statementsOn(opened.names), listen })
}
