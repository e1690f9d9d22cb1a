// What each case plays on: two stores ("two servers") on one backend, a clock, and records to put there.
import { randomBytes, randomUUID } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { keyOf, newSessionId, principalTag } from '../../session/id.ts'
import type {
  Forwarding,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  SessionStore,
} from '../../session/store.ts'
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

/** A key nobody used before: of a visitor, or of the principal with this tag. */
export function newKey(tag?: string): string {
  return keyOf(newSessionId(randomBytes, tag))
}

export interface Principal {
  readonly principal: string
  readonly tag: string
}

/** A principal nobody used before, because the backend need not be emptied in between. */
export function newPrincipal(name: string = 'ann'): Principal {
  const principal = `${name} ${randomUUID()}`
  return { principal, tag: principalTag(principal) }
}

/** A visitor's record that begins now; `given` replaces parts of it. */
export function record(clock: Clock, fields: Fields = {}, given: Partial<SessionRecord> = {}): SessionRecord {
  const nowMs = clock.now()
  return {
    principal: undefined,
    device: undefined,
    ip: undefined,
    createdAtMs: nowMs,
    absoluteDeadlineMs: nowMs + absoluteMs,
    idleDeadlineMs: nowMs + idleMs,
    fields: new Map(Object.entries(fields)),
    ...given,
  }
}

/** Who a session belongs to from now on, as a sign-in or (without `principal`) a sign-out has it. */
export function identity(clock: Clock, given: Partial<SessionIdentity> = {}): SessionIdentity {
  const { fields: _, idleDeadlineMs: __, ...rest } = record(clock, {}, given)
  return rest
}

/** A forwarding for the next minute. */
export function forwarding(clock: Clock, sealedId: string = 'sealed'): Forwarding {
  return { sealedId, untilMs: clock.now() + minuteMs }
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

/** Does `count` works, at most 50 of them at once, as a busy server would; they begin in order. */
export async function manyAtOnce<Result>(
  count: number,
  work: (index: number) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  let next = 0
  const lane = async () => {
    for (let index = next++; index < count; index = next++) results[index] = await work(index)
  }
  await Promise.all(Array.from({ length: Math.min(50, count) }, lane))
  return results
}

export type Fields = Readonly<Record<string, string>>
