// The reads as SQL: each in a transaction that somebody else began, so it sees one moment however many statements it takes.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { mostListedSessions } from '../../session/store.ts'
import type { ListedSession, LoadedSession, SessionRecord } from '../../session/store.ts'
import type { Whereabouts } from '../watchers.ts'
import { keyRange, trailSql } from './trail.ts'

// A session and its fields are two statements: joined, each field would bring the session's columns again, and that costs
// half as much again as the second statement does (four fields).
const loadSql = `
  SELECT principal, created_at_ms, absolute_deadline_ms, idle_deadline_ms, device, ip
  FROM drover_session WHERE key = ? AND idle_deadline_ms > ?`

// The plus keeps SQLite from the index on the deadline, under which nearly all sessions are alive.
const listSql = `
  SELECT principal, created_at_ms, absolute_deadline_ms, idle_deadline_ms, device, ip, key
  FROM drover_session WHERE key > ? AND key < ? AND +idle_deadline_ms > ?
  ORDER BY created_at_ms DESC LIMIT ${mostListedSessions}`

/** One row as node:sqlite gives it: an array, so that no column name is looked up. */
type Row = ReturnType<StatementSync['all']>[number]

/** Prepared once per connection. */
export class SessionReads {
  readonly #load: StatementSync
  readonly #loadFields: StatementSync
  readonly #findForwarding: StatementSync
  readonly #follow: StatementSync
  readonly #list: StatementSync
  readonly #findDeadline: StatementSync
  readonly #countDepartures: StatementSync
  readonly #findRate: StatementSync

  constructor(database: DatabaseSync) {
    const prepare = (sql: string) => database.prepare(sql)
    this.#load = prepare(loadSql)
    this.#load.setReturnArrays(true)
    this.#loadFields = prepare('SELECT name, value FROM drover_session_field WHERE session_key = ?')
    this.#loadFields.setReturnArrays(true)
    this.#findForwarding = prepare(
      'SELECT successor, sealed_id FROM drover_session_forwarding WHERE key = ? AND until_ms > ?',
    )
    this.#follow = prepare(trailSql)
    this.#list = prepare(listSql)
    this.#list.setReturnArrays(true)
    this.#findDeadline = prepare(
      'SELECT idle_deadline_ms FROM drover_session WHERE key = ? AND idle_deadline_ms > ?',
    )
    this.#countDepartures = prepare('SELECT count FROM drover_session_departures')
    this.#findRate = prepare('SELECT until_us FROM drover_rate WHERE key = ?')
  }

  load(key: string, nowMs: number): LoadedSession | undefined {
    return this.#loadUnder(key, nowMs) ?? this.#loadRenewed(key, nowMs)
  }

  list(tag: string, nowMs: number): readonly ListedSession[] {
    return this.#list.all(...keyRange(tag), nowMs).map(listedOf)
  }

  /** Those of `keys` that are alive, and the key each of them is under by now. */
  find(keys: readonly string[], nowMs: number): ReadonlyMap<string, Whereabouts> {
    const found = new Map<string, Whereabouts>()
    for (const key of keys) {
      const whereabouts = this.#whereabouts(key, nowMs) ?? this.#whereaboutsOfRenewed(key, nowMs)
      if (whereabouts !== undefined) found.set(key, whereabouts)
    }
    return found
  }

  /** Differs whenever a session was deleted, revoked or renewed in between. */
  departures(): number {
    return Number(this.#countDepartures.get()?.['count'])
  }

  /** Until when what was taken lasts, in microseconds; undefined when nothing was. */
  rate(key: string): number | undefined {
    const row = this.#findRate.get(key)
    return row && Number(row['until_us'])
  }

  #loadUnder(key: string, nowMs: number): SessionRecord | undefined {
    const row = this.#load.get(key, nowMs)
    if (row === undefined) return undefined
    const fields = new Map<string, string>()
    for (const field of this.#loadFields.all(key)) fields.set(String(field[0]), String(field[1]))
    return { fields, ...identityOf(row) }
  }

  #loadRenewed(key: string, nowMs: number): LoadedSession | undefined {
    const forwarding = this.#findForwarding.get(key, nowMs)
    if (forwarding === undefined) return undefined
    const record = this.#under(key, nowMs, (at) => this.#loadUnder(at, nowMs))
    const successor = { key: String(forwarding['successor']), sealedId: String(forwarding['sealed_id']) }
    return record && { ...record, successor }
  }

  #whereabouts(key: string, nowMs: number): Whereabouts | undefined {
    const row = this.#findDeadline.get(key, nowMs)
    return row && { key, idleDeadlineMs: Number(row['idle_deadline_ms']) }
  }

  #whereaboutsOfRenewed(key: string, nowMs: number): Whereabouts | undefined {
    return this.#under(key, nowMs, (at) => this.#whereabouts(at, nowMs))
  }

  #under<Found>(key: string, nowMs: number, read: (at: string) => Found | undefined): Found | undefined {
    const trail = this.#follow.get(key, nowMs)
    return trail === undefined ? undefined : read(String(trail['key']))
  }
}

function listedOf(row: Row): ListedSession {
  return { key: String(row[6]), ...identityOf(row) }
}

/** The first six columns of loadSql and listSql. */
function identityOf(row: Row): Omit<SessionRecord, 'fields'> {
  return {
    principal: textOf(row[0]),
    device: textOf(row[4]),
    ip: textOf(row[5]),
    createdAtMs: Number(row[1]),
    absoluteDeadlineMs: Number(row[2]),
    idleDeadlineMs: Number(row[3]),
  }
}

function textOf(value: Row[string] | undefined): string | undefined {
  return typeof value === 'string' ? value : undefined
}
