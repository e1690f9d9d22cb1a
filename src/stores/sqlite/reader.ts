// Reads sessions on the main thread: readers of a WAL do not wait for writers, and a read takes microseconds.
import { setTimeout as pause } from 'node:timers/promises'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { SessionRecord } from '../../session/store.ts'
import { describe, unavailable } from '../unavailable.ts'
import { isBusy } from './busy.ts'
import { openForReading } from './database.ts'
import { retryPauseMs } from './defaults.ts'

// One statement, so one snapshot: a session is never seen half saved.
const loadSql = `
  SELECT session.principal, session.created_at_ms, session.absolute_deadline_ms, session.idle_deadline_ms,
         field.name, field.value
  FROM drover_session AS session LEFT JOIN drover_session_field AS field ON field.session_key = session.key
  WHERE session.key = ? AND session.idle_deadline_ms > ?`

/** One row of loadSql as node:sqlite gives it: an array, so that no column name is looked up. */
type Row = ReturnType<StatementSync['all']>[number]

interface OpenReader {
  readonly database: DatabaseSync
  readonly load: StatementSync
}

export class SqliteReader {
  readonly #path: string
  #open: OpenReader | undefined

  constructor(path: string) {
    this.#path = path
  }

  /**
   * The session alive at `nowMs`. A lock is met only for moments (a WAL recovered after a crash): then it tries again
   * every few milliseconds without holding the event loop, and is STORE_UNAVAILABLE after `timeoutMs`.
   */
  async load(key: string, nowMs: number, timeoutMs: number): Promise<SessionRecord | undefined> {
    const endMs = performance.now() + timeoutMs
    for (;;) {
      try {
        return this.#read(key, nowMs)
      } catch (error) {
        if (!isBusy(error)) throw this.#broken(error)
        if (performance.now() >= endMs) {
          throw unavailable('load the session', `the SQLite file stayed locked for ${timeoutMs} ms`, error)
        }
      }
      await pause(retryPauseMs)
    }
  }

  close(): void {
    this.#open?.database.close()
    this.#open = undefined
  }

  #read(key: string, nowMs: number): SessionRecord | undefined {
    this.#open ??= openReader(this.#path)
    return recordOf(this.#open.load.all(key, nowMs))
  }

  /** A connection that failed for good is not used again: the next load opens a new one. */
  #broken(error: unknown): Error {
    this.close()
    return unavailable('load the session', describe(error), error)
  }
}

function openReader(path: string): OpenReader {
  const database = openForReading(path)
  try {
    const load = database.prepare(loadSql)
    load.setReturnArrays(true)
    return { database, load }
  } catch (error) {
    database.close()
    throw error
  }
}

function recordOf(rows: readonly Row[]): SessionRecord | undefined {
  const [first] = rows
  if (first === undefined) return undefined
  const fields = new Map<string, string>()
  for (const row of rows) {
    const [name, value] = [row[4], row[5]]
    if (typeof name === 'string' && typeof value === 'string') fields.set(name, value)
  }
  return {
    fields,
    principal: typeof first[0] === 'string' ? first[0] : undefined,
    createdAtMs: Number(first[1]),
    absoluteDeadlineMs: Number(first[2]),
    idleDeadlineMs: Number(first[3]),
  }
}
