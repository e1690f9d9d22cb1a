// What a shop keeps its sessions and orders in while it is proved: a Redis and a PostgreSQL of the test's own, and for each proof a
// database in either that nobody else uses.
import { dirname } from 'node:path'
import { Client } from 'pg'
import { postgres } from '../../../scripts/parts/catalog.ts'
import { requirePart } from '../../../scripts/parts/find.ts'
import { startPostgres } from '../../support/postgres-server.ts'
import { startRedis } from '../../support/redis-server.ts'

export interface ShopDatabases {
  /** For the shop's environment: empty databases. */
  take(): Promise<Readonly<Record<'DATABASE_URL' | 'SESSION_STORE', string>>>
  /** Where psql is. */
  readonly binaries: string
  stop(): Promise<void>
}

/** As a user would bring both back to the start, with what is in the shop's environment. */
export const resetCommand: string =
  'psql "$DATABASE_URL" --quiet --command "drop schema public cascade; create schema public" && redis-cli -u "$SESSION_STORE" flushdb'

const databasesAtMost = 32

export async function startShopDatabases(): Promise<ShopDatabases> {
  const [orders, sessions] = await Promise.all([
    startPostgres(),
    startRedis(undefined, ['--databases', String(databasesAtMost)]),
  ])
  let taken = 0
  return {
    async take() {
      const number = taken
      taken += 1
      if (number >= databasesAtMost)
        throw new RangeError(`Cannot take more than ${databasesAtMost} databases`)
      const client = new Client({ connectionString: orders.url })
      await client.connect()
      await client.query(`create database shop_${number}`)
      await client.end()
      const url = new URL(orders.url)
      url.pathname = `/shop_${number}`
      return { DATABASE_URL: url.href, SESSION_STORE: `${sessions.url}/${number}` }
    },
    binaries: dirname(requirePart(postgres)),
    async stop() {
      await Promise.all([orders.stop(), sessions.stop()])
    },
  }
}
