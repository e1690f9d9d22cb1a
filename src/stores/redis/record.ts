// How a session rests in Redis: one HASH.
//
//   m            the meta text `2<created> <idle> <absolute> <generation>`: a format version, when it was created, its
//                deadlines as milliseconds after that, and its principal's revocation mark when it was made
//   w x y z      the pieces of the JSON text [principal, device, ip], without what is undefined at its end
//   .name        the text of top-level field `name` (the dot keeps any name an app may choose clear of the others), or its
//                first piece; 1name 2name 3name the further pieces (fields.lua says why and when a text is cut)
//
// The idle deadline stands in the meta text, and not only in the key's expiry, so that one HGETALL reads everything:
// PEXPIRETIME needs Redis 7.0, and with PTTL the server's clock and the network would blur the deadline.
//
// After a renewal the old key holds a HASH of one field:
//
//   f            `2<until> <successor's key> <sealed id>`
import type {
  Forwarding,
  ListedSession,
  SessionIdentity,
  SessionRecord,
  Successor,
} from '../../session/store.ts'
import { eachField, textOf } from './reply.ts'

const fieldMark = '.'
const pieceMarks = '123'
const metaPattern = /^2(\d+) (-?\d+) (-?\d+) (\d+)$/
const forwardingPattern = /^2(\d+) (\S+) ([^]*)$/

type Who = Pick<SessionIdentity, 'principal' | 'device' | 'ip'>

/** What a key holds. */
export type Found =
  | { readonly kind: 'session'; readonly record: SessionRecord; readonly generation: number }
  | { readonly kind: 'forwarding'; readonly successor: Successor; readonly untilMs: number }

/** Who is signed in and where, as text; empty for a visitor of whom nothing is known. */
export function whoText({ principal, device, ip }: Who): string {
  if (ip !== undefined) return JSON.stringify([principal ?? null, device ?? null, ip])
  if (device !== undefined) return JSON.stringify([principal ?? null, device])
  return principal === undefined ? '' : JSON.stringify([principal])
}

/** Where a forwarding leads, as text. */
export function leadsToText(newKey: string, { sealedId }: Forwarding): string {
  return `${newKey} ${sealedId}`
}

/** What a reply to HGETALL says; undefined for the empty reply of a missing key. Throws on a malformed one. */
export function readHash(reply: unknown): Found | undefined {
  const hash = new HashReader()
  eachField(reply, (name, value) => hash.take(name, value))
  return hash.found()
}

/** A session as the list script tells it: its hash, meta text and who. Throws on a malformed one. */
export function readListed(reply: unknown, tag: string): ListedSession {
  const [hash, meta, who]: readonly unknown[] = Array.isArray(reply) ? reply : []
  const { idleDeadlineMs, createdAtMs, absoluteDeadlineMs } = readMeta(textOf(meta) ?? '')
  return {
    key: `${tag}.${textOf(hash) ?? ''}`,
    ...readWho(textOf(who) ?? ''),
    createdAtMs,
    absoluteDeadlineMs,
    idleDeadlineMs,
  }
}

class HashReader {
  readonly #fields = new Map<string, string>()
  readonly #who: [string, string, string, string] = ['', '', '', '']
  #meta: string | undefined
  #forwarding: string | undefined
  /** Further pieces; they may come before the first one. */
  #pieces: [name: string, at: number, text: string][] | undefined

  take(name: string, value: string): void {
    const mark = name.charAt(0)
    if (mark === fieldMark) this.#fields.set(name.slice(1), value)
    else if (name === 'm') this.#meta = value
    else if (name === 'f') this.#forwarding = value
    else if (pieceMarks.includes(mark)) (this.#pieces ??= []).push([name.slice(1), Number(mark), value])
    else if (name.length === 1 && 'wxyz'.includes(name)) this.#who['wxyz'.indexOf(name)] = value
  }

  found(): Found | undefined {
    if (this.#meta !== undefined) return this.#session(this.#meta)
    if (this.#forwarding !== undefined) return readForwarding(this.#forwarding)
    if (this.#fields.size > 0 || this.#pieces !== undefined || this.#who[0] !== '') throw malformed(undefined)
    return undefined
  }

  #session(meta: string): Found {
    const { generation, createdAtMs, absoluteDeadlineMs, idleDeadlineMs } = readMeta(meta)
    const { principal, device, ip } = readWho(this.#who.join(''))
    if (this.#pieces !== undefined) this.#join(this.#pieces)
    const fields = this.#fields
    const record = { principal, device, ip, createdAtMs, absoluteDeadlineMs, idleDeadlineMs, fields }
    return { kind: 'session', record, generation }
  }

  #join(pieces: [name: string, at: number, text: string][]): void {
    pieces.sort(([, at], [, otherAt]) => at - otherAt)
    for (const [name, , text] of pieces) this.#fields.set(name, (this.#fields.get(name) ?? '') + text)
  }
}

function readMeta(text: string): {
  readonly createdAtMs: number
  readonly idleDeadlineMs: number
  readonly absoluteDeadlineMs: number
  readonly generation: number
} {
  const match = metaPattern.exec(text)
  if (match === null) throw malformed(text)
  const createdAtMs = Number(match[1])
  return {
    createdAtMs,
    idleDeadlineMs: createdAtMs + Number(match[2]),
    absoluteDeadlineMs: createdAtMs + Number(match[3]),
    generation: Number(match[4]),
  }
}

function readWho(text: string): Who {
  const parts: unknown = text === '' ? [] : JSON.parse(text)
  if (!Array.isArray(parts)) throw malformed(text)
  const [principal, device, ip]: readonly unknown[] = parts
  return { principal: word(principal), device: word(device), ip: word(ip) }
}

function word(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (value === undefined || value === null) return undefined
  throw malformed(JSON.stringify(value))
}

function readForwarding(text: string): Found {
  const match = forwardingPattern.exec(text)
  const [, untilText, key, sealedId] = match ?? []
  if (key === undefined || sealedId === undefined) throw malformed(text)
  return { kind: 'forwarding', successor: { key, sealedId }, untilMs: Number(untilText) }
}

function malformed(text: string | undefined): Error {
  return new Error(`the record is malformed: wanted a meta text, got ${JSON.stringify(text)}`)
}
