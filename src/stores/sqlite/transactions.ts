// Short transactions on one SQLite file, on the calling thread and never waiting for a lock there: while another process
// holds it, the attempt is made again every few milliseconds. For tables that see one small write a request, where a thread
// of their own would cost more than it saves.
import { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import type { DroverError } from '../../base/errors.ts'
import { describe, unavailable } from '../unavailable.ts'
import { isBusy } from './busy.ts'
import { createFile, sharedPath, switchToWal } from './database.ts'
import { retryPauseMs } from './defaults.ts'

/** Every limit of the stores that are made of these, by name (R7). */
export interface TransactionLimits {
  /** How long one call may take before it is STORE_UNAVAILABLE: it waits for the lock of another process. */
  readonly operationTimeoutMs: number
  /** Calls that may wait for the lock; beyond it they are STORE_UNAVAILABLE at once. */
  readonly maxWaitingCalls: number
}

const transactionDefaults: TransactionLimits = { operationTimeoutMs: 1_000, maxWaitingCalls: 1_000 }

export interface TransactionOptions extends Partial<TransactionLimits> {
  /** Decides what is over. Default: the system's. */
  readonly clock?: Clock
}

interface TransactionSettings<Statements> {
  readonly path: string
  /** SQL that makes the tables where they are not there yet. */
  readonly tables: string
  /** Prepared once per connection. */
  readonly prepare: (database: DatabaseSync) => Statements
  readonly clock: Clock
  readonly limits: TransactionLimits
}

/** Nothing is opened before the first use. Throws OPTION_INVALID for a path that no other process could share. */
export function openTransactions<Statements>(
  path: string,
  { clock = systemClock, ...limits }: TransactionOptions,
  { tables, prepare }: Pick<TransactionSettings<Statements>, 'tables' | 'prepare'>,
): SqliteTransactions<Statements> {
  return new SqliteTransactions({
    path: sharedPath(path),
    tables,
    prepare,
    clock,
    limits: { ...transactionDefaults, ...limits },
  })
}

interface Open<Statements> {
  readonly database: DatabaseSync
  readonly statements: Statements
}

/** What is done in one transaction. */
type Act<Statements, Result> = (statements: Statements, nowMs: number) => Result

/** IMMEDIATE takes the lock that writes need at once. */
type Begin = 'BEGIN' | 'BEGIN IMMEDIATE'

export class SqliteTransactions<Statements> {
  readonly #settings: TransactionSettings<Statements>
  #open: Open<Statements> | undefined
  #waiting = 0
  #isClosed = false

  constructor(settings: TransactionSettings<Statements>) {
    this.#settings = settings
  }

  /**
   * What `act` returns, all that it wrote being committed. `act` may be run again after a lock was met, so it does nothing but
   * read and write. Rejects with STORE_UNAVAILABLE ("Cannot <doing>: …"), and then nothing was written.
   */
  run<Result>(doing: string, act: Act<Statements, Result>): Promise<Result> {
    return this.#insist(doing, 'BEGIN IMMEDIATE', act)
  }

  /** As `run`, for an `act` that only reads: it waits for no writer, and none waits for it. */
  read<Result>(doing: string, act: Act<Statements, Result>): Promise<Result> {
    return this.#insist(doing, 'BEGIN', act)
  }

  close(): Promise<void> {
    this.#isClosed = true
    this.#release()
    return Promise.resolve()
  }

  async #insist<Result>(doing: string, begin: Begin, act: Act<Statements, Result>): Promise<Result> {
    const { operationTimeoutMs, maxWaitingCalls } = this.#settings.limits
    const endMs = performance.now() + operationTimeoutMs
    for (;;) {
      if (this.#isClosed) throw unavailable(doing, 'the store is closed')
      try {
        return this.#transact(begin, act)
      } catch (error) {
        if (!isBusy(error)) throw this.#fault(doing, error)
        if (performance.now() >= endMs) {
          const state = `the SQLite file stayed locked for ${operationTimeoutMs} ms`
          throw unavailable(doing, state, error)
        }
      }
      if (this.#waiting >= maxWaitingCalls) {
        throw unavailable(doing, `${this.#waiting} calls wait for the SQLite file already`)
      }
      await this.#pause()
    }
  }

  #transact<Result>(begin: Begin, act: Act<Statements, Result>): Result {
    const { database, statements } = (this.#open ??= this.#openFile())
    database.exec(begin)
    try {
      const result = act(statements, this.#settings.clock.now())
      database.exec('COMMIT')
      return result
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
  }

  #openFile(): Open<Statements> {
    const { path, tables, prepare } = this.#settings
    createFile(path)
    const database = new DatabaseSync(path, { timeout: 0 })
    try {
      database.exec('PRAGMA synchronous = NORMAL')
      switchToWal(database)
      database.exec(tables)
      return { database, statements: prepare(database) }
    } catch (error) {
      database.close()
      throw error
    }
  }

  /** A connection that failed for good is not used again: the next call opens a new one. */
  #fault(doing: string, error: unknown): DroverError {
    this.#release()
    return unavailable(doing, describe(error), error)
  }

  #release(): void {
    this.#open?.database.close()
    this.#open = undefined
  }

  async #pause(): Promise<void> {
    this.#waiting += 1
    await new Promise((resolve) => setTimeout(resolve, retryPauseMs))
    this.#waiting -= 1
  }
}
