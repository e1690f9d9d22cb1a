// The SQL of tokens on PostgreSQL. A family's mark is compared with its principal's where it is read, so that ending all of a
// principal is one row's change; whoever begins or ends families of one principal waits for the other at that row.
import { createHash } from 'node:crypto'
import { sweepChunkSize } from './defaults.ts'
import { mostRevocationsAtOnce } from '../revocations.ts'
import { statement, tableIn } from './statements.ts'
import type { Statement } from './statements.ts'

export interface TokenTables {
  readonly ring: string
  readonly family: string
  readonly mark: string
  readonly revocation: string
  /** What LISTEN and NOTIFY use. A channel belongs to the whole database, so it stands for the schema too. */
  readonly channel: string
}

/** The names in `schema`, or in the first of the search path. */
export function tokenTables(schema: string | undefined): TokenTables {
  const revocation = tableIn(schema, 'token_revocation')
  const digest = createHash('sha256').update(revocation).digest('hex')
  return {
    ring: tableIn(schema, 'token_ring'),
    family: tableIn(schema, 'token_family'),
    mark: tableIn(schema, 'token_mark'),
    revocation,
    channel: `drover_token_${digest.slice(0, 16)}`,
  }
}

export function tokenSteps({ ring, family, mark, revocation }: TokenTables): readonly string[] {
  return [
    `CREATE TABLE ${ring} (
       name    text COLLATE "C" PRIMARY KEY,
       version bigint NOT NULL,
       text    text NOT NULL
     );
     CREATE TABLE ${family} (
       key                  text COLLATE "C" PRIMARY KEY,
       text                 text NOT NULL,
       generation           bigint NOT NULL,
       mark                 bigint NOT NULL,
       advanced_at_ms       bigint NOT NULL,
       idle_deadline_ms     bigint NOT NULL,
       absolute_deadline_ms bigint NOT NULL
     );
     CREATE INDEX drover_token_family_end ON ${family} (absolute_deadline_ms);
     CREATE TABLE ${mark} (
       tag      text COLLATE "C" PRIMARY KEY,
       mark     bigint NOT NULL,
       until_ms bigint NOT NULL
     );
     CREATE INDEX drover_token_mark_end ON ${mark} (until_ms);
     CREATE TABLE ${revocation} (
       id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
       xid      xid8 NOT NULL DEFAULT pg_current_xact_id(),
       text     text NOT NULL,
       until_ms bigint NOT NULL
     );
     CREATE INDEX drover_token_revocation_feed ON ${revocation} (xid);
     CREATE INDEX drover_token_revocation_end ON ${revocation} (until_ms);`,
  ]
}

/** Of a family. */
const columns = 'text, generation, mark, idle_deadline_ms, absolute_deadline_ms'

export type TokenStatementName =
  | 'loadRing'
  | 'createRing'
  | 'replaceRing'
  | 'create'
  | 'find'
  | 'advance'
  | 'endReplayed'
  | 'end'
  | 'endAll'
  | 'feed'

export interface TokenStatements extends Readonly<Record<TokenStatementName, Statement>> {
  /** Each removes a chunk of what is over. */
  readonly sweeps: readonly Statement[]
}

