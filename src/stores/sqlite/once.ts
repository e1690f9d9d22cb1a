// Effects and fences in the app's own SQLite database, in the app's own transaction.
import type { DatabaseSync } from 'node:sqlite'
import { systemClock } from '../../base/clock.ts'
import { DroverError } from '../../base/errors.ts'
import { defaultOnceRetentionMs, repeatedResult, resultText } from '../once.ts'
import type { OnceOptions, OnceOutcome } from '../once.ts'
import { fenced } from '../fence.ts'

/**
 * The tables of `once` and `checkFence`. They are made where they are missing, in the same transaction; say so yourself where
 * that is not wanted.
 */
export const onceTables = `
  CREATE TABLE IF NOT EXISTS drover_once (
    key    TEXT PRIMARY KEY,
    result TEXT NOT NULL,
    at_ms  INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS drover_once_age ON drover_once (at_ms);
  CREATE TABLE IF NOT EXISTS drover_fence (
    name  TEXT PRIMARY KEY,
    fence INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;`

/** With each new key so many that are over are removed. */
const sweptPerKey = 4

/**
 * Does `effect` once for `key`, whatever dies whenever: what it writes to `database` and the key are committed in one transaction.
 * `effect` is synchronous, because the transaction of a connection is everybody's who uses it meanwhile. Its result, a JSON value,
 * is what later calls get, with `isRepeated`. Within a transaction the caller's commit decides; outside of one, this makes its
 * own. A key is remembered for `retentionMs`.
 *
 *     const { value: order } = once(database, key, () => insertOrder(cart))
 *
 * Throws what `effect` throws (then nothing of this is kept), OPTION_INVALID for a result that is no JSON, and SQLite's own errors.
 */
export function once<Result>(
  database: DatabaseSync,
  key: string,
  effect: () => Result,
  options: OnceOptions = {},
): OnceOutcome<Result> {
  if (database.isTransaction) return record(database, key, effect, options)
  database.exec('BEGIN IMMEDIATE')
  try {
    const outcome = record(database, key, effect, options)
    database.exec('COMMIT')
    return outcome
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function record<Result>(
  database: DatabaseSync,
  key: string,
  effect: () => Result,
  { retentionMs = defaultOnceRetentionMs, clock = systemClock }: OnceOptions,
): OnceOutcome<Result> {
  database.exec(onceTables)
  const oldestMs = clock.now() - retentionMs
  const row = database
    .prepare('SELECT result FROM drover_once WHERE key = ? AND at_ms > ?')
    .get(key, oldestMs)
  if (row !== undefined) return repeatedResult(String(row['result']))
  const value = effect()
  if (value instanceof Promise) {
    throw new DroverError(
      'OPTION_INVALID',
      'Cannot do the effect once: it is asynchronous, wanted a result at once',
    )
  }
  database
    .prepare('DELETE FROM drover_once WHERE key IN (SELECT key FROM drover_once WHERE at_ms <= ? LIMIT ?)')
    .run(oldestMs, sweptPerKey)
  database
    .prepare('INSERT OR REPLACE INTO drover_once VALUES (?, ?, ?)')
    .run(key, resultText(value), clock.now())
  return { value, isRepeated: false }
}

/**
 * Call it in the transaction that writes under a lease, before the writes: it notes the fence of `lease`, and throws LEASE_LOST when
 * a later holder has written here already. Throws OPTION_INVALID outside of a transaction, where it would protect nothing.
 */
export function checkFence(
  database: DatabaseSync,
  lease: { readonly name: string; readonly fence: number },
): void {
  if (!database.isTransaction) {
    throw new DroverError(
      'OPTION_INVALID',
      'Cannot check a fence outside of a transaction: it would protect nothing',
    )
  }
  database.exec(onceTables)
  const { changes } = database
    .prepare(
      `INSERT INTO drover_fence VALUES (?, ?)
       ON CONFLICT (name) DO UPDATE SET fence = excluded.fence WHERE fence <= excluded.fence`,
    )
    .run(lease.name, lease.fence)
  if (changes === 0) throw fenced(lease.name)
}
