// The write operations as SQL. Runs in the writer thread, inside a transaction that somebody else began.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { isOver } from '../deadlines.ts'
import { sweepChunkSize } from './defaults.ts'
import type { FlatChange, FlatIdentity, WriteOperation, WriteOutcome } from './messages.ts'

interface Deadlines {
  readonly idleMs: number
  readonly absoluteMs: number
}

/** Prepared once per connection. */
export class SessionWrites {
  readonly #find: StatementSync
  readonly #insert: StatementSync
  readonly #slide: StatementSync
  readonly #remove: StatementSync
  readonly #setField: StatementSync
  readonly #removeField: StatementSync
  readonly #removeFields: StatementSync
  readonly #moveFields: StatementSync
  readonly #findExpired: StatementSync

  constructor(database: DatabaseSync) {
    const prepare = (sql: string) => database.prepare(sql)
    this.#find = prepare('SELECT idle_deadline_ms, absolute_deadline_ms FROM drover_session WHERE key = ?')
    this.#insert = prepare(
      `INSERT INTO drover_session (key, principal, created_at_ms, absolute_deadline_ms, idle_deadline_ms)
       VALUES (?, ?, ?, ?, ?)`,
    )
    this.#slide = prepare('UPDATE drover_session SET idle_deadline_ms = ? WHERE key = ?')
    this.#remove = prepare('DELETE FROM drover_session WHERE key = ?')
    this.#setField = prepare(
      `INSERT INTO drover_session_field (session_key, name, value) VALUES (?, ?, ?)
       ON CONFLICT (session_key, name) DO UPDATE SET value = excluded.value`,
    )
    this.#removeField = prepare('DELETE FROM drover_session_field WHERE session_key = ? AND name = ?')
    this.#removeFields = prepare('DELETE FROM drover_session_field WHERE session_key = ?')
    this.#moveFields = prepare('UPDATE drover_session_field SET session_key = ? WHERE session_key = ?')
    this.#findExpired = prepare('SELECT key FROM drover_session WHERE idle_deadline_ms <= ? LIMIT ?')
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
        return this.#delete(operation.key)
      case 'sweep':
        return this.#sweep(operation.nowMs)
    }
  }

  #create(key: string, nowMs: number, identity: FlatIdentity, change: FlatChange): WriteOutcome {
    if (this.#live(key, nowMs) !== undefined) return 'taken'
    // What is left of an expired session of that key, not swept yet.
    this.#delete(key)
    this.#insertSession(key, identity, change.idleDeadlineMs)
    this.#change(key, change)
    return 'done'
  }

  #save(key: string, nowMs: number, change: FlatChange): WriteOutcome {
    const deadlines = this.#live(key, nowMs)
    if (deadlines === undefined) return 'gone'
    this.#moveDeadline(key, deadlines, change.idleDeadlineMs)
    this.#change(key, change)
    return 'done'
  }

  #replace(operation: Extract<WriteOperation, { kind: 'replace' }>): WriteOutcome {
    const { oldKey, newKey, nowMs, identity, change } = operation
    const old = this.#live(oldKey, nowMs)
    if (old === undefined) return 'gone'
    if (this.#live(newKey, nowMs) !== undefined) return 'taken'
    this.#delete(newKey)
    this.#insertSession(newKey, identity, Math.max(old.idleMs, change.idleDeadlineMs))
    this.#moveFields.run(newKey, oldKey)
    this.#remove.run(oldKey)
    this.#change(newKey, change)
    return 'done'
  }

  #touch(key: string, nowMs: number, idleDeadlineMs: number): WriteOutcome {
    const deadlines = this.#live(key, nowMs)
    if (deadlines !== undefined) this.#moveDeadline(key, deadlines, idleDeadlineMs)
    return 'done'
  }

  #delete(key: string): WriteOutcome {
    this.#remove.run(key)
    this.#removeFields.run(key)
    return 'done'
  }

  #sweep(nowMs: number): WriteOutcome {
    const rows = this.#findExpired.all(nowMs, sweepChunkSize)
    for (const row of rows) this.#delete(String(row['key']))
    return rows.length === sweepChunkSize ? 'more' : 'done'
  }

  #live(key: string, nowMs: number): Deadlines | undefined {
    const row = this.#find.get(key)
    if (row === undefined) return undefined
    const idleMs = Number(row['idle_deadline_ms'])
    return isOver(idleMs, nowMs) ? undefined : { idleMs, absoluteMs: Number(row['absolute_deadline_ms']) }
  }

  #insertSession(key: string, identity: FlatIdentity, idleDeadlineMs: number): void {
    const { principal, createdAtMs, absoluteDeadlineMs } = identity
    const idleMs = Math.min(idleDeadlineMs, absoluteDeadlineMs)
    this.#insert.run(key, principal, createdAtMs, absoluteDeadlineMs, idleMs)
  }

  /** Never backwards, never past the absolute deadline; and no write when nothing moves. */
  #moveDeadline(key: string, now: Deadlines, wantedMs: number): void {
    const idleMs = Math.min(wantedMs, now.absoluteMs)
    if (idleMs > now.idleMs) this.#slide.run(idleMs, key)
  }

  #change(key: string, change: FlatChange): void {
    for (let at = 0; at + 1 < change.set.length; at += 2) {
      this.#setField.run(key, change.set[at] ?? '', change.set[at + 1] ?? '')
    }
    for (const name of change.remove) this.#removeField.run(key, name)
  }
}
