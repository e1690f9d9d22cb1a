// What each case plays on: two stores ("two servers") on one backend, a clock, and records to put there.
import { createHash, randomUUID } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import type { SessionChange, SessionRecord, SessionStore } from '../../session/store.ts'
import { ManualClock } from '../manual-clock.ts'

export interface Stage {
  /** Two servers' stores. */
  readonly here: SessionStore
  readonly there: SessionStore
  readonly clock: ManualClock
  /** Opens one more. */
  readonly open: () => Promise<SessionStore>
}

export interface StagedCase {
  readonly name: string
  readonly play: (stage: Stage) => Promise<void>
}

export const minuteMs = 60_000
/** Idle and absolute lifetime of the records that `record` makes. */
export const idleMs: number = 10 * minuteMs
export const absoluteMs: number = 60 * minuteMs

/** Opens two stores, plays, and closes everything that was opened, whatever happened. */
export async function withStage(
  open: (clock: Clock) => SessionStore | Promise<SessionStore>,
  play: (stage: Stage) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock()
  const opened: SessionStore[] = []
  const openOne = async () => {
    const store = await open(clock)
    opened.push(store)
    return store
  }
  try {
    await play({ here: await openOne(), there: await openOne(), clock, open: openOne })
  } finally {
    await Promise.all(opened.map((store) => store.close()))
  }
}

/** A key nobody used before, of the shape the port promises: SHA-256 in base64url. */
export function newKey(): string {
  return createHash('sha256').update(randomUUID()).digest('base64url')
}

/** A visitor's record that begins now; `given` replaces parts of it. */
export function record(clock: Clock, fields: Fields = {}, given: Partial<SessionRecord> = {}): SessionRecord {
  const nowMs = clock.now()
  return {
    principal: undefined,
    createdAtMs: nowMs,
    absoluteDeadlineMs: nowMs + absoluteMs,
    idleDeadlineMs: nowMs + idleMs,
    fields: new Map(Object.entries(fields)),
    ...given,
  }
}

/** A change that begins the idle time anew, unless `idleDeadlineMs` says otherwise. */
export function change(
  clock: Clock,
  set: Fields,
  remove: readonly string[] = [],
  idleDeadlineMs: number = clock.now() + idleMs,
): SessionChange {
  return { set: new Map(Object.entries(set)), remove: new Set(remove), idleDeadlineMs }
}

/** The fields as a plain object, which deepEqual compares whatever their order: a store need not keep it. */
export function fieldsOf(found: SessionRecord | undefined): Fields | undefined {
  return found === undefined ? undefined : Object.fromEntries(found.fields)
}

export type Fields = Readonly<Record<string, string>>
