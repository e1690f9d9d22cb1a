// The LeaseStore port on one SQLite file, shared by every process of the machine.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { AcquireOutcome, LeaseStore } from '../../lease/store.ts'
import { openTransactions } from './transactions.ts'
import type { SqliteTransactions, TransactionOptions } from './transactions.ts'

export type SqliteLeaseOptions = TransactionOptions

/**
 * Leases in the table `drover_lease` of the SQLite file `path`, shared by the processes of one machine. Opened by its first use.
 * Throws OPTION_INVALID for a path that no other process could share (`''`, `':memory:'`).
 */
export function sqliteLeaseStore(path: string, options: SqliteLeaseOptions = {}): LeaseStore {
  return new SqliteLeaseStore(openTransactions(path, options, { tables, prepare }))
}

/** A released one stays, with nobody as its holder: its fence must not go back. */
const tables = `
  CREATE TABLE IF NOT EXISTS drover_lease (
    name     TEXT PRIMARY KEY,
    fence    INTEGER NOT NULL,
    holder   TEXT,
    until_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`

interface Statements {
  readonly find: StatementSync
  readonly put: StatementSync
  readonly renew: StatementSync
  readonly release: StatementSync
}

function prepare(database: DatabaseSync): Statements {
  return {
    find: database.prepare('SELECT fence, holder, until_ms FROM drover_lease WHERE name = ?'),
    put: database.prepare('INSERT OR REPLACE INTO drover_lease VALUES (?, ?, ?, ?)'),
    renew: database.prepare(
      'UPDATE drover_lease SET until_ms = max(until_ms, ?) WHERE name = ? AND holder = ?',
    ),
    release: database.prepare('UPDATE drover_lease SET holder = NULL WHERE name = ? AND holder = ?'),
  }
}

class SqliteLeaseStore implements LeaseStore {
  readonly #transactions: SqliteTransactions<Statements>

  constructor(transactions: SqliteTransactions<Statements>) {
    this.#transactions = transactions
  }

  acquire(name: string, holder: string, ttlMs: number): Promise<AcquireOutcome> {
    return this.#transactions.run(`acquire the lease "${name}"`, ({ find, put }, nowMs): AcquireOutcome => {
      const row = find.get(name)
      const leftMs = Number(row?.['until_ms'] ?? 0) - nowMs
      if (typeof row?.['holder'] === 'string' && leftMs > 0) return { status: 'held', leftMs }
      const fence = Number(row?.['fence'] ?? 0) + 1
      put.run(name, fence, holder, nowMs + ttlMs)
      return { status: 'acquired', fence }
    })
  }

  renew(name: string, holder: string, ttlMs: number): Promise<boolean> {
    return this.#transactions.run(`renew the lease "${name}"`, ({ renew }, nowMs) => {
      return renew.run(nowMs + ttlMs, name, holder).changes === 1
    })
  }

  async release(name: string, holder: string): Promise<void> {
    await this.#transactions.run(`release the lease "${name}"`, ({ release }) => release.run(name, holder))
  }

  close(): Promise<void> {
    return this.#transactions.close()
  }
}
