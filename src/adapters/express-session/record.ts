// A classic session as a record of Drover's stores: one field per property, and the cookie without its end, which the
// record's own deadline tells. So a session that is only used needs no write of its fields.
import { slideTo } from '../../session/expiry.ts'
import type { FieldTexts } from '../../session/fields.ts'
import { checkSize } from '../../session/fields.ts'
import type { SessionRecord } from '../../session/store.ts'
import type { SessionData } from './index.ts'

/** Field names and JSON of one session together, in bytes of UTF-8 (R7). */
export const maxSessionBytes = 1_048_576

/** What a store of Drover's was last known to hold of a session. */
export interface Remembered {
  readonly key: string
  readonly texts: FieldTexts
  readonly idleDeadlineMs: number
  readonly absoluteDeadlineMs: number
  /** The time to live that its cookie had. */
  readonly windowMs: number
  /** When it ends, where that is before the record's deadline: a store never moves one backwards. */
  readonly ownDeadlineMs: number | undefined
}

export const cookieField = 'cookie'

/** The session's properties as JSON, as a classic store would write them; those that JSON leaves out are no fields. */
export function textsOf(session: object): Map<string, string> {
  const texts = new Map<string, string>()
  for (const [name, value] of Object.entries(session)) {
    const text: string | undefined = name === cookieField ? undefined : JSON.stringify(value)
    if (text !== undefined) texts.set(name, text)
  }
  return texts
}

/** All fields of a session, its cookie's included. Throws SESSION_TOO_LARGE. */
export function fieldsOf(session: object, ownDeadlineMs: number | undefined): FieldTexts {
  const texts = textsOf(session).set(cookieField, cookieText(session, ownDeadlineMs))
  checkSize(texts, maxSessionBytes)
  return texts
}

export function cookieText(session: object, ownDeadlineMs: number | undefined): string {
  const { expires: _expires, ...attributes } = cookieOf(session)
  const end = ownDeadlineMs === undefined ? {} : { expires: new Date(ownDeadlineMs) }
  return JSON.stringify({ ...attributes, ...end })
}

/** A cookie's data, whether it is a Cookie or what JSON made of one. */
function cookieOf(session: object): Readonly<Record<string, unknown>> {
  const cookie: unknown = Reflect.get(session, cookieField)
  if (typeof cookie !== 'object' || cookie === null) return {}
  const data: unknown = Reflect.get(cookie, 'data')
  return typeof data === 'object' && data !== null ? { ...data } : { ...cookie }
}

/** When the session ends if it is not used, and for how long each use prolongs it. */
export function lifetimeOf(session: object, nowMs: number, idleMs: number): Lifetime {
  const { expires, originalMaxAge } = cookieOf(session)
  const endMs = expires instanceof Date ? expires.getTime() : Date.parse(String(expires))
  const windowMs = typeof originalMaxAge === 'number' ? Math.max(0, originalMaxAge) : idleMs
  return { deadlineMs: Number.isNaN(endMs) ? nowMs + idleMs : endMs, windowMs }
}

export interface Lifetime {
  readonly deadlineMs: number
  readonly windowMs: number
}

/**
 * When a session must end that a shorter time to live was given, or undefined where the record's deadline says it. Moved
 * only once that is worth a write.
 */
export function ownDeadline({ deadlineMs, windowMs }: Lifetime, last: Remembered): number | undefined {
  const isShortened = windowMs < last.windowMs || last.ownDeadlineMs !== undefined
  if (!isShortened || deadlineMs >= last.idleDeadlineMs) return undefined
  if (last.ownDeadlineMs === undefined || deadlineMs < last.ownDeadlineMs) return deadlineMs
  const nowMs = deadlineMs - windowMs
  const former = { idleDeadlineMs: last.ownDeadlineMs, absoluteDeadlineMs: Number.POSITIVE_INFINITY }
  return slideTo(nowMs, windowMs, former) ?? last.ownDeadlineMs
}

/** What a record holds, or undefined when it is over by its own account. Throws for text that is not JSON. */
export function readRecord(record: SessionRecord, nowMs: number): ReadRecord | undefined {
  // The shape is the app's own claim: JSON has no types to check it against.
  const data: SessionData = JSON.parse('{}')
  for (const [name, text] of record.fields) define(data, name, JSON.parse(text))
  const { expires, originalMaxAge = null, ...attributes } = cookieOf(data)
  const ownMs = typeof expires === 'string' ? Date.parse(expires) : Number.NaN
  if (ownMs <= nowMs) return undefined
  const ownDeadlineMs = Number.isNaN(ownMs) ? undefined : ownMs
  const end =
    typeof originalMaxAge === 'number' ? new Date(ownDeadlineMs ?? record.idleDeadlineMs) : originalMaxAge
  define(data, cookieField, { path: '/', ...attributes, originalMaxAge, expires: end })
  return { data, ownDeadlineMs }
}

export interface ReadRecord {
  readonly data: SessionData
  readonly ownDeadlineMs: number | undefined
}

/** A field named `__proto__` is a field like any other. */
function define(data: object, name: string, value: unknown): void {
  Object.defineProperty(data, name, { configurable: true, enumerable: true, writable: true, value })
}

/** What to remember of a record just loaded or written. */
export function remembered(
  key: string,
  record: Pick<SessionRecord, 'fields' | 'idleDeadlineMs' | 'absoluteDeadlineMs'>,
  windowMs: number,
  ownDeadlineMs: number | undefined,
): Remembered {
  const { fields, idleDeadlineMs, absoluteDeadlineMs } = record
  return { key, texts: fields, idleDeadlineMs, absoluteDeadlineMs, windowMs, ownDeadlineMs }
}
