// The way to PostgreSQL for stores that have tables of their own, beside those of the sessions.
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { unavailable } from '../unavailable.ts'
import type { PostgresPool } from './client.ts'
import { postgresDefaults } from './defaults.ts'
import type { PostgresLimits } from './defaults.ts'
import { PostgresLink } from './link.ts'
import { checkedSchema, poolOf } from './pool.ts'
import { migrate } from './schema.ts'
import { namesIn, quoted } from './statements.ts'

export interface PlainPostgresOptions extends Partial<PostgresLimits> {
  /** Decides what is over; PostgreSQL's own clock is never asked. Default: the system's. */
  readonly clock?: Clock
  /** In [0, 1): spreads the sweeps of many servers. Default: Math.random. */
  readonly random?: () => number
  /** The schema that the tables are in, made if need be. Default: the first of the connection's search path. */
  readonly schema?: string
  /** As with `postgresSessionStore`: `false` behind a pooler in transaction mode. Default: true. */
  readonly prepare?: boolean
}

export interface PlainPostgres {
  readonly link: PostgresLink
  readonly clock: Clock
  readonly random: () => number
  readonly limits: PostgresLimits
  /** A table's name in the schema. */
  readonly table: string
}

/** A link that makes `table` by these steps on its first use. They get the table's name. */
export function plainPostgres(
  urlOrPool: string | PostgresPool,
  options: PlainPostgresOptions,
  part: { readonly name: string; readonly steps: (table: string) => readonly string[] },
): PlainPostgres {
  const { clock = systemClock, random = Math.random, prepare = true, ...others } = options
  const { schema, ...given } = others
  const limits: PostgresLimits = { ...postgresDefaults, ...given }
  const names = namesIn(checkedSchema(schema))
  const table = `${schema === undefined ? '' : `${quoted(schema)}.`}drover_${part.name}`
  const made = { name: part.name, steps: part.steps(table) }
  const { openTimeoutMs } = limits
  const link = new PostgresLink({
    ...poolOf(urlOrPool, limits, prepare),
    prepareTables: (client) => migrate(client, { names, schema, openTimeoutMs }, made),
    prepare,
    limits,
  })
  return { link, clock, random, limits, table }
}

/** What a write without effect met may be gone when it is looked at; more often than that in a row is a fault. */
const mostLooks = 16

/** Asks until there is an answer. */
export async function insist<Answer>(
  doing: string,
  attempt: () => Promise<Answer | undefined>,
): Promise<Answer> {
  for (let look = 0; look < mostLooks; look += 1) {
    const answer = await attempt()
    if (answer !== undefined) return answer
  }
  throw unavailable(doing, 'its entry changed each time it was looked at')
}
