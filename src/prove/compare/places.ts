// An answer as places and what stands there, so that two answers can be laid side by side.
import { createHash } from 'node:crypto'
import { parseJson } from '../json.ts'
import { splitSetCookie } from '../drive/cookies.ts'
import type { Observation } from '../trace.ts'
import { isMeasure, settle } from './volatile.ts'

/** From a place as `Difference.where` names it to its settled text. The status first, what is most telling before the rest. */
export type Places = ReadonlyMap<string, string>

/** `unordered`: JSON paths of arrays that stand in no order. */
export function placesOf(observation: Observation, unordered: ReadonlySet<string> = new Set()): Places {
  const places = new Map<string, string>()
  const { status, headers, error, startedAtMs } = observation
  places.set('status', status === 0 ? `no answer: ${error ?? ''}` : String(status))
  const location = headers['location']?.[0]
  if (location !== undefined) places.set('header location', settle(location, startedAtMs))
  for (const line of headers['set-cookie'] ?? []) noteCookie(places, line, startedAtMs)
  for (const [index, message] of observation.messages.entries())
    noteText(places, `message ${index + 1}`, message, startedAtMs, unordered)
  if (status < 300 || status >= 400) noteBody(places, observation, unordered)
  // After the body, of which some are made, such as sums.
  for (const [name, values] of Object.entries(headers).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    if (!isIgnored(name)) places.set(`header ${name}`, settle(values.join(', '), startedAtMs))
  return places
}

/** Headers of the connection, of the moment, and those compared on their own; a validator says no more than the body does. */
const ignoredHeaders: ReadonlySet<string> = new Set([
  'location',
  'set-cookie',
  'date',
  'age',
  'etag',
  'last-modified',
  'expires',
  'content-length',
  'content-encoding',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'server-timing',
  'request-id',
  'traceparent',
  'tracestate',
  'retry-after',
  'vary',
  'report-to',
  'nel',
])

function isIgnored(name: string): boolean {
  if (ignoredHeaders.has(name)) return true
  return /rate-?limit|(?:request|correlation|trace|span|transaction)-?id$|-time$|runtime|duration/.test(name)
}

function noteCookie(places: Map<string, string>, line: string, nowMs: number): void {
  const cookie = splitSetCookie(line)
  if (cookie === undefined) return
  const expires = Date.parse(cookie.attributes.get('expires') ?? '')
  const maxAge = Number(cookie.attributes.get('max-age') ?? Number.NaN)
  const gone = Number.isNaN(maxAge) ? expires <= nowMs : maxAge <= 0
  const attributes = [...cookie.attributes].map(([name, value]) => {
    return /^(?:expires|max-age|domain|path)$/.test(name) ? name : `${name}=${value.toLowerCase()}`
  })
  places.set(`cookie ${cookie.name}`, [gone ? 'removed' : 'set', ...attributes.toSorted()].join(' '))
}

function noteBody(
  places: Map<string, string>,
  observation: Observation,
  unordered: ReadonlySet<string>,
): void {
  const { body, headers, startedAtMs } = observation
  if (body.length === 0) return
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  if (bytes.subarray(0, 8192).includes(0)) {
    places.set(
      'body',
      `${bytes.length} bytes ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`,
    )
    return
  }
  const text = bytes.toString('utf8')
  // Figures of one process for a collector that asks every process (the Prometheus text format).
  if (/^# (?:HELP|TYPE) /m.test(text.slice(0, 4096)) && !/html/.test(headers['content-type']?.[0] ?? ''))
    return
  noteText(places, 'body', text, startedAtMs, unordered)
}

function noteText(
  places: Map<string, string>,
  where: string,
  text: string,
  nowMs: number,
  unordered: ReadonlySet<string>,
): void {
  const json = parseJson(text)
  if (json === undefined) places.set(where === 'body' ? 'text' : where, settle(text, nowMs))
  else new JsonPlaces(places, where, nowMs, unordered).note(json, [], false)
}

/** Beyond this many, a document is compared as a whole. */
const leavesAtMost = 5000

class JsonPlaces {
  readonly #places: Map<string, string>
  readonly #where: string
  readonly #nowMs: number
  readonly #unordered: ReadonlySet<string>
  #leaves = 0

  constructor(places: Map<string, string>, where: string, nowMs: number, unordered: ReadonlySet<string>) {
    this.#places = places
    this.#where = where
    this.#nowMs = nowMs
    this.#unordered = unordered
  }

  note(value: unknown, path: readonly string[], measured: boolean): void {
    if (typeof value !== 'object' || value === null || this.#leaves > leavesAtMost) {
      this.#set(path, measured && typeof value === 'number' ? '‹measure›' : this.#text(value))
      return
    }
    if (Array.isArray(value)) {
      this.#set([...path, 'length'], String(value.length))
      const items: readonly unknown[] = this.#unordered.has(pathName(path)) ? value.toSorted(byText) : value
      for (const [index, item] of items.entries()) this.note(item, [...path, String(index)], measured)
      return
    }
    const entries = Object.entries(value)
    if (entries.length === 0) this.#set(path, '{}')
    let random = 0
    for (const [key, inner] of entries) {
      if (isRandomKey(key)) random += 1
      this.note(inner, [...path, isRandomKey(key) ? `*${random}` : key], measured || isMeasure(key))
    }
  }

  #text(value: unknown): string {
    const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? 'undefined')
    return settle(text, this.#nowMs)
  }

  #set(path: readonly string[], text: string): void {
    this.#leaves += 1
    this.#places.set(path.length === 0 ? this.#where : `${this.#where} ${path.join('.')}`, text)
  }
}

export function pathName(path: readonly string[]): string {
  return path.join('.')
}

function byText(one: unknown, other: unknown): number {
  const [a, b] = [JSON.stringify(one) ?? '', JSON.stringify(other) ?? '']
  return a < b ? -1 : Number(a > b)
}

/** Keys that are ids themselves: another run has others in the same place. */
function isRandomKey(key: string): boolean {
  if (/^[\da-f]{8}-[\da-f]{4}-/i.test(key) || /^[\da-f]{16,}$/i.test(key)) return true
  return key.length >= 16 && /\d/.test(key) && /[A-Za-z]/.test(key) && !/[\s.:/]/.test(key)
}
