// How a session rests in Redis: one HASH. Field `m` is the meta text, field `.name` the value of top-level field `name`
// (the dot keeps any name an app may choose clear of the meta field).
//
// The meta text is `1 <idle> <absolute> <created> =<principal>` (`-` in place of `=…` for a visitor): a format version and
// whole milliseconds. The idle deadline stands in it, and not only in the key's expiry, so that one HGETALL reads
// everything: PEXPIRETIME needs Redis 7.0, and with PTTL the server's clock and the network would blur the deadline.
import type { SessionIdentity, SessionRecord } from '../../session/store.ts'
import { wholeDeadlineMs } from '../deadlines.ts'

export const metaField = 'm'
const fieldMark = '.'
const metaPattern = /^1 (\d+) (\d+) (\d+) (?:-|=([^]*))$/

/** The part of the meta text after the idle deadline. */
export function identityText(identity: SessionIdentity): string {
  const { principal, absoluteDeadlineMs, createdAtMs } = identity
  const who = principal === undefined ? '-' : `=${principal}`
  return `${wholeDeadlineMs(absoluteDeadlineMs)} ${wholeDeadlineMs(createdAtMs)} ${who}`
}

/** The name of a top-level field inside the HASH. */
export function hashField(name: string): string {
  return fieldMark + name
}

/** The record in a reply to HGETALL; undefined for the empty reply of a missing key. Throws on a malformed one. */
export function readRecord(reply: unknown): SessionRecord | undefined {
  let meta: string | undefined
  const fields = new Map<string, string>()
  eachField(reply, (name, value) => {
    if (name.startsWith(fieldMark)) fields.set(name.slice(fieldMark.length), value)
    else if (name === metaField) meta = value
  })
  if (meta === undefined && fields.size === 0) return undefined
  const match = metaPattern.exec(meta ?? '')
  if (match === null)
    throw new Error(`the record is malformed: wanted a meta text, got ${JSON.stringify(meta)}`)
  return {
    fields,
    principal: match[4],
    createdAtMs: Number(match[3]),
    absoluteDeadlineMs: Number(match[2]),
    idleDeadlineMs: Number(match[1]),
  }
}

/** Clients shape the reply as object, Map or flat array, by protocol version and settings; values may be Buffers. */
function eachField(reply: unknown, take: (name: string, value: string) => void): void {
  if (Array.isArray(reply)) {
    for (let at = 0; at + 1 < reply.length; at += 2) take(String(reply[at]), String(reply[at + 1]))
  } else if (reply instanceof Map) {
    for (const [name, value] of reply) take(String(name), String(value))
  } else if (typeof reply === 'object' && reply !== null) {
    for (const name of Object.keys(reply)) take(name, String(Reflect.get(reply, name)))
  }
}
