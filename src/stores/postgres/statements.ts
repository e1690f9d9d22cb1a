// The SQL of the PostgreSQL store. Every write is one statement that changes one session's row, so PostgreSQL itself makes
// it atomic: a statement that met the lock of another applies its conditions and its change to the row as that one left it
// (READ COMMITTED). What a statement with no effect met is asked afterwards, by `inspect`.
//
// Parameters are named in the order in which store.ts passes them. `$now` is always the store's clock: PostgreSQL's own is
// never asked, so that all stores agree on what has expired.
import { createHash } from 'node:crypto'
import type { PostgresAnswer, Value } from './client.ts'
import { sweepChunkSize } from './defaults.ts'

export interface Statement {
  /** Made of the text, so that two versions of Drover never mix theirs up on one connection. */
  readonly name: string
  readonly text: string
}

export type StatementName =
  | 'load'
  | 'inspect'
  | 'list'
  | 'find'
  | 'create'
  | 'save'
  | 'saveIf'
  | 'touch'
  | 'replace'
  | 'delete'
  | 'deleteExpired'
  | 'deleteForwarding'
  | 'revokeAll'
  | 'sweep'
  | 'sweepRates'
  | 'hit'
  | 'rate'

export type Statements = Readonly<Record<StatementName, Statement>>

/** Runs one of the statements, as PostgresLink does. */
export type Run = (doing: string, name: StatementName, values: readonly Value[]) => Promise<PostgresAnswer>

export interface Names {
  readonly session: string
  readonly rate: string
  readonly version: string
  /** What LISTEN and NOTIFY use. A channel belongs to the whole database, so it stands for the schema too. */
  readonly channel: string
  /** The first half of the advisory locks. */
  readonly lockClass: number
}

/** The names in `schema`, or in the first of the search path. */
export function namesIn(schema: string | undefined): Names {
  const digest = createHash('sha256')
    .update(`drover session ${prefixOf(schema)}`)
    .digest()
  return {
    session: tableIn(schema, 'session'),
    rate: tableIn(schema, 'rate'),
    version: tableIn(schema, 'schema'),
    channel: `drover_session_${digest.toString('hex').slice(0, 16)}`,
    lockClass: digest.readInt32BE(16),
  }
}

/** A table's name in `schema`, or in the first of the search path. */
export function tableIn(schema: string | undefined, name: string): string {
  return `${prefixOf(schema)}drover_${name}`
}

function prefixOf(schema: string | undefined): string {
  return schema === undefined ? '' : `${quoted(schema)}.`
}

export function quoted(identifier: string): string {
  return `"${identifier.replaceAll('"', '""')}"`
}

/** All statements on the tables of those names. */
export function statementsOn(names: Names): Statements {
  return { ...readsOn(names), ...writesOn(names), ...endsOn(names), ...sweepsOn(names), ...ratesOn(names) }
}

export function statement(text: string): Statement {
  return { name: `drover_${createHash('sha256').update(text).digest('hex').slice(0, 16)}`, text }
}

const identityColumns = 'principal, device, ip, created_at_ms, absolute_deadline_ms, idle_deadline_ms'

/** Alive under this very key. Both hold for the row as it is when it is changed, not as it was when it was found. */
const isLive = 'key = $1 AND idle_deadline_ms > $2 AND successor IS NULL'

/** The change's expectations: expected fields, names expected to be absent, whether there may be no others. */
function isExpected(fields: string, absent: string, isWhole: string): string {
  return `(fields @> ${fields}::jsonb AND NOT fields ?| ${absent}::text[]
           AND (NOT ${isWhole}::boolean OR fields = ${fields}::jsonb))`
}

/**
 * Whether each addend, of an object from names to numbers, can be added: sum.ts says when. CASE keeps text from the cast.
 * An aggregate, and not an EXISTS: that becomes a join, and a statement that waited for a lock looks again at the row it
 * changes, but not at what the row was joined with.
 */
function isSummable(add: string): string {
  const before = `coalesce(fields ->> addend.name, '0')`
  return `(SELECT coalesce(bool_and(
                    CASE WHEN ${before} ~ '^-?(0|[1-9][0-9]{0,15})$'
                         THEN abs(${before}::numeric) <= 9007199254740991
                          AND abs(${before}::numeric + delta::numeric) <= 9007199254740991
                          AND delta::numeric = trunc(delta::numeric)
                         ELSE false END), true)
           FROM jsonb_each_text(${add}::jsonb) AS addend(name, delta))`
}

function sums(add: string): string {
  return `(SELECT coalesce(jsonb_object_agg(
                    addend.name, (coalesce(fields ->> addend.name, '0')::numeric + delta::numeric)::text), '{}')
           FROM jsonb_each_text(${add}::jsonb) AS addend(name, delta))`
}

