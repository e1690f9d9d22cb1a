// Lets Kysely speak to Node's own SQLite: its dialect expects better-sqlite3, which would have to be compiled.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import type { SqliteDatabase, SqliteStatement } from 'kysely'

/**
 * How long a write waits for another instance's write. SQLite waits on the event loop, so this is also the longest
 * pause it can cause; orders are written in well under a millisecond.
 */
const busyTimeoutMs = 1_000

/** How long a start waits for the other instances' starts. */
const openTimeoutMs = 10_000

export async function openFile(path: string): Promise<DatabaseSync> {
  mkdirSync(dirname(path), { recursive: true })
  const database = new DatabaseSync(path, { timeout: busyTimeoutMs })
  await useWriteAheadLog(database)
  return database
}

export function kyselyFile(database: DatabaseSync): SqliteDatabase {
  return {
    prepare: (sql) => bridge(database.prepare(sql === 'begin' ? writing : sql)),
    close: () => {
      database.close()
    },
  }
}

/** Every transaction of the shop writes. One that began by reading could not, once another server wrote in between. */
const writing = 'begin immediate'

/** In this mode a reader never waits for a writer. The switch itself refuses to queue when several instances try it. */
async function useWriteAheadLog(database: DatabaseSync): Promise<void> {
  const deadline = performance.now() + openTimeoutMs
  for (;;) {
    try {
      database.exec('pragma journal_mode = wal; pragma synchronous = normal')
      return
    } catch (error) {
      if (!isBusy(error) || performance.now() >= deadline) throw error
      await delay(20)
    }
  }
}

/** SQLITE_BUSY and SQLITE_PROTOCOL: a lock that somebody else holds. Extended codes have them in their low byte. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && [5, 15].includes(Number(error.errcode) & 0xff)
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
