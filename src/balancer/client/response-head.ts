// The head that goes to the client: the instance's, without what belongs to one hop.
import { instanceHeader, notProcessedHeader, traceHeader } from '../../base/wire.ts'
import { namedByConnection } from '../upstream/request-head.ts'
import type { ResponseHead } from '../upstream/response-reader.ts'

/** Fields of one hop (RFC 9110 section 7.6.1), and ours, which an app cannot say. */
const dropped: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
  instanceHeader,
  notProcessedHeader,
  traceHeader,
])

/** Their lengths: names of others need no look. */
const droppedLengths: ReadonlySet<number> = new Set(Array.from(dropped, ({ length }) => length))

function isDropped(name: string): boolean {
  return droppedLengths.has(name.length) && dropped.has(name.toLowerCase())
}

/** Name, value, name, value …; then fields of our own. */
export function responseFields(head: ResponseHead, extraFields: readonly string[] = []): string[] {
  const { rawHeaders } = head
  const named = namedByConnection(rawHeaders)
  const fields: string[] = []
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (isDropped(name) || named?.has(name.toLowerCase()) === true) continue
    fields.push(name, rawHeaders[index + 1] ?? '')
  }
  fields.push(...extraFields)
  return fields
}

/** The trailers that may follow a body: as pairs, without what belongs to one hop or delimits a body. */
export function trailerFields(rawTrailers: readonly string[]): [name: string, value: string][] {
  const pairs: [string, string][] = []
  for (let index = 0; index < rawTrailers.length; index += 2) {
    const name = rawTrailers[index] ?? ''
    if (!isDropped(name) && name.toLowerCase() !== 'content-length')
      pairs.push([name, rawTrailers[index + 1] ?? ''])
  }
  return pairs
}

/** How the end of a body is told in HTTP/1 (RFC 9112 section 6.3). */
export type BodyFraming = 'none' | 'length' | 'chunks' | 'close'

export interface AnsweredRequest {
  readonly version: '1.0' | '1.1' | '2'
  /** The response has no body whatever its head says: HEAD, 204, 304. */
  readonly bodiless: boolean
  /** The connection ends with this response. */
  readonly isLast: boolean
}

/** A response's head in latin1, and how its body must follow. Without a Date one is added (RFC 9110 section 6.6.1). */
export function writeResponseHead(
  head: ResponseHead,
  extraFields: readonly string[],
  request: AnsweredRequest,
): { readonly text: string; readonly framing: BodyFraming } {
  const { rawHeaders } = head
  const named = namedByConnection(rawHeaders)
  let text = `HTTP/1.1 ${head.status} ${head.reason}\r\n`
  let hasLength = false
  let hasDate = false
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (isDropped(name) || named?.has(name.toLowerCase()) === true) continue
    if (name.length === 14 && name.toLowerCase() === 'content-length') hasLength = true
    else if (name.length === 4 && name.toLowerCase() === 'date') hasDate = true
    text += `${name}: ${rawHeaders[index + 1]}\r\n`
  }
  for (let index = 0; index < extraFields.length; index += 2)
    text += `${extraFields[index]}: ${extraFields[index + 1]}\r\n`
  if (!hasDate) text += dateLine()
  const framing = framingOf(request, hasLength)
  if (framing === 'chunks') text += 'Transfer-Encoding: chunked\r\n'
  if (request.isLast || framing === 'close') text += 'Connection: close\r\n\r\n'
  else text += request.version === '1.0' ? 'Connection: keep-alive\r\n\r\n' : '\r\n'
  return { text, framing }
}

function framingOf(request: AnsweredRequest, hasLength: boolean): BodyFraming {
  if (request.bodiless) return 'none'
  if (hasLength) return 'length'
  return request.version === '1.0' ? 'close' : 'chunks'
}

let date = ''
let dateUntilMs = 0

/** Written anew once a second. */
function dateLine(): string {
  const nowMs = Date.now()
  if (nowMs >= dateUntilMs || nowMs < dateUntilMs - 1_000) {
    date = `Date: ${new Date(nowMs).toUTCString()}\r\n`
    dateUntilMs = nowMs - (nowMs % 1_000) + 1_000
  }
  return date
}

/** The head of an information (1xx), in latin1. */
export function writeInformationHead(head: ResponseHead): string {
  return writeHead(head.status, head.reason, responseFields(head))
}

/** The head of a 101, in latin1: the one response whose Connection and Upgrade fields are the client's to see. */
export function writeUpgradeHead(head: ResponseHead, extraFields: readonly string[]): string {
  const fields = [...responseFields(head, extraFields), 'Connection', 'Upgrade', 'Upgrade', 'websocket']
  return writeHead(101, head.reason === '' ? 'Switching Protocols' : head.reason, fields)
}

/** A status line and fields, in latin1. */
export function writeHead(status: number, reason: string, fields: readonly string[]): string {
  let text = `HTTP/1.1 ${status} ${reason}\r\n`
  for (let index = 0; index < fields.length; index += 2) text += `${fields[index]}: ${fields[index + 1]}\r\n`
  return `${text}\r\n`
}