/** Never backwards, never past the absolute deadline. */
function slid(wanted: string, absolute: string): string {
  return `least(greatest(idle_deadline_ms, ${wanted}::bigint), ${absolute})`
}

/**
 * Tells who watches of a key that was left, or of a tag and the dot after it. NOTIFY makes committing transactions wait for
 * one another, so it is done only while anybody listens: they hold shared the lock that is tried here. `stripe` spreads
 * those who try, because one who holds the lock for its transaction looks like a listener to the next.
 */
function notify({ channel, lockClass }: Names, stripe: string, payload: string): string {
  return `CASE WHEN pg_try_advisory_xact_lock(${lockClass}, ${stripe}::int) THEN NULL
               ELSE pg_notify('${channel}', ${payload})::text END`
}

function readsOn({ session }: Names) {
  return {
    // key, now
    load: statement(`SELECT ${identityColumns}, fields, successor, sealed_id
           FROM ${session} WHERE key = $1 AND idle_deadline_ms > $2`),
    // key, now, expected, absent, whole, add: what a write met
    inspect: statement(`SELECT successor, ${isExpected('$3', '$4', '$5')}, ${isSummable('$6')}
              FROM ${session} WHERE key = $1 AND idle_deadline_ms > $2`),
    // tag and dot, the first text after all that begin so, now, how many
    list: statement(`SELECT ${identityColumns}, key FROM ${session}
           WHERE key >= $1 AND key < $2 AND idle_deadline_ms > $3 AND successor IS NULL
           ORDER BY created_at_ms DESC LIMIT $4`),
    // keys, now: a forwarding is found even when it is over, so that a watcher that comes late still finds the session
    find: statement(`SELECT key, successor, idle_deadline_ms FROM ${session}
           WHERE key = ANY($1::text[]) AND (idle_deadline_ms > $2 OR successor IS NOT NULL)`),
  }
}

function writesOn({ session }: Names) {
  return {
    // key, now, principal, device, ip, created, absolute, idle, fields: no effect on a key that is not free
    create: statement(`INSERT INTO ${session} AS old (key, ${identityColumns}, sweep_after_ms, fields)
             VALUES ($1, $3, $4, $5, $6, $7, least($8::bigint, $7::bigint), least($8::bigint, $7::bigint), $9)
             ON CONFLICT (key) DO UPDATE SET
               (${identityColumns}, sweep_after_ms, fields, successor, sealed_id) =
               (excluded.principal, excluded.device, excluded.ip, excluded.created_at_ms,
                excluded.absolute_deadline_ms, excluded.idle_deadline_ms, excluded.sweep_after_ms,
                excluded.fields, NULL, NULL)
             WHERE old.idle_deadline_ms <= $2`),
    // key, now, idle, remove, set
    save: statement(`UPDATE ${session} SET
             fields = (fields - $4::text[]) || $5::jsonb,
             idle_deadline_ms = ${slid('$3', 'absolute_deadline_ms')}
           WHERE ${isLive}`),
    // key, now, idle, remove, set, add, expected, absent, whole
    saveIf: statement(`UPDATE ${session} SET
               fields = (fields - $4::text[]) || $5::jsonb || ${sums('$6')},
               idle_deadline_ms = ${slid('$3', 'absolute_deadline_ms')}
             WHERE ${isLive} AND ${isExpected('$7', '$8', '$9')} AND ${isSummable('$6')}`),
    // key, now, idle: no effect when there is nothing to move
    touch: statement(`UPDATE ${session} SET idle_deadline_ms = least($3::bigint, absolute_deadline_ms)
            WHERE ${isLive} AND idle_deadline_ms < least($3::bigint, absolute_deadline_ms)`),
  }
}

