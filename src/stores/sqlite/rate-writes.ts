// Counts of rate limits as SQL. Runs in the writer thread, inside a transaction that somebody else began.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { countHit } from '../hit.ts'
import type { CountedHit } from '../hit.ts'
import { rateSweepChunkSize } from './defaults.ts'

/** Prepared once per connection. */
export class RateWrites {
  readonly #find: StatementSync
  readonly #set: StatementSync
  readonly #removeOver: StatementSync

  constructor(database: DatabaseSync) {
    this.#find = database.prepare('SELECT until_us FROM drover_rate WHERE key = ?')
    this.#set = database.prepare('INSERT OR REPLACE INTO drover_rate (key, until_us) VALUES (?, ?)')
    this.#removeOver = database.prepare(
      `DELETE FROM drover_rate WHERE key IN (SELECT key FROM drover_rate WHERE until_us <= ? LIMIT ?)`,
    )
  }

  hit(key: string, nowUs: number, takeUs: number, mostUs: number): CountedHit {
    const row = this.#find.get(key)
    const hit = countHit(row && Number(row['until_us']), nowUs, takeUs, mostUs)
    if (hit.untilUs !== undefined) this.#set.run(key, hit.untilUs)
    return hit
  }

  /** Removes a chunk of what is over; how many that were. */
  sweep(nowUs: number): number {
    return Number(this.#removeOver.run(nowUs, rateSweepChunkSize).changes)
  }
}