export function tokenStatements(tables: TokenTables): TokenStatements {
  const { ring, family, mark, revocation, channel } = tables
  const markOfTag = `coalesce((SELECT mark FROM ${mark} WHERE tag = $2), 0)`
  // What a statement published is told as it commits.
  const told = `SELECT pg_notify('${channel}', '') FROM published`
  const sweepOf = (table: string, key: string, end: string) =>
    statement(`DELETE FROM ${table} WHERE ${key} = ANY (ARRAY(
              SELECT ${key} FROM ${table} WHERE ${end} <= $1
              ORDER BY ${end} LIMIT ${sweepChunkSize} FOR UPDATE SKIP LOCKED))`)
  return {
    // name
    loadRing: statement(`SELECT version, text FROM ${ring} WHERE name = $1`),
    // name, text
    createRing: statement(`INSERT INTO ${ring} VALUES ($1, 1, $2) ON CONFLICT DO NOTHING`),
    // name, version, text
    replaceRing: statement(`UPDATE ${ring} SET version = version + 1, text = $3
            WHERE name = $1 AND version = $2`),
    // key, tag, text, now, idle deadline, absolute deadline
    create: statement(`WITH principal AS (
              INSERT INTO ${mark} AS old VALUES ($2, 0, $6::bigint)
              ON CONFLICT (tag) DO UPDATE SET until_ms = greatest(old.until_ms, excluded.until_ms)
              RETURNING mark)
            INSERT INTO ${family}
            SELECT $1, $3, 1, principal.mark, $4::bigint, least($5::bigint, $6::bigint), $6::bigint FROM principal
            RETURNING mark`),
    // key, tag, now
    find: statement(`SELECT ${columns}, advanced_at_ms FROM ${family}
            WHERE key = $1 AND idle_deadline_ms > $3 AND mark >= ${markOfTag}`),
    // key, tag, now, generation, idle deadline
    advance: statement(`UPDATE ${family} SET generation = $4::bigint + 1, advanced_at_ms = $3::bigint,
              idle_deadline_ms = least(absolute_deadline_ms, greatest(idle_deadline_ms, $5::bigint))
            WHERE key = $1 AND idle_deadline_ms > $3::bigint AND generation <= $4::bigint AND mark >= ${markOfTag}
            RETURNING ${columns}`),
    // key, generation, until
    endReplayed: statement(`WITH ended AS (
              DELETE FROM ${family} WHERE key = $1 AND generation = $2 RETURNING key),
            published AS (
              INSERT INTO ${revocation} (text, until_ms)
              SELECT 'family ' || key, $3::bigint FROM ended RETURNING id)
            ${told}`),
    // key, until
    end: statement(`WITH ended AS (DELETE FROM ${family} WHERE key = $1),
            published AS (
              INSERT INTO ${revocation} (text, until_ms) VALUES ('family ' || $1, $2) RETURNING id)
            ${told}`),
    // tag, now, until, the key that is spared or ''
    endAll: statement(`WITH principal AS (
              INSERT INTO ${mark} AS old VALUES ($1, 1, $3::bigint)
              ON CONFLICT (tag) DO UPDATE SET
                (mark, until_ms) = (old.mark + 1, greatest(old.until_ms, excluded.until_ms))
              RETURNING mark),
            spared AS (
              UPDATE ${family} AS kept SET mark = principal.mark FROM principal
              WHERE kept.key = $4 AND kept.idle_deadline_ms > $2::bigint AND kept.mark >= principal.mark - 1
              RETURNING kept.key),
            published AS (
              INSERT INTO ${revocation} (text, until_ms)
              SELECT concat_ws(' ', 'principal', $1::text, principal.mark, (SELECT key FROM spared)), $3::bigint
              FROM principal RETURNING text)
            SELECT text, pg_notify('${channel}', '') FROM published`),
    // The transaction to begin with, now. Its first column: all transactions before that one are over, and what they
    // published is visible. A transaction publishes once.
    feed: statement(`SELECT pg_snapshot_xmin(pg_current_snapshot())::text, page.xid::text, page.text, page.until_ms
            FROM (SELECT 1) AS always LEFT JOIN LATERAL (
              SELECT xid, text, until_ms FROM ${revocation}
              WHERE xid >= $1::text::xid8 AND until_ms > $2
              ORDER BY xid LIMIT ${mostRevocationsAtOnce}) AS page ON true`),
    // now. Locked rows are left to whoever holds them.
    sweeps: [
      sweepOf(family, 'key', 'absolute_deadline_ms'),
      sweepOf(mark, 'tag', 'until_ms'),
      sweepOf(revocation, 'id', 'until_ms'),
    ],
  }
}
