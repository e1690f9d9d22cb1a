// How sessions are written as PostgreSQL's text and jsonb, and read from them.
//
// Neither type holds the character NUL or half a surrogate pair, while a field's name may be anything an attacker sends.
// So these, and the mark itself, are written as the mark U+0001 and four hexadecimal digits: rare, and exact.
import type { ListedSession, SessionIdentity, SessionRecord, Successor } from '../../session/store.ts'

type Texts = ReadonlyMap<string, string>
export type Row = readonly (string | null)[]

const mark = '\u0001'
const unstorable = new RegExp(`[\\0${mark}]|\\p{Surrogate}`, 'gu')
const marked = new RegExp(`${mark}([0-9a-f]{4})`, 'g')

/** A text that PostgreSQL can keep. Equal texts have equal storable ones, and only they. */
export function storable(text: string): string {
  if (text.isWellFormed() && !text.includes('\0') && !text.includes(mark)) return text
  return text.replace(unstorable, (unit) => mark + unit.charCodeAt(0).toString(16).padStart(4, '0'))
}

export function unstored(text: string): string {
  if (!text.includes(mark)) return text
  return text.replace(marked, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
}

/** One JSON object of strings: a name may be `__proto__`, so its properties are defined, never assigned. */
export function fieldsText(fields: Texts): string {
  return JSON.stringify(
    Object.fromEntries([...fields].map(([name, text]) => [storable(name), storable(text)])),
  )
}

/** The columns that `identityColumns` of statements.ts names, in its order. */
export function readIdentity(row: Row): SessionIdentity & { readonly idleDeadlineMs: number } {
  const [principal, device, ip, createdAtMs, absoluteDeadlineMs, idleDeadlineMs] = row
  return {
    principal: optional(principal),
    device: optional(device),
    ip: optional(ip),
    createdAtMs: Number(createdAtMs),
    absoluteDeadlineMs: Number(absoluteDeadlineMs),
    idleDeadlineMs: Number(idleDeadlineMs),
  }
}

/** A row of the load statement: whose session it is, its fields, and where it lives on if this is a forwarding. */
export function readRecord(row: Row): SessionRecord & { readonly successor: Successor | undefined } {
  const [fields, key, sealedId] = row.slice(6)
  const isForwarding = typeof key === 'string'
  return {
    ...readIdentity(row),
    fields: readFields(fields ?? ''),
    successor: isForwarding ? { key, sealedId: sealedId ?? '' } : undefined,
  }
}

export function readListed(row: Row): ListedSession {
  return { key: row[6] ?? '', ...readIdentity(row) }
}

function readFields(text: string): Texts {
  const object: unknown = JSON.parse(text)
  if (typeof object !== 'object' || object === null) throw malformed()
  // PostgreSQL writes the mark as an escape; a JSON text that merely quotes one costs no more than this look.
  const isMarked = text.includes('\\u0001')
  const fields = new Map<string, string>()
  for (const [name, value] of Object.entries(object)) {
    if (typeof value !== 'string') throw malformed()
    if (isMarked) fields.set(unstored(name), unstored(value))
    else fields.set(name, value)
  }
  return fields
}

function malformed(): Error {
  return new Error('the record is malformed: wanted fields as an object of strings')
}

function optional(text: string | null | undefined): string | undefined {
  return typeof text === 'string' ? unstored(text) : undefined
}
