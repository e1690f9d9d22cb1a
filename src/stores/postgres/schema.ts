// The tables of the PostgreSQL store, and the steps from an older database to this one.
//
// drover_session  one row a session, or a forwarding where `successor` is set. idle_deadline_ms is never later than
//                 absolute_deadline_ms, so it alone says when the row ends. Keys sort by their bytes (COLLATE "C"), so all
//                 sessions of a principal, whose keys begin with its tag, are one range of the primary key: no index of
//                 them can be incomplete.
// drover_rate     one row a rate limit's key. Unlogged: a crash of the server forgets the counts, and no hit waits for a disk.
// drover_schema   the version of what stands above.
//
// Why one jsonb for all fields, and not a row a field: `(fields - removed) || set` changes the named fields and no other,
// in one UPDATE of one row, which PostgreSQL applies to whatever an earlier writer left (R5), and deleting that row is all
// there is to R4. Rows of their own need a lock, and then a new snapshot: several statements, in a function. Measured with
// 6 fields, per call of a server backend: save of one field of 600 B 80 µs (rows 94), of 4 KB 108 µs (rows 95); load 45 µs
// (62) and 71 µs (43); all of them mostly protocol. What it costs: WAL of a save is the size of the session compressed, so
// an app that keeps 100 KB in one session and saves a counter beside it writes that much each time.
//
// Sessions are compressed with lz4 where the server can: a save of 4 KB took 99 µs of a backend, and 125 with pglz.
// fillfactor leaves room for the next version of a row on its own page, and no index holds a column that changes with a save
// or a slide, so those are heap-only updates that touch no index and leave nothing for a vacuum. That is why sweep_after_ms
// stands in the index and not the idle deadline.
import { ask, sqlState } from './client.ts'
import type { PostgresClient } from './client.ts'
import { namesIn, quoted } from './statements.ts'
import type { Names } from './statements.ts'

/** Tables that belong together, under a name in `drover_schema`. */
export interface SchemaPart {
  readonly name: string
  /** Step i brings the tables from version i to i + 1. Never edit a released step; append. */
  readonly steps: readonly string[]
}

function sessionSteps({ session, rate }: Names): readonly string[] {
  return [
    `CREATE TABLE ${session} (
       key                  text COLLATE "C" PRIMARY KEY,
       principal            text,
       device               text,
       ip                   text,
       created_at_ms        bigint NOT NULL,
       absolute_deadline_ms bigint NOT NULL,
       idle_deadline_ms     bigint NOT NULL CHECK (idle_deadline_ms <= absolute_deadline_ms),
       sweep_after_ms       bigint NOT NULL,
       successor            text COLLATE "C",
       sealed_id            text,
       fields               jsonb NOT NULL
     ) WITH (fillfactor = 70);
     DO $do$ BEGIN
       IF EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)) THEN
         EXECUTE $sql$ ALTER TABLE ${session} ALTER COLUMN fields SET COMPRESSION lz4 $sql$;
       END IF;
     END $do$;
     CREATE INDEX drover_session_sweep ON ${session} (sweep_after_ms);
     CREATE UNLOGGED TABLE ${rate} (
       key            text COLLATE "C" PRIMARY KEY,
       until_us       bigint NOT NULL,
       was_taken      boolean NOT NULL,
       sweep_after_us bigint NOT NULL
     ) WITH (fillfactor = 50);
     CREATE INDEX drover_rate_sweep ON ${rate} (sweep_after_us);`,
  ]
}

function sessionPart(names: Names): SchemaPart {
  return { name: 'session', steps: sessionSteps(names) }
}

/** The version of the session tables that this code reads and writes. */
export const schemaVersion: number = sessionSteps(namesIn(undefined)).length

/** What PostgreSQL says of a table, a column or a schema that is not there. */
const missing: ReadonlySet<string | undefined> = new Set(['42P01', '42703', '3F000'])

/** Whether the tables are not there (any more): they are then made again by the next use. */
export function isMissing(error: unknown): boolean {
  return missing.has(sqlState(error))
}

export interface SchemaSettings {
  readonly names: Names
  readonly schema: string | undefined
  /** Creating tables, and waiting for another server that does, may take longer than a call. */
  readonly openTimeoutMs: number
}

/** Brings the tables to the last step: one look when they are there already. Any number of servers may do so at once. */
export async function migrate(
  client: PostgresClient,
  settings: SchemaSettings,
  part: SchemaPart = sessionPart(settings.names),
): Promise<void> {
  const { names, schema, openTimeoutMs } = settings
  const last = part.steps.length
  if (checked(await readVersion(client, names, part.name), last) === last) return
  await ask(client, 'BEGIN')
  await ask(client, `SET LOCAL statement_timeout = ${Math.ceil(openTimeoutMs)}`)
  // Gone with the transaction, so this works behind a pooler too.
  await ask(client, `SELECT pg_advisory_xact_lock(${names.lockClass}, -1)`)
  await requireUtf8(client)
  // Where the schema is there, no right to create one is needed.
  if (schema !== undefined && !(await hasSchema(client, schema))) {
    await ask(client, `CREATE SCHEMA IF NOT EXISTS ${quoted(schema)}`)
  }
  await ask(
    client,
    `CREATE TABLE IF NOT EXISTS ${names.version} (part text PRIMARY KEY, version int NOT NULL)`,
  )
  // Another server may have been here first.
  const version = checked(await readVersion(client, names, part.name), last)
  for (const step of part.steps.slice(version)) await ask(client, step)
  await ask(
    client,
    `INSERT INTO ${names.version} VALUES ($1, $2)
     ON CONFLICT (part) DO UPDATE SET version = excluded.version`,
    [part.name, last],
  )
  await ask(client, 'COMMIT')
}

/** 0 when there is none. */
async function readVersion(client: PostgresClient, { version }: Names, part: string): Promise<number> {
  try {
    const { rows } = await ask(client, `SELECT version FROM ${version} WHERE part = $1`, [part])
    return Number(rows[0]?.[0] ?? 0)
  } catch (error) {
    if (isMissing(error)) return 0
    throw error
  }
}

function checked(version: number, last: number): number {
  if (version <= last) return version
  throw new Error(
    `the schema version of its tables is ${version}, wanted ${last} or older: a newer Drover made them`,
  )
}

/** Field names are any Unicode text, and jsonb keeps it only in a database of that encoding. */
async function requireUtf8(client: PostgresClient): Promise<void> {
  const { rows } = await ask(client, `SELECT current_setting('server_encoding')`)
  const encoding = rows[0]?.[0]
  if (encoding !== 'UTF8') throw new Error(`the encoding of the database is ${encoding}, wanted UTF8`)
}

async function hasSchema(client: PostgresClient, schema: string): Promise<boolean> {
  const { rows } = await ask(client, 'SELECT 1 FROM pg_namespace WHERE nspname = $1', [schema])
  return rows.length > 0
}
