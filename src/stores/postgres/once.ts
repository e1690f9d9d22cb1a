// Effects and fences in the app's own PostgreSQL database, in the app's own transaction.
import { systemClock } from '../../base/clock.ts'
import { DroverError } from '../../base/errors.ts'
import { fenced } from '../fence.ts'
import { defaultOnceRetentionMs, repeatedResult, resultText } from '../once.ts'
import type { OnceOptions, OnceOutcome } from '../once.ts'

/** One connection, in a transaction. A client of the `pg` package (not a pool) has this shape. */
export interface PostgresTransaction {
  query(
    text: string,
    values?: unknown[],
  ): Promise<{
    readonly rows: readonly Readonly<Record<string, unknown>>[]
    readonly rowCount: number | null
  }>
}

/**
 * The tables of `once` and `checkFence`. They are made where they are missing, in the same transaction; for a role that may not,
 * let a migration do it.
 */
export const onceTables = `
  CREATE TABLE IF NOT EXISTS drover_once (
    key    text COLLATE "C" PRIMARY KEY,
    result text,
    at_ms  bigint NOT NULL
  );
  CREATE INDEX IF NOT EXISTS drover_once_age ON drover_once (at_ms);
  CREATE TABLE IF NOT EXISTS drover_fence (
    name  text COLLATE "C" PRIMARY KEY,
    fence bigint NOT NULL
  );`

/** With each new key so many that are over are removed. */
const sweptPerKey = 4
/** Of the advisory lock under which the tables are made: creating them twice at once fails in PostgreSQL. */
const tablesLock = 0x64726f76

/** Connections on which the tables were found. */
const prepared = new WeakSet<PostgresTransaction>()

/**
 * Does `effect` once for `key`, whatever dies whenever: what it writes through `transaction` and the key are committed together, by
 * the caller's COMMIT. A second one at the same time waits for that. The result, a JSON value, is what later calls get, with
 * `isRepeated`. A key is remembered for `retentionMs`.
 *
 *     await client.query('BEGIN')
 *     const { value: order } = await once(client, key, () => insertOrder(client, cart))
 *     await client.query('COMMIT')
 *
 * Rejects as `effect` does, with PostgreSQL's own errors, and with OPTION_INVALID for a result that is no JSON or outside of a
 * transaction; roll back then.
 */
export async function once<Result>(
  transaction: PostgresTransaction,
  key: string,
  effect: () => Result | Promise<Result>,
  { retentionMs = defaultOnceRetentionMs, clock = systemClock }: OnceOptions = {},
): Promise<OnceOutcome<Result>> {
  await prepare(transaction)
  const nowMs = clock.now()
  const oldestMs = nowMs - retentionMs
  // Without a result: the effect failed, and was committed all the same.
  const { rowCount } = await transaction.query(
    `INSERT INTO drover_once AS old (key, at_ms) VALUES ($1, $2)
     ON CONFLICT (key) DO UPDATE SET at_ms = excluded.at_ms, result = NULL
     WHERE old.at_ms <= $3 OR old.result IS NULL`,
    [key, nowMs, oldestMs],
  )
  if (rowCount === 0) return repeated<Result>(transaction, key)
  await requireTransaction(transaction, 'DELETE FROM drover_once WHERE key = $1', key)
  const value = await effect()
  await transaction.query(
    `DELETE FROM drover_once WHERE key = ANY (ARRAY(
       SELECT key FROM drover_once WHERE at_ms <= $1 LIMIT ${sweptPerKey} FOR UPDATE SKIP LOCKED))`,
    [oldestMs],
  )
  await transaction.query('UPDATE drover_once SET result = $2 WHERE key = $1', [key, resultText(value)])
  return { value, isRepeated: false }
}

/**
 * Call it in the transaction that writes under a lease, before the writes: it notes the fence of `lease`, and rejects with
 * LEASE_LOST when a later holder has written here already; roll back then. Two that write at once take turns, the first one's
 * COMMIT decides. Rejects with OPTION_INVALID outside of a transaction, where it would protect nothing.
 */
export async function checkFence(
  transaction: PostgresTransaction,
  lease: { readonly name: string; readonly fence: number },
): Promise<void> {
  await prepare(transaction)
  const { rowCount } = await transaction.query(
    `INSERT INTO drover_fence AS old VALUES ($1, $2)
     ON CONFLICT (name) DO UPDATE SET fence = excluded.fence WHERE old.fence <= excluded.fence`,
    [lease.name, lease.fence],
  )
  if (rowCount === 0) throw fenced(lease.name)
  await requireTransaction(transaction)
}

async function repeated<Result>(transaction: PostgresTransaction, key: string): Promise<OnceOutcome<Result>> {
  const { rows } = await transaction.query('SELECT result FROM drover_once WHERE key = $1', [key])
  return repeatedResult(String(rows[0]?.['result']))
}

async function prepare(transaction: PostgresTransaction): Promise<void> {
  if (prepared.has(transaction)) return
  // What this very transaction has made, a rollback unmakes; it has written nothing as long as it has no number.
  const { rows } = await transaction.query(
    `SELECT to_regclass('drover_fence') IS NOT NULL AS there, txid_current_if_assigned() IS NULL AS committed`,
  )
  if (rows[0]?.['there'] === true) {
    if (rows[0]['committed'] === true) prepared.add(transaction)
    return
  }
  await transaction.query('SELECT pg_advisory_xact_lock($1)', [tablesLock])
  await transaction.query(onceTables)
}

/** Asked after a write: a transaction has a number from its first one on, and outside of one each statement is its own. */
async function requireTransaction(
  transaction: PostgresTransaction,
  undo?: string,
  key?: string,
): Promise<void> {
  const { rows } = await transaction.query('SELECT txid_current_if_assigned() IS NOT NULL AS inside')
  if (rows[0]?.['inside'] === true) return
  if (undo !== undefined) await transaction.query(undo, [key])
  throw new DroverError(
    'OPTION_INVALID',
    'Cannot write outside of a transaction: wanted a client of pg after BEGIN, not a pool',
  )
}
