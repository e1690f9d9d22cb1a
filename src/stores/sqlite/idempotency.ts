// The IdempotencyStore port on one SQLite file, shared by every process of the machine.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { IdempotencyStore, Reservation, ReserveOutcome } from '../../idempotency/store.ts'
import { meet, reservedEntry } from '../reservation.ts'
import type { MetEntry } from '../reservation.ts'
import { openTransactions } from './transactions.ts'
import type { SqliteTransactions, TransactionOptions } from './transactions.ts'

export type SqliteIdempotencyOptions = TransactionOptions

/**
 * Idempotency keys in the table `drover_idempotency` of the SQLite file `path`, which may be that of the sessions or of the app.
 * Any number of processes of one machine may share it; killing one at any moment loses nothing it acknowledged. Opened by its
 * first use. Keys that are over are removed bit by bit as new ones come. Throws OPTION_INVALID for a path that no other process
 * could share (`''`, `':memory:'`).
 */
export function sqliteIdempotencyStore(
  path: string,
  options: SqliteIdempotencyOptions = {},
): IdempotencyStore {
  return new SqliteIdempotencyStore(openTransactions(path, options, { tables, prepare }))
}

const tables = `
  CREATE TABLE IF NOT EXISTS drover_idempotency (
    key            TEXT PRIMARY KEY,
    fingerprint    TEXT NOT NULL,
    owner          TEXT NOT NULL,
    token          TEXT NOT NULL,
    lease_until_ms INTEGER NOT NULL,
    response       TEXT,
    expires_at_ms  INTEGER NOT NULL
  ) STRICT;
  CREATE INDEX IF NOT EXISTS drover_idempotency_end ON drover_idempotency (expires_at_ms);`

/** With each reservation so many keys that are over are removed: more than come, so that none pile up. */
const sweptPerReservation = 4

interface Statements {
  readonly find: StatementSync
  readonly put: StatementSync
  readonly complete: StatementSync
  readonly renew: StatementSync
  readonly release: StatementSync
  readonly sweep: StatementSync
}

function prepare(database: DatabaseSync): Statements {
  return {
    find: database.prepare('SELECT * FROM drover_idempotency WHERE key = ?'),
    put: database.prepare('INSERT OR REPLACE INTO drover_idempotency VALUES (?, ?, ?, ?, ?, NULL, ?)'),
    complete: database.prepare(
      `UPDATE drover_idempotency SET response = ?, expires_at_ms = ?
       WHERE key = ? AND token = ? AND response IS NULL`,
    ),
    renew: database.prepare(
      `UPDATE drover_idempotency SET
         lease_until_ms = max(lease_until_ms, ?1),
         expires_at_ms = max(expires_at_ms, ?1 + expires_at_ms - lease_until_ms)
       WHERE key = ?2 AND token = ?3 AND response IS NULL`,
    ),
    release: database.prepare(
      'DELETE FROM drover_idempotency WHERE key = ? AND token = ? AND response IS NULL',
    ),
    sweep: database.prepare(
      `DELETE FROM drover_idempotency WHERE key IN
         (SELECT key FROM drover_idempotency WHERE expires_at_ms <= ? LIMIT ${sweptPerReservation})`,
    ),
  }
}

class SqliteIdempotencyStore implements IdempotencyStore {
  readonly #transactions: SqliteTransactions<Statements>

  constructor(transactions: SqliteTransactions<Statements>) {
    this.#transactions = transactions
  }

  reserve(reservation: Reservation): Promise<ReserveOutcome> {
    return this.#transactions.run('reserve the idempotency key', ({ find, put, sweep }, nowMs) => {
      const row = find.get(reservation.key)
      const outcome = meet(row && entryOf(row), reservation, nowMs)
      if (outcome.status !== 'reserved') return outcome
      const { fingerprint, owner, token, leaseUntilMs, expiresAtMs } = reservedEntry(reservation, nowMs)
      sweep.run(nowMs)
      put.run(reservation.key, fingerprint, owner, token, leaseUntilMs, expiresAtMs)
      return outcome
    })
  }

  complete(key: string, token: string, response: string, retentionMs: number): Promise<boolean> {
    return this.#transactions.run('record the response', ({ complete }, nowMs) => {
      return complete.run(response, nowMs + retentionMs, key, token).changes === 1
    })
  }

  renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    return this.#transactions.run('renew the lease of the idempotency key', ({ renew }, nowMs) => {
      return renew.run(nowMs + leaseMs, key, token).changes === 1
    })
  }

  async release(key: string, token: string): Promise<void> {
    await this.#transactions.run('release the idempotency key', ({ release }) => release.run(key, token))
  }

  close(): Promise<void> {
    return this.#transactions.close()
  }
}

function entryOf(row: Readonly<Record<string, unknown>>): MetEntry {
  const { response } = row
  return {
    fingerprint: String(row['fingerprint']),
    owner: String(row['owner']),
    leaseUntilMs: Number(row['lease_until_ms']),
    response: typeof response === 'string' ? response : undefined,
    expiresAtMs: Number(row['expires_at_ms']),
  }
}