function endsOn(names: Names) {
  const { session } = names
  return {
    // Moves the row itself, so that whoever waits for it finds it under its new key, or not at all.
    // key, now, idle, remove, set, add, expected, absent, whole, new key, principal, device, ip, created, absolute,
    // keys to forward, sealed id, until, stripe
    replace: statement(`WITH moved AS (
                UPDATE ${session} SET
                  key = $10, principal = $11, device = $12, ip = $13,
                  created_at_ms = $14, absolute_deadline_ms = $15,
                  idle_deadline_ms = ${slid('$3', '$15::bigint')},
                  sweep_after_ms = ${slid('$3', '$15::bigint')},
                  fields = (fields - $4::text[]) || $5::jsonb || ${sums('$6')}
                WHERE ${isLive} AND ${isExpected('$7', '$8', '$9')} AND ${isSummable('$6')}
                RETURNING idle_deadline_ms
              ), forwarded AS (
                INSERT INTO ${session} (key, created_at_ms, absolute_deadline_ms, idle_deadline_ms,
                                        sweep_after_ms, successor, sealed_id, fields)
                SELECT old_key, $2::bigint, $18::bigint, $18::bigint,
                       greatest(idle_deadline_ms, $18::bigint), $10, $17, '{}'
                FROM moved, unnest($16::text[]) AS old_key
                ON CONFLICT (key) DO UPDATE SET
                  (absolute_deadline_ms, idle_deadline_ms, sweep_after_ms, successor, sealed_id) =
                  (excluded.absolute_deadline_ms, excluded.idle_deadline_ms, excluded.sweep_after_ms,
                   excluded.successor, excluded.sealed_id)
              )
              SELECT ${notify(names, '$19', '$1::text')} FROM moved`),
    // key, stripe
    delete:
      statement(`WITH gone AS (DELETE FROM ${session} WHERE key = $1 AND successor IS NULL RETURNING key)
             SELECT ${notify(names, '$2', 'key')} FROM gone`),
    // key, now: what the sweep has not come to yet
    deleteExpired: statement(`DELETE FROM ${session} WHERE key = $1 AND idle_deadline_ms <= $2`),
    // key: a forwarding that leads to no session any more
    deleteForwarding: statement(`DELETE FROM ${session} WHERE key = $1 AND successor IS NOT NULL`),
    // tag and dot, the first text after all that begin so, key to except, now, stripe. Forwardings within the principal's
    // keys stay: they lead to the excepted session, or to none.
    revokeAll: statement(`WITH RECURSIVE kept AS (
                  SELECT $3::text COLLATE "C" AS key
                  UNION
                  SELECT old.successor FROM kept JOIN ${session} AS old USING (key)
                  WHERE old.successor IS NOT NULL AND old.idle_deadline_ms > $4
                ), gone AS (
                  DELETE FROM ${session}
                  WHERE key >= $1 AND key < $2
                    AND key <> ALL (ARRAY(SELECT kept.key FROM kept WHERE kept.key IS NOT NULL))
                    AND (successor IS NULL OR NOT (successor >= $1 AND successor < $2))
                  RETURNING key
                )
                SELECT ${notify(names, '$5', '$1::text')} WHERE EXISTS (SELECT FROM gone)`),
  }
}

function sweepsOn({ session, rate }: Names) {
  // What was slid meanwhile is not deleted but looked at again later: its index entry moves once in a while that way, and
  // not with each slide, which therefore stays a heap-only update.
  return {
    // now less the grace. Locked rows are left to whoever holds them: another server's sweep, or a save.
    sweep: statement(`WITH due AS (
              SELECT key FROM ${session} WHERE sweep_after_ms <= $1
              ORDER BY sweep_after_ms LIMIT ${sweepChunkSize} FOR UPDATE SKIP LOCKED
            ), later AS (
              UPDATE ${session} SET sweep_after_ms = idle_deadline_ms
              WHERE key = ANY (ARRAY(SELECT key FROM due)) AND idle_deadline_ms > $1
            ), gone AS (
              DELETE FROM ${session}
              WHERE key = ANY (ARRAY(SELECT key FROM due)) AND idle_deadline_ms <= $1
              RETURNING key, principal, successor
            )
            SELECT due.key, gone.key, gone.principal, gone.successor FROM due LEFT JOIN gone USING (key)`),
    // now less the grace, in microseconds
    sweepRates: statement(`WITH due AS (
                   SELECT key FROM ${rate} WHERE sweep_after_us <= $1
                   ORDER BY sweep_after_us LIMIT ${sweepChunkSize} FOR UPDATE SKIP LOCKED
                 ), later AS (
                   UPDATE ${rate} SET sweep_after_us = until_us
                   WHERE key = ANY (ARRAY(SELECT key FROM due)) AND until_us > $1
                 ), gone AS (
                   DELETE FROM ${rate} WHERE key = ANY (ARRAY(SELECT key FROM due)) AND until_us <= $1
                 )
                 SELECT key FROM due`),
  }
}

function ratesOn({ rate }: Names) {
  return {
    // key, now, take, most: one row, whatever became of the hit. A refused one writes the row as it is: its answer is then
    // exact, where a look of its own could come before or after another server's hit.
    hit: statement(`INSERT INTO ${rate} AS old (key, until_us, was_taken, sweep_after_us)
          VALUES ($1, $2::bigint + $3::bigint, true, $2::bigint + $3::bigint)
          ON CONFLICT (key) DO UPDATE SET (until_us, was_taken) = (
            SELECT CASE WHEN fits THEN taken_us ELSE old.until_us END, fits
            FROM (SELECT greatest(old.until_us, $2::bigint) + $3::bigint AS taken_us) AS hit,
                 LATERAL (SELECT taken_us <= $2::bigint + $4::bigint AS fits) AS answer)
          RETURNING until_us, was_taken`),
    // key
    rate: statement(`SELECT until_us FROM ${rate} WHERE key = $1`),
  }
}
