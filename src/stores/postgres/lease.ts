// The LeaseStore port on PostgreSQL.
import type { AcquireOutcome, LeaseStore } from '../../lease/store.ts'
import type { PostgresPool, Value } from './client.ts'
import type { PlainPostgresOptions } from './open-link.ts'
import { insist, plainPostgres } from './plain-link.ts'
import type { PlainPostgres } from './plain-link.ts'
import { statement } from './statements.ts'

/**
 * Leases in the table `drover_lease` of a PostgreSQL database, reached as `postgresSessionStore` takes it: by a URL or through
 * a `Pool` of the `pg` package.
 */
export function postgresLeaseStore(
  urlOrPool: string | PostgresPool,
  options: PlainPostgresOptions = {},
): LeaseStore {
  return new PostgresLeaseStore(plainPostgres(urlOrPool, options, { name: 'lease', steps }))
}

/** A released one stays, with nobody as its holder: its fence must not go back. */
function steps(table: string): readonly string[] {
  return [
    `CREATE TABLE ${table} (
       name     text COLLATE "C" PRIMARY KEY,
       fence    bigint NOT NULL,
       holder   text,
       until_ms bigint NOT NULL
     );`,
  ]
}

function statementsOn(table: string) {
  return {
    // name, now, holder, until
    acquire: statement(`INSERT INTO ${table} AS old (name, fence, holder, until_ms)
            VALUES ($1, 1, $3, $4::bigint)
            ON CONFLICT (name) DO UPDATE SET (fence, holder, until_ms) =
              (old.fence + 1, excluded.holder, excluded.until_ms)
            WHERE old.holder IS NULL OR old.until_ms <= $2::bigint
            RETURNING fence`),
    // name, now
    look: statement(`SELECT until_ms FROM ${table}
            WHERE name = $1 AND holder IS NOT NULL AND until_ms > $2`),
    // name, holder, until
    renew: statement(`UPDATE ${table} SET until_ms = greatest(until_ms, $3::bigint)
            WHERE name = $1 AND holder = $2`),
    // name, holder
    release: statement(`UPDATE ${table} SET holder = NULL WHERE name = $1 AND holder = $2`),
  }
}

type Statements = ReturnType<typeof statementsOn>

class PostgresLeaseStore implements LeaseStore {
  readonly #postgres: PlainPostgres
  readonly #statements: Statements

  constructor(postgres: PlainPostgres) {
    this.#postgres = postgres
    this.#statements = statementsOn(postgres.table)
  }

  acquire(name: string, holder: string, ttlMs: number): Promise<AcquireOutcome> {
    const doing = `acquire the lease "${name}"`
    return insist(doing, async () => {
      const nowMs = this.#postgres.clock.now()
      const acquired = await this.#run(doing, 'acquire', [name, nowMs, holder, nowMs + ttlMs])
      const fence = acquired.rows[0]?.[0]
      if (fence !== undefined) return { status: 'acquired', fence: Number(fence) } as const
      const { rows } = await this.#run(doing, 'look', [name, nowMs])
      const untilMs = rows[0]?.[0]
      // Free by now: somebody released it in between.
      return untilMs === undefined
        ? undefined
        : ({ status: 'held', leftMs: Number(untilMs) - nowMs } as const)
    })
  }

  async renew(name: string, holder: string, ttlMs: number): Promise<boolean> {
    const values = [name, holder, this.#postgres.clock.now() + ttlMs]
    return (await this.#run(`renew the lease "${name}"`, 'renew', values)).rowCount === 1
  }

  async release(name: string, holder: string): Promise<void> {
    await this.#run(`release the lease "${name}"`, 'release', [name, holder])
  }

  close(): Promise<void> {
    return this.#postgres.link.close()
  }

  #run(doing: string, name: keyof Statements, values: readonly Value[]) {
    return this.#postgres.link.run(doing, this.#statements[name], values)
  }
}
