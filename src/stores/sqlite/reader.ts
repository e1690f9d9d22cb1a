// Reads sessions on the main thread: readers of a WAL do not wait for writers, and a read takes microseconds.
//
// The loads of one turn of the event loop share one transaction, at its end: a third less CPU than one for each (bench:
// sessions, read), and never an older state than a load of its own would see.
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
  readonly begin: StatementSync
  readonly load: StatementSync
  readonly end: StatementSync
}

/** A load that waits for the end of the turn, or for a lock to go. */
interface Waiting {
  readonly key: string
  readonly nowMs: number
  readonly timeoutMs: number
  /** On the clock of performance.now. */
  readonly endMs: number
  resolve(record: SessionRecord | undefined): void
  reject(error: Error): void
}

export class SqliteReader {
  readonly #path: string
  #open: OpenReader | undefined
  #waiting: Waiting[] = []
  #isClosed = false

  constructor(path: string) {
    this.#path = path
  }

  /**
   * The session alive at `nowMs`. A lock is met only for moments (a WAL recovered after a crash): then it tries again
   * every few milliseconds without holding the event loop, and is STORE_UNAVAILABLE after `timeoutMs`.
   */
  load(key: string, nowMs: number, timeoutMs: number): Promise<SessionRecord | undefined> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#readWaiting())
      const endMs = performance.now() + timeoutMs
      this.#waiting.push({ key, nowMs, timeoutMs, endMs, resolve, reject })
    })
  }

  /** What still waits is STORE_UNAVAILABLE. */
  close(): void {
    this.#isClosed = true
    this.#release()
  }

  #release(): void {
    this.#open?.database.close()
    this.#open = undefined
  }

  #readWaiting(): void {
    const reads = this.#waiting
    this.#waiting = []
    if (reads.length === 0) return
    try {
      if (this.#isClosed) throw new Error('the session store is closed')
      const records = this.#read(reads)
      for (const [index, read] of reads.entries()) read.resolve(records[index])
    } catch (error) {
      this.#fail(reads, error)
    }
  }

  #read(reads: readonly Waiting[]): readonly (SessionRecord | undefined)[] {
    const { begin, load, end } = (this.#open ??= openReader(this.#path))
    begin.run()
    const records = reads.map(({ key, nowMs }) => recordOf(load.all(key, nowMs)))
    end.run()
    return records
  }

  /** Nothing was answered yet. A connection that failed for good is not used again: the next load opens a new one. */
  #fail(reads: readonly Waiting[], error: unknown): void {
    if (isBusy(error)) {
      this.#retry(reads, error)
      return
    }
    this.#release()
    for (const read of reads) read.reject(unavailable('load the session', describe(error), error))
  }

  #retry(reads: readonly Waiting[], error: unknown): void {
    if (this.#open?.database.isTransaction === true) this.#open.database.exec('ROLLBACK')
    const patient: Waiting[] = []
    for (const read of reads) {
      const state = `the SQLite file stayed locked for ${read.timeoutMs} ms`
      if (performance.now() < read.endMs) patient.push(read)
      else read.reject(unavailable('load the session', state, error))
    }
    if (patient.length === 0) return
    setTimeout(() => {
      this.#waiting.unshift(...patient)
      this.#readWaiting()
    }, retryPauseMs)
  }
}

function openReader(path: string): OpenReader {
  const database = openForReading(path)
  try {
    const load = database.prepare(loadSql)
    load.setReturnArrays(true)
    return { database, begin: database.prepare('BEGIN'), load, end: database.prepare('COMMIT') }
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
