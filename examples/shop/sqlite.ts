// Lets Kysely speak to Node's own SQLite: its dialect expects better-sqlite3, which would have to be compiled.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { SqliteDatabase, SqliteStatement } from 'kysely'

/**
 * How long a write waits for another instance's write. SQLite waits on the event loop, so this is also the longest
 * pause it can cause; orders are written in well under a millisecond.
 */
const busyTimeoutMs = 1_000

export function openSqlite(path: string): SqliteDatabase {
  mkdirSync(dirname(path), { recursive: true })
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs })
  // A reader never waits for a writer in this mode.
  database.exec('pragma journal_mode = wal; pragma synchronous = normal')
  return {
    prepare: (sql) => bridge(database.prepare(sql)),
    close: () => database.close(),
  }
}

type Prepared = ReturnType<DatabaseSync['prepare']>

function bridge(statement: Prepared): SqliteStatement {
  return {
    reader: statement.columns().length > 0,
    all: (values) => statement.all(...values.map(bindable)),
    run: (values) => statement.run(...values.map(bindable)),
    iterate: (values) => statement.iterate(...values.map(bindable)),
  }
}

function bindable(value: unknown): SQLInputValue {
  if (value === null || typeof value === 'string' || typeof value === 'number') return value
  throw new TypeError(
    `Cannot bind a ${typeof value} to an SQLite statement: wanted a string, a number or null`,
  )
}
