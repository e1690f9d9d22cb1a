// Opens the SQLite file: creates it for its owner only, switches it to WAL, brings its schema up to date.
import { closeSync, mkdirSync, openSync, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { DroverError } from '../../base/errors.ts'
import { insistBlocking } from './busy.ts'
import { migrate, readSchemaVersion, schemaVersion } from './schema.ts'

/** The absolute path. Throws OPTION_INVALID for one that no other process could share. */
export function sharedPath(path: string): string {
  if (path !== '' && path !== ':memory:') return resolve(path)
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot use SQLite path ${JSON.stringify(path)}: wanted a file that all instances share`,
  )
}

/** The write connection. Blocks up to `openTimeoutMs` while other processes create the same file. */
export function openForWriting(path: string, openTimeoutMs: number, busyTimeoutMs: number): DatabaseSync {
  createFile(path)
  return insistBlocking(openTimeoutMs, () => {
    const database = new DatabaseSync(path, { timeout: busyTimeoutMs })
    try {
      prepareFile(database)
      return database
    } catch (error) {
      database.close()
      throw error
    }
  })
}

/**
 * The read connection. No busy timeout: it lives on the main thread, which must never block. Not opened read-only,
 * because SQLite could then not recover a WAL that a killed process left behind.
 */
export function openForReading(path: string): DatabaseSync {
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec('PRAGMA query_only = ON')
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/**
 * Creates folder and file with access for the owner only; SQLite gives its -wal and -shm files the same mode.
 * Exclusive on purpose: opening and closing a file that is in use would drop every lock this process holds on it.
 */
export function createFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    if (statSync(path).isDirectory()) throw new Error('it is a directory, wanted a file', { cause: error })
  }
}

function prepareFile(database: DatabaseSync): void {
  database.exec('PRAGMA synchronous = NORMAL')
  const version = readSchemaVersion(database)
  if (version > schemaVersion) {
    throw new Error(
      `its schema version is ${version}, wanted ${schemaVersion} or older: a newer Drover wrote it`,
    )
  }
  // Both take locks, so an opened file that needs neither stays readable while another process hangs in a write.
  switchToWal(database)
  if (version < schemaVersion) migrate(database)
}

/** Takes no lock where it is one already. */
export function switchToWal(database: DatabaseSync): void {
  const mode = database.prepare('PRAGMA journal_mode').get()?.['journal_mode']
  if (mode !== 'wal') database.exec('PRAGMA journal_mode = WAL')
}
