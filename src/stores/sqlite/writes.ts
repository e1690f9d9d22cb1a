// The write operations as SQL. Runs in the writer thread, inside a transaction that somebody else began.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Forwarding } from '../../session/store.ts'
import { isOver } from '../deadlines.ts'
import { microsecondsOf } from '../hit.ts'
import { sumText } from '../sum.ts'
import { rateSweepChunkSize, sweepChunkSize } from './defaults.ts'
import type { FlatChange, FlatIdentity, WriteOperation, WriteOutcome } from './messages.ts'
import { RateWrites } from './rate-writes.ts'
import { keyRange, trailSql } from './trail.ts'

/** A session as a write meets it. */
interface Live {
  /** Not the key asked for when that was renewed. */
  readonly key: string
  readonly idleMs: number
  readonly absoluteMs: number
}

type Sums = readonly (readonly [name: string, text: string])[]

/** Prepared once per connection. */
export class SessionWrites {
  readonly #find: StatementSync
  readonly #follow: StatementSync
  readonly #insert: StatementSync
  readonly #slide: StatementSync
  readonly #remove: StatementSync
  readonly #removeRange: StatementSync
  readonly #findField: StatementSync
  readonly #countFields: StatementSync
  readonly #setField: StatementSync
  readonly #removeField: StatementSync
  readonly #removeFields: StatementSync
  readonly #removeFieldRange: StatementSync
  readonly #moveFields: StatementSync
  readonly #forward: StatementSync
  readonly #removeForwarding: StatementSync
  readonly #depart: StatementSync
  readonly #findExpired: StatementSync
  readonly #removeForwardings: StatementSync
  readonly #rates: RateWrites

