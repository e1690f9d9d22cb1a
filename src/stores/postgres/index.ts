// The PostgreSQL store: sessions in tables of one database, shared by any machines.
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import type { RateCounter } from '../../rate-limit/store.ts'
import type { SessionStore, WatchingStore } from '../../session/store.ts'
import type { PostgresPool } from './client.ts'
import { postgresDefaults } from './defaults.ts'
import type { PostgresLimits } from './defaults.ts'
import { PostgresLink } from './link.ts'
import { checkedSchema, poolOf } from './pool.ts'
import { migrate } from './schema.ts'
import { namesIn, statementsOn } from './statements.ts'
import { PostgresSessionStore } from './store.ts'

export { postgresIdempotencyStore } from './idempotency.ts'
export { postgresLeaseStore } from './lease.ts'
export { checkFence, once, onceTables } from './once.ts'
export type { PostgresTransaction } from './once.ts'
export type { PlainPostgresOptions } from './plain-link.ts'
export type { OnceOptions, OnceOutcome } from '../once.ts'
export type { PostgresAnswer, PostgresClient, PostgresPool, PostgresQuery } from './client.ts'

export interface PostgresStoreOptions extends Partial<PostgresLimits> {
  /** Decides what has expired; PostgreSQL's own clock is never asked. Default: the system's. */
  readonly clock?: Clock
  /** In [0, 1): spreads the sweeps and reconnects of many servers. Default: Math.random. */
  readonly random?: () => number
  /** The schema that the tables are in, made if need be. Default: the first of the connection's search path. */
  readonly schema?: string
  /**
   * Whether statements are prepared once per connection, under a name, and connections have a `statement_timeout`. `false`
   * behind a pooler in transaction mode, such as PgBouncer: statements are then parsed each time, and a
   * `statement_timeout` is the role's to have (PgBouncer from 1.21 on can prepare; it then needs `statement_timeout` among
   * its `ignore_startup_parameters`). Default: true.
   */
  readonly prepare?: boolean
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
  const { clock = systemClock, random = Math.random, schema, ...others } = options
  const { prepare = true, listen = prepare, ...given } = others
  const limits: PostgresLimits = { ...postgresDefaults, ...given }
  const names = namesIn(checkedSchema(schema))
  const link = new PostgresLink({
    ...poolOf(urlOrPool, limits, prepare),
    prepareTables: (client) => migrate(client, { names, schema, openTimeoutMs: limits.openTimeoutMs }),
    prepare,
    limits,
  })
  const statements = statementsOn(names)
  return new PostgresSessionStore({ link, names, statements, clock, random, limits, listen })
}
