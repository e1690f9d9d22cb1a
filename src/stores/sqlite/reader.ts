// Reads sessions on the main thread: readers of a WAL do not wait for writers, and a read takes microseconds.
//
// The reads of one turn of the event loop share one transaction, at its end: a third less CPU than one for each (bench:
// sessions, read), and never an older state than a read of its own would see.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { describe, unavailable } from '../unavailable.ts'
import { isBusy } from './busy.ts'
import { openForReading } from './database.ts'
import { retryPauseMs } from './defaults.ts'
import { SessionReads } from './reads.ts'

interface OpenReader {
  readonly database: DatabaseSync
  readonly begin: StatementSync
  readonly reads: SessionReads
  readonly end: StatementSync
}

/** A read that waits for the end of the turn, or for a lock to go. */
interface Waiting {
  readonly doing: string
  readonly timeoutMs: number
  /** On the clock of performance.now. */
  readonly endMs: number
  /** Reads; what it returns tells the caller, once all of the turn have been read. */
  readonly perform: (reads: SessionReads) => () => void
  readonly reject: (error: Error) => void
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
   * What `read` finds. A lock is met only for moments (a WAL recovered after a crash): then it tries again every few
   * milliseconds without holding the event loop, and is STORE_UNAVAILABLE after `timeoutMs`.
   */
  read<Found>(doing: string, timeoutMs: number, read: (reads: SessionReads) => Found): Promise<Found> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) setImmediate(() => this.#readWaiting())
      const endMs = performance.now() + timeoutMs
      const perform = (reads: SessionReads) => {
        const found = read(reads)
        return () => resolve(found)
      }
      this.#waiting.push({ doing, timeoutMs, endMs, perform, reject })
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
    const waiting = this.#waiting
    this.#waiting = []
    if (waiting.length === 0) return
    try {
      if (this.#isClosed) throw new Error('the session store is closed')
      for (const tell of this.#perform(waiting)) tell()
    } catch (error) {
      this.#fail(waiting, error)
    }
  }

  #perform(waiting: readonly Waiting[]): readonly (() => void)[] {
    const { begin, reads, end } = (this.#open ??= openReader(this.#path))
    begin.run()
    const answers = waiting.map((one) => one.perform(reads))
    end.run()
    return answers
  }

  /** Nothing was answered yet. A connection that failed for good is not used again: the next read opens a new one. */
  #fail(waiting: readonly Waiting[], error: unknown): void {
    if (isBusy(error)) {
      this.#retry(waiting, error)
      return
    }
    this.#release()
    for (const { doing, reject } of waiting) reject(unavailable(doing, describe(error), error))
  }

  #retry(waiting: readonly Waiting[], error: unknown): void {
    if (this.#open?.database.isTransaction === true) this.#open.database.exec('ROLLBACK')
    const patient: Waiting[] = []
    for (const one of waiting) {
      const state = `the SQLite file stayed locked for ${one.timeoutMs} ms`
      if (performance.now() < one.endMs) patient.push(one)
      else one.reject(unavailable(one.doing, state, error))
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
    const reads = new SessionReads(database)
    return { database, begin: database.prepare('BEGIN'), reads, end: database.prepare('COMMIT') }
  } catch (error) {
    database.close()
    throw error
  }
}
