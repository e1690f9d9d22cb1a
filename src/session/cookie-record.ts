// A session as its cookie holds it: compact JSON, whose length depends on nothing but what it says.
import { DroverError } from '../base/errors.ts'
import type { FieldTexts } from './fields.ts'

/** One session in a cookie. Times are milliseconds since the epoch. */
export interface CookieRecord {
  /** Of a signed-in session: that of its family. Of a visitor's: random, and for logs alone. */
  readonly key: string
  readonly principal: string | undefined
  /** The principal's mark at the sign-in; 0 for a visitor. */
  readonly mark: number
  readonly createdAtMs: number
  readonly idleDeadlineMs: number
  readonly absoluteDeadlineMs: number
  readonly fields: FieldTexts
}

/** 2^53 − 1 in base 36 has 11 digits: a mark that is not known yet takes as much room as any. */
const markDigits = 11

export function writeRecord(record: CookieRecord): string {
  const { key, principal, mark, createdAtMs, idleDeadlineMs, absoluteDeadlineMs, fields } = record
  const head = JSON.stringify([
    key,
    principal ?? null,
    mark.toString(36).padStart(markDigits, '0'),
    createdAtMs,
    idleDeadlineMs,
    absoluteDeadlineMs,
  ])
  // The fields are JSON already: quoting them once more would make them larger.
  const members = [...fields].map(([name, text]) => `${JSON.stringify(name)}:${text}`)
  return `[${head},{${members.join(',')}}]`
}

/** Of an authentic text. Throws STORE_UNAVAILABLE for what is no record: that is no logout. */
export function readRecord(text: string): CookieRecord {
  const [head, data]: readonly unknown[] = asList(parsed(text))
  const [key, principal, mark, createdAtMs, idleDeadlineMs, absoluteDeadlineMs] = asList(head)
  const isRecord =
    typeof key === 'string' &&
    (typeof principal === 'string' || principal === null) &&
    typeof mark === 'string' &&
    typeof createdAtMs === 'number' &&
    typeof idleDeadlineMs === 'number' &&
    typeof absoluteDeadlineMs === 'number' &&
    typeof data === 'object' &&
    data !== null
  if (!isRecord) throw malformed()
  const fields = Object.entries(data).map(([name, value]) => [name, JSON.stringify(value)] as const)
  return {
    key,
    principal: principal ?? undefined,
    mark: Number.parseInt(mark, 36),
    createdAtMs,
    idleDeadlineMs,
    absoluteDeadlineMs,
    fields: new Map(fields),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw malformed(cause)
  }
}

function asList(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw malformed()
}

function malformed(cause?: unknown): DroverError {
  const options = cause === undefined ? {} : { cause }
  return new DroverError(
    'STORE_UNAVAILABLE',
    'Cannot read session cookie: it has not the form of one',
    options,
  )
}
