// Reads the feed of revocations on the calling thread: readers of a WAL do not wait for writers.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { setTimeout as pause } from 'node:timers/promises'
import { mostRevocationsAtOnce, readRevocation } from '../revocations.ts'
import type { FeedPage } from '../revocations.ts'
import { isBusy } from './busy.ts'
import { openForReading } from './database.ts'
import { retryPauseMs } from './defaults.ts'

interface OpenReader {
  readonly database: DatabaseSync
  readonly next: StatementSync
  readonly last: StatementSync
}

/** A cut is to be told within two seconds. */
const patienceMs = 1_000

export class RevocationReader {
  readonly #path: string
  #open: OpenReader | undefined

  constructor(path: string) {
    this.#path = path
  }

  /**
   * What has a higher id than `place`. A lock is met only for moments (a WAL recovered after a crash) and waited for; any other
   * failure rejects, and the next call opens the file anew.
   */
  async read(place = 0): Promise<FeedPage<number>> {
    const endMs = performance.now() + patienceMs
    for (;;) {
      try {
        return this.#read(place)
      } catch (error) {
        this.close()
        if (!isBusy(error) || performance.now() >= endMs) throw error
      }
      await pause(retryPauseMs)
    }
  }

  close(): void {
    this.#open?.database.close()
    this.#open = undefined
  }

  #read(place: number): FeedPage<number> {
    const { next, last } = (this.#open ??= openReader(this.#path))
    const rows = next.all(place)
    // A file that was put back from a copy numbers anew: told from its beginning.
    if (rows.length === 0 && Number(last.get()?.['seq'] ?? 0) < place) return this.#read(0)
    const revocations = rows.map((row) => readRevocation(String(row['text']), Number(row['until_ms'])))
    const lastRow = rows.at(-1)
    return {
      revocations,
      next: lastRow === undefined ? place : Number(lastRow['id']),
      isMore: rows.length === mostRevocationsAtOnce,
    }
  }
}

function openReader(path: string): OpenReader {
  const database = openForReading(path)
  try {
    return {
      database,
      next: database.prepare(
        `SELECT id, text, until_ms FROM drover_token_revocation WHERE id > ? ORDER BY id LIMIT ${mostRevocationsAtOnce}`,
      ),
      last: database.prepare(`SELECT seq FROM sqlite_sequence WHERE name = 'drover_token_revocation'`),
    }
  } catch (error) {
    database.close()
    throw error
  }
}
