// Accounts and orders at rest: SQLite, or PostgreSQL when DATABASE_URL says so.
import { Kysely, PostgresDialect, SqliteDialect, sql, type Transaction } from 'kysely'
import { Pool } from 'pg'
import { onceInFile, onceOnServer, type Once } from './once.ts'
import { kyselyFile, openFile } from './sqlite.ts'

export interface Tables {
  accounts: { name: string; password_hash: string }
  orders: { id: string; account: string; placed_at: string; total: number }
  order_lines: {
    order_id: string
    position: number
    sku: string
    name: string
    quantity: number
    price: number
  }
}

/** The tables, and a memory of what was done, which is part of the same transactions. */
export type Database = Kysely<Tables> & { readonly once: Once }

/** Opens `sqlite:PATH`, or `postgres://…`, with its tables in place. */
export async function openDatabase(url: string): Promise<Database> {
  const inFile = url.startsWith('sqlite:')
  const database = inFile ? await inFileAt(url.slice('sqlite:'.length)) : onServerAt(url)
  try {
    await database.transaction().execute(async (transaction) => {
      // All instances start at once. SQLite lets them in one by one; in PostgreSQL, where "create table if not exists"
      // can collide with itself, they queue for this lock, which ends with the transaction.
      if (!inFile) await sql`select pg_advisory_xact_lock(${tablesLock})`.execute(transaction)
      await createTables(transaction)
    })
  } catch (error) {
    await database.destroy()
    throw error
  }
  return database
}

/** Any number will do, as long as nothing else in the database uses it. */
const tablesLock = 5_407_001

async function inFileAt(path: string): Promise<Database> {
  const file = await openFile(path)
  const dialect = new SqliteDialect({ database: kyselyFile(file) })
  return Object.assign(new Kysely<Tables>({ dialect }), { once: onceInFile(file) })
}

function onServerAt(url: string): Database {
  const pool = new Pool({ connectionString: url, max: 5, connectionTimeoutMillis: 5_000 })
  // A connection that breaks while idle is replaced on next use; without a listener it would end the process.
  pool.on('error', (error) => console.error(`Lost an idle database connection: ${error.message}`))
  const dialect = new PostgresDialect({ pool })
  return Object.assign(new Kysely<Tables>({ dialect }), { once: onceOnServer })
}

async function createTables({ schema }: Transaction<Tables>): Promise<void> {
  await schema
    .createTable('accounts')
    .ifNotExists()
    .addColumn('name', 'text', (column) => column.primaryKey())
    .addColumn('password_hash', 'text', (column) => column.notNull())
    .execute()
  await schema
    .createTable('orders')
    .ifNotExists()
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('account', 'text', (column) => column.notNull().references('accounts.name'))
    .addColumn('placed_at', 'text', (column) => column.notNull())
    .addColumn('total', 'integer', (column) => column.notNull())
    .execute()
  await schema
    .createTable('order_lines')
    .ifNotExists()
    .addColumn('order_id', 'text', (column) => column.notNull().references('orders.id'))
    .addColumn('position', 'integer', (column) => column.notNull())
    .addColumn('sku', 'text', (column) => column.notNull())
    .addColumn('name', 'text', (column) => column.notNull())
    .addColumn('quantity', 'integer', (column) => column.notNull())
    .addColumn('price', 'integer', (column) => column.notNull())
    .addPrimaryKeyConstraint('order_lines_key', ['order_id', 'position'])
    .execute()
  await schema
    .createIndex('orders_of_account')
    .ifNotExists()
    .on('orders')
    .columns(['account', 'placed_at'])
    .execute()
}
