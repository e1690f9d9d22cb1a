// The way to PostgreSQL for stores that have tables of their own, beside those of the sessions.
import { unavailable } from '../unavailable.ts'
import type { PostgresPool } from './client.ts'
import { openLink } from './open-link.ts'
import type { OpenedPostgres, PlainPostgresOptions } from './open-link.ts'
import { tableIn } from './statements.ts'

export interface PlainPostgres extends OpenedPostgres {
  /** A table's name in the schema. */
  readonly table: string
}

/** A link that makes `table` by these steps on its first use. They get the table's name. */
export function plainPostgres(
  urlOrPool: string | PostgresPool,
  options: PlainPostgresOptions,
  { name, steps }: { readonly name: string; readonly steps: (table: string) => readonly string[] },
): PlainPostgres {
  const table = tableIn(options.schema, name)
  return { ...openLink(urlOrPool, options, { name, steps: steps(table) }), table }
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
