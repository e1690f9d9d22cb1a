// The IdempotencyStore port on PostgreSQL: one statement reserves, and where that had no effect, a second one asks why.
import type { IdempotencyStore, Reservation, ReserveOutcome } from '../../idempotency/store.ts'
import { meet } from '../reservation.ts'
import type { MetEntry } from '../reservation.ts'
import type { PostgresPool, Value } from './client.ts'
import { sweepChunkSize } from './defaults.ts'
import type { PlainPostgresOptions } from './open-link.ts'
import { insist, plainPostgres } from './plain-link.ts'
import type { PlainPostgres } from './plain-link.ts'
import { statement } from './statements.ts'
import { startSweeper } from './sweeper.ts'

/**
 * Idempotency keys in the table `drover_idempotency` of a PostgreSQL database, reached as `postgresSessionStore` takes it: by a URL
 * or through a `Pool` of the `pg` package. Keys that are over are swept now and then.
 */
export function postgresIdempotencyStore(
  urlOrPool: string | PostgresPool,
  options: PlainPostgresOptions = {},
): IdempotencyStore {
  const part = { name: 'idempotency', steps }
  return new PostgresIdempotencyStore(plainPostgres(urlOrPool, options, part))
}

function steps(table: string): readonly string[] {
  return [
    `CREATE TABLE ${table} (
       key            text COLLATE "C" PRIMARY KEY,
       fingerprint    text NOT NULL,
       owner          text NOT NULL,
       token          text NOT NULL,
       lease_until_ms bigint NOT NULL,
       response       text,
       expires_at_ms  bigint NOT NULL
     );
     CREATE INDEX drover_idempotency_end ON ${table} (expires_at_ms);`,
  ]
}

function statementsOn(table: string) {
  const isHeld = 'key = $1 AND token = $2 AND response IS NULL'
  return {
    // key, fingerprint, owner, token, now, lease until, expires at, dead owner
    reserve: statement(`INSERT INTO ${table} AS old
              (key, fingerprint, owner, token, lease_until_ms, expires_at_ms)
            VALUES ($1, $2, $3, $4, $6::bigint, $7::bigint)
            ON CONFLICT (key) DO UPDATE SET
              (fingerprint, owner, token, lease_until_ms, expires_at_ms, response) =
              (excluded.fingerprint, excluded.owner, excluded.token,
               excluded.lease_until_ms, excluded.expires_at_ms, NULL)
            WHERE old.expires_at_ms <= $5::bigint
               OR (old.fingerprint = excluded.fingerprint AND old.response IS NULL
                   AND (old.lease_until_ms <= $5::bigint OR ($8::text <> '' AND old.owner = $8::text)))`),
    // key
    look: statement(`SELECT fingerprint, owner, lease_until_ms, response, expires_at_ms
            FROM ${table} WHERE key = $1`),
    // key, token, response, expires at
    complete: statement(`UPDATE ${table} SET response = $3, expires_at_ms = $4 WHERE ${isHeld}`),
    // key, token, lease until
    renew: statement(`UPDATE ${table} SET
              lease_until_ms = greatest(lease_until_ms, $3::bigint),
              expires_at_ms = greatest(expires_at_ms, expires_at_ms - lease_until_ms + $3::bigint)
            WHERE ${isHeld}`),
    // key, token
    release: statement(`DELETE FROM ${table} WHERE ${isHeld}`),
    // now. Locked rows are left to whoever holds them.
    sweep: statement(`DELETE FROM ${table} WHERE key = ANY (ARRAY(
              SELECT key FROM ${table} WHERE expires_at_ms <= $1
              ORDER BY expires_at_ms LIMIT ${sweepChunkSize} FOR UPDATE SKIP LOCKED))`),
  }
}

type Statements = ReturnType<typeof statementsOn>

class PostgresIdempotencyStore implements IdempotencyStore {
  readonly #postgres: PlainPostgres
  readonly #statements: Statements
  #stopSweeping: (() => void) | undefined
  #isClosed = false

  constructor(postgres: PlainPostgres) {
    this.#postgres = postgres
    this.#statements = statementsOn(postgres.table)
  }

  reserve(reservation: Reservation): Promise<ReserveOutcome> {
    const { key, fingerprint, owner, token, leaseMs, retentionMs, deadOwner = '' } = reservation
    const doing = 'reserve the idempotency key'
    this.#startSweeping()
    return insist(doing, async () => {
      const nowMs = this.#postgres.clock.now()
      const untilMs = nowMs + leaseMs
      const values = [key, fingerprint, owner, token, nowMs, untilMs, untilMs + retentionMs, deadOwner]
      const reserved = await this.#run(doing, 'reserve', values)
      if (reserved.rowCount === 1) return { status: 'reserved' } as const
      const { rows } = await this.#run(doing, 'look', [key])
      const outcome = meet(rows[0] && entryOf(rows[0]), reservation, nowMs)
      // Free by now: somebody released it in between.
      return outcome.status === 'reserved' ? undefined : outcome
    })
  }

  async complete(key: string, token: string, response: string, retentionMs: number): Promise<boolean> {
    const expiresAtMs = this.#postgres.clock.now() + retentionMs
    const values = [key, token, response, expiresAtMs]
    return (await this.#run('record the response', 'complete', values)).rowCount === 1
  }

  async renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    const values = [key, token, this.#postgres.clock.now() + leaseMs]
    return (await this.#run('renew the lease of the idempotency key', 'renew', values)).rowCount === 1
  }

  async release(key: string, token: string): Promise<void> {
    await this.#run('release the idempotency key', 'release', [key, token])
  }

  close(): Promise<void> {
    this.#isClosed = true
    this.#stopSweeping?.()
    return this.#postgres.link.close()
  }

  #run(doing: string, name: keyof Statements, values: readonly Value[]) {
    return this.#postgres.link.run(doing, this.#statements[name], values)
  }

  #startSweeping(): void {
    if (this.#isClosed) return
    const { random, limits, clock } = this.#postgres
    this.#stopSweeping ??= startSweeper({
      sweepChunk: async () => {
        const { rowCount } = await this.#run('sweep idempotency keys', 'sweep', [clock.now()])
        return rowCount === sweepChunkSize
      },
      intervalMs: limits.sweepIntervalMs,
      random,
    })
  }
}

function entryOf(row: readonly (string | null)[]): MetEntry {
  const [fingerprint, owner, leaseUntilMs, response, expiresAtMs] = row
  return {
    fingerprint: fingerprint ?? '',
    owner: owner ?? '',
    leaseUntilMs: Number(leaseUntilMs),
    response: response ?? undefined,
    expiresAtMs: Number(expiresAtMs),
  }
}
