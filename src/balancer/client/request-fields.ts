// What a request's header fields say about its body and its connection (RFC 9112 sections 6, 7 and 9). Pure.
import { readLength } from '../http1/header-section.ts'
import { RequestFault } from './request-fault.ts'
import { checkHost, type RequestLine } from './request-line.ts'

export interface RequestMeaning {
  readonly body: 'none' | 'length' | 'chunked'
  /** Bytes of the body; 0 for chunks. */
  readonly length: number
  readonly keepAlive: boolean
  readonly expectsContinue: boolean
  readonly upgrade: boolean
}

/** What the fields have said so far. */
interface Words {
  host: string | undefined
  length: number | undefined
  chunked: boolean
  close: boolean
  keepAlive: boolean
  upgrade: boolean
  webSocket: boolean
  expect: string | undefined
}

/** Throws RequestFault, or MalformedMessage for a length that is none. */
export function readRequestFields(line: RequestLine, rawHeaders: readonly string[]): RequestMeaning {
  const words: Words = {
    host: undefined,
    length: undefined,
    chunked: false,
    close: false,
    keepAlive: false,
    upgrade: false,
    webSocket: false,
    expect: undefined,
  }
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    if (isCandidate(name.length)) readField(words, name.toLowerCase(), rawHeaders[index + 1] ?? '')
  }
  checkHost(line, words.host)
  checkFraming(line, words)
  return {
    body: bodyOf(words),
    length: words.length ?? 0,
    keepAlive: line.version === '1.1' ? !words.close : words.keepAlive && !words.close,
    expectsContinue: expectsContinue(words.expect, bodyOf(words)) && line.version === '1.1',
    upgrade: isWebSocket(line, words),
  }
}

/** Only names this long mean something here: Host, Expect, Upgrade, Connection, Content-Length, Transfer-Encoding. */
function isCandidate(length: number): boolean {
  return length === 4 || length === 6 || length === 7 || length === 10 || length === 14 || length === 17
}

function readField(words: Words, name: string, value: string): void {
  switch (name) {
    case 'host':
      if (words.host !== undefined) throw new RequestFault(400, 'more than one host')
      words.host = value
      break
    case 'content-length':
      if (words.length !== undefined) throw new RequestFault(400, 'more than one length')
      words.length = readLength(value)
      break
    case 'transfer-encoding':
      readTransferEncoding(words, value)
      break
    case 'connection':
      readConnection(words, value.toLowerCase())
      break
    case 'upgrade':
      words.webSocket ||= value.toLowerCase() === 'websocket'
      break
    case 'expect':
      words.expect = words.expect === undefined ? value.toLowerCase() : 'twice'
      break
    // Gateways to CGI, WSGI and the like read `_` in a name as `-`, and would see a second length.
    case 'content_length':
    case 'transfer_encoding':
      throw new RequestFault(400, 'a length under another name')
    default:
  }
}

function readTransferEncoding(words: Words, value: string): void {
  if (words.chunked) throw new RequestFault(400, 'transfer-encoding said twice')
  const coding = value.toLowerCase()
  if (coding !== 'chunked') {
    // A coding we do not know, well said, is 501 (RFC 9112 section 6.1); a trick to hide one is not well said.
    const isKnownForm = /^(?:gzip|x-gzip|deflate|compress|x-compress)(?:[ \t]*,[ \t]*chunked)?$/.test(coding)
    throw new RequestFault(isKnownForm ? 501 : 400, 'transfer coding not understood')
  }
  words.chunked = true
}

function readConnection(words: Words, value: string): void {
  if (value === 'keep-alive') words.keepAlive = true
  else if (value === 'close') words.close = true
  else {
    for (const part of value.split(',')) {
      const option = part.trim()
      words.close ||= option === 'close'
      words.keepAlive ||= option === 'keep-alive'
      words.upgrade ||= option === 'upgrade'
    }
  }
}

function checkFraming(line: RequestLine, words: Words): void {
  if (!words.chunked) return
  if (words.length !== undefined) throw new RequestFault(400, 'both a length and chunks')
  if (line.version === '1.0') throw new RequestFault(400, 'chunks in HTTP/1.0')
}

function bodyOf(words: Words): RequestMeaning['body'] {
  if (words.chunked) return 'chunked'
  return words.length === undefined || words.length === 0 ? 'none' : 'length'
}

/** `expect`: the value of the field in lower case. A client without a body waits for nothing. Throws RequestFault. */
export function expectsContinue(expect: string | undefined, body: RequestMeaning['body']): boolean {
  if (expect === undefined) return false
  if (expect !== '100-continue') throw new RequestFault(417, 'only 100-continue can be expected')
  return body !== 'none'
}

/** A request with a body is not a WebSocket's (RFC 6455 section 4.1); other upgrade offers are answered as plain requests. */
function isWebSocket(line: RequestLine, words: Words): boolean {
  return (
    words.upgrade &&
    words.webSocket &&
    line.version === '1.1' &&
    line.method === 'GET' &&
    bodyOf(words) === 'none'
  )
}

/** What delimits or routes a message means nothing after its body, and much to who merges trailers (RFC 9110 section 6.5.1). */
const notInTrailers: ReadonlySet<string> = new Set(['host', 'content-length', 'transfer-encoding', 'trailer'])

/** Throws RequestFault for a trailer section that would change how the request is read. */
export function checkTrailers(rawTrailers: readonly string[]): void {
  for (let index = 0; index < rawTrailers.length; index += 2) {
    const name = (rawTrailers[index] ?? '').toLowerCase().replaceAll('_', '-')
    if (notInTrailers.has(name)) throw new RequestFault(400, `${name} in the trailers`)
  }
}
