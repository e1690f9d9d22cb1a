// What was done for a key, remembered by the very transaction that did it: both are committed, or neither is.
import type { DatabaseSync } from 'node:sqlite'
import { CompiledQuery, type Transaction } from 'kysely'
import { once as oncePostgres, type OnceOutcome } from 'drover/postgres'
import { once as onceSqlite } from 'drover/sqlite'
import type { Tables } from './database.ts'

/**
 * The id of what is done for `key`: the one that `chooseId` gives, or, when a transaction with this key was committed before,
 * the id of then, with `isRepeated`. Then there is nothing left to do.
 */
export type Once = (
  transaction: Transaction<Tables>,
  key: string,
  chooseId: () => string,
) => Promise<OnceOutcome<string>>

/** Kysely's transactions are the file's own: it has one connection. */
export function onceInFile(file: DatabaseSync): Once {
  return async (_transaction, key, chooseId) => onceSqlite(file, key, chooseId)
}

export const onceOnServer: Once = (transaction, key, chooseId) => {
  const query = async (text: string, values: unknown[] = []) => {
    const compiled = CompiledQuery.raw(text, values)
    const { rows, numAffectedRows } = await transaction.executeQuery<Record<string, unknown>>(compiled)
    return { rows, rowCount: numAffectedRows === undefined ? null : Number(numAffectedRows) }
  }
  return oncePostgres({ query }, key, chooseId)
}