  constructor(database: DatabaseSync) {
    const prepare = (sql: string) => database.prepare(sql)
    this.#find = prepare('SELECT idle_deadline_ms, absolute_deadline_ms FROM drover_session WHERE key = ?')
    this.#follow = prepare(trailSql)
    this.#insert = prepare(
      `INSERT INTO drover_session
         (key, principal, device, ip, created_at_ms, absolute_deadline_ms, idle_deadline_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    )
    this.#slide = prepare('UPDATE drover_session SET idle_deadline_ms = ? WHERE key = ?')
    this.#remove = prepare('DELETE FROM drover_session WHERE key = ?')
    this.#removeRange = prepare('DELETE FROM drover_session WHERE key > ? AND key < ? AND key <> ?')
    this.#findField = prepare('SELECT value FROM drover_session_field WHERE session_key = ? AND name = ?')
    this.#countFields = prepare('SELECT count(*) AS count FROM drover_session_field WHERE session_key = ?')
    this.#setField = prepare(
      `INSERT INTO drover_session_field (session_key, name, value) VALUES (?, ?, ?)
       ON CONFLICT (session_key, name) DO UPDATE SET value = excluded.value`,
    )
    this.#removeField = prepare('DELETE FROM drover_session_field WHERE session_key = ? AND name = ?')
    this.#removeFields = prepare('DELETE FROM drover_session_field WHERE session_key = ?')
    this.#removeFieldRange = prepare(
      'DELETE FROM drover_session_field WHERE session_key > ? AND session_key < ? AND session_key <> ?',
    )
    this.#moveFields = prepare('UPDATE drover_session_field SET session_key = ? WHERE session_key = ?')
    this.#forward = prepare(
      `INSERT OR REPLACE INTO drover_session_forwarding (key, successor, sealed_id, until_ms)
       VALUES (?, ?, ?, ?)`,
    )
    this.#removeForwarding = prepare('DELETE FROM drover_session_forwarding WHERE key = ?')
    this.#depart = prepare('UPDATE drover_session_departures SET count = count + 1')
    this.#findExpired = prepare(
      'SELECT key, principal FROM drover_session WHERE idle_deadline_ms <= ? LIMIT ?',
    )
    this.#removeForwardings = prepare(
      `DELETE FROM drover_session_forwarding WHERE key IN
         (SELECT key FROM drover_session_forwarding WHERE until_ms <= ? LIMIT ?)`,
    )
    this.#rates = new RateWrites(database)
  }

  apply(operation: WriteOperation): WriteOutcome {
    switch (operation.kind) {
      case 'open':
        return 'done'
      case 'create':
        return this.#create(operation.key, operation.nowMs, operation.identity, operation.change)
      case 'save':
        return this.#save(operation.key, operation.nowMs, operation.change)
      case 'replace':
        return this.#replace(operation)
      case 'touch':
        return this.#touch(operation.key, operation.nowMs, operation.idleDeadlineMs)
      case 'delete':
        return this.#delete(operation.key, operation.nowMs)
      case 'revoke':
        return this.#revoke(operation.tag, operation.exceptKey, operation.nowMs)
      case 'hit':
        return this.#rates.hit(operation.key, operation.nowUs, operation.takeUs, operation.mostUs)
      case 'sweep':
        return this.#sweep(operation.nowMs)
    }
  }

  #create(key: string, nowMs: number, identity: FlatIdentity, change: FlatChange): WriteOutcome {
    if (this.#live(key, nowMs) !== undefined) return 'taken'
    this.#clear(key)
    this.#insertSession(key, identity, change.idleDeadlineMs)
    this.#change(key, change, [])
    return 'done'
  }

  #save(key: string, nowMs: number, change: FlatChange): WriteOutcome {
    const live = this.#live(key, nowMs)
    if (live === undefined) return 'gone'
    if (!this.#meets(live.key, change)) return 'conflict'
    const sums = this.#sums(live.key, change)
    if (sums === undefined) return 'invalid'
    this.#moveDeadline(live, change.idleDeadlineMs)
    this.#change(live.key, change, sums)
    return 'done'
  }

  #replace(operation: Extract<WriteOperation, { kind: 'replace' }>): WriteOutcome {
    const { oldKey, newKey, nowMs, identity, change, forwarding } = operation
    const old = this.#live(oldKey, nowMs)
    if (old === undefined) return 'gone'
    if (this.#live(newKey, nowMs) !== undefined) return 'taken'
    if (!this.#meets(old.key, change)) return 'conflict'
    const sums = this.#sums(old.key, change)
    if (sums === undefined) return 'invalid'
    this.#clear(newKey)
    this.#insertSession(newKey, identity, Math.max(old.idleMs, change.idleDeadlineMs))
    this.#moveFields.run(newKey, old.key)
    this.#remove.run(old.key)
    this.#change(newKey, change, sums)
    this.#leadOn(oldKey, old.key, newKey, forwarding)
    this.#depart.run()
    return 'done'
  }

  /** Two requests that renew at once: whichever id the client is left with leads on. */
  #leadOn(oldKey: string, leftKey: string, newKey: string, forwarding: Forwarding | undefined): void {
    if (forwarding === undefined) {
      if (leftKey !== oldKey) this.#removeForwarding.run(oldKey)
      return
    }
    this.#forward.run(oldKey, newKey, forwarding.sealedId, forwarding.untilMs)
    if (leftKey !== oldKey) this.#forward.run(leftKey, newKey, forwarding.sealedId, forwarding.untilMs)
  }

  #touch(key: string, nowMs: number, idleDeadlineMs: number): WriteOutcome {
    const live = this.#live(key, nowMs)
    if (live !== undefined) this.#moveDeadline(live, idleDeadlineMs)
    return 'done'
  }

  #delete(key: string, nowMs: number): WriteOutcome {
    const live = this.#live(key, nowMs)
    if (live !== undefined) {
      this.#clear(live.key)
      this.#depart.run()
    }
    if (live?.key !== key) this.#clear(key)
    return 'done'
  }

  #revoke(tag: string, exceptKey: string | undefined, nowMs: number): WriteOutcome {
    const kept = exceptKey === undefined ? undefined : this.#live(exceptKey, nowMs)
    const [after, before] = keyRange(tag)
    // No key is empty, so that it excepts none. Forwardings that led to what is removed lead nowhere now.
    const keptKey = kept?.key ?? ''
    if (this.#removeRange.run(after, before, keptKey).changes === 0) return 'done'
    this.#removeFieldRange.run(after, before, keptKey)
    this.#depart.run()
    return 'done'
  }

  #sweep(nowMs: number): WriteOutcome {
    const rows = this.#findExpired.all(nowMs, sweepChunkSize)
    const expired = rows.map(({ key, principal }) => {
      return [String(key), typeof principal === 'string' ? principal : null] as const
    })
    for (const [key] of expired) this.#clear(key)
    const forwardings = Number(this.#removeForwardings.run(nowMs, sweepChunkSize).changes)
    const rates = this.#rates.sweep(microsecondsOf(nowMs))
    const more = Math.max(expired.length, forwardings) === sweepChunkSize || rates === rateSweepChunkSize
    return { expired, more }
  }

  #live(key: string, nowMs: number): Live | undefined {
    const own = this.#liveUnder(key, nowMs)
    if (own !== undefined) return own
    const trail = this.#follow.get(key, nowMs)
    return trail === undefined ? undefined : this.#liveUnder(String(trail['key']), nowMs)
  }

  #liveUnder(key: string, nowMs: number): Live | undefined {
    const row = this.#find.get(key)
    if (row === undefined) return undefined
    const idleMs = Number(row['idle_deadline_ms'])
    return isOver(idleMs, nowMs)
      ? undefined
      : { key, idleMs, absoluteMs: Number(row['absolute_deadline_ms']) }
  }

  /** Whatever stands under the key, such as what is left of an expired session that was not swept yet. */
  #clear(key: string): void {
    this.#remove.run(key)
    this.#removeFields.run(key)
    this.#removeForwarding.run(key)
  }

  #insertSession(key: string, identity: FlatIdentity, idleDeadlineMs: number): void {
    const { principal, device, ip, createdAtMs, absoluteDeadlineMs } = identity
    const idleMs = Math.min(idleDeadlineMs, absoluteDeadlineMs)
    this.#insert.run(key, principal, device, ip, createdAtMs, absoluteDeadlineMs, idleMs)
  }

  /** Never backwards, never past the absolute deadline; and no write when nothing moves. */
  #moveDeadline(live: Live, wantedMs: number): void {
    const idleMs = Math.min(wantedMs, live.absoluteMs)
    if (idleMs > live.idleMs) this.#slide.run(idleMs, live.key)
  }

  #meets(key: string, { expect }: FlatChange): boolean {
    if (expect === undefined) return true
    for (const [name, text] of expect.fields) if (this.#textOf(key, name) !== text) return false
    if (!expect.whole) return true
    const present = expect.fields.filter(([, text]) => text !== undefined).length
    return this.#countFields.get(key)?.['count'] === present
  }

  /** Before anything is written, because one that has no sum must leave no trace. */
  #sums(key: string, { add = [] }: FlatChange): Sums | undefined {
    const sums: [string, string][] = []
    for (const [name, by] of add) {
      const text = sumText(this.#textOf(key, name), by)
      if (text === undefined) return undefined
      sums.push([name, text])
    }
    return sums
  }

  #textOf(key: string, name: string): string | undefined {
    const value = this.#findField.get(key, name)?.['value']
    return typeof value === 'string' ? value : undefined
  }

  #change(key: string, change: FlatChange, sums: Sums): void {
    for (let at = 0; at + 1 < change.set.length; at += 2) {
      this.#setField.run(key, change.set[at] ?? '', change.set[at + 1] ?? '')
    }
    for (const name of change.remove) this.#removeField.run(key, name)
    for (const [name, text] of sums) this.#setField.run(key, name, text)
  }
}
