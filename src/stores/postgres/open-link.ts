// Opens the way to PostgreSQL, and reads what every store on it may be told. Nothing connects before its first use.
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import type { PostgresPool } from './client.ts'
import { postgresDefaults } from './defaults.ts'
import type { PostgresLimits } from './defaults.ts'
import { PostgresLink } from './link.ts'
import { checkedSchema, poolOf } from './pool.ts'
import { migrate } from './schema.ts'
import type { SchemaPart } from './schema.ts'
import { namesIn } from './statements.ts'
import type { Names } from './statements.ts'

export interface PlainPostgresOptions extends Partial<PostgresLimits> {
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
}

/** A link, and the options with their defaults. */
export interface OpenedPostgres {
  readonly link: PostgresLink
  readonly names: Names
  readonly clock: Clock
  readonly random: () => number
  readonly limits: PostgresLimits
}

/** A link that makes the tables of `part` on its first use; default: those of the sessions. Throws OPTION_INVALID. */
export function openLink(
  urlOrPool: string | PostgresPool,
  options: PlainPostgresOptions,
  part?: SchemaPart,
): OpenedPostgres {
  const { clock = systemClock, random = Math.random, schema, prepare = true, ...given } = options
  const limits: PostgresLimits = { ...postgresDefaults, ...given }
  const names = namesIn(checkedSchema(schema))
  const { openTimeoutMs } = limits
  const link = new PostgresLink({
    ...poolOf(urlOrPool, limits, prepare),
    prepareTables: (client) => migrate(client, { names, schema, openTimeoutMs }, part),
    prepare,
    limits,
  })
  return { link, names, clock, random, limits }
}
