// Reads HTTP/1.1 responses of an instance from its socket's bytes (RFC 9112). Strict: what is ambiguous is an error,
// never repaired, and an error costs the connection.

export interface ResponseHead {
  readonly status: number
  readonly reason: string
  /** Name, value, name, value … as received, in latin1. */
  readonly rawHeaders: readonly string[]
  /** The connection can carry another request after this response (never after chunks in HTTP/1.0: RFC 9112 section 6.1). */
  readonly keepAlive: boolean
}

/** What the reader tells, in this order: any number of informations, one head, data …, one end; or upgrade instead. */
export interface ResponseListener {
  onInformation(head: ResponseHead): void
  onHead(head: ResponseHead): void
  onData(chunk: Buffer): void
  onEnd(trailers: readonly string[]): void
  /** After a 101 the bytes are no longer HTTP; `rest` came with the head. */
  onUpgrade(head: ResponseHead, rest: Buffer): void
}

export class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse'
}

type State =
  | 'idle'
  | 'head'
  | 'length'
  | 'until-close'
  | 'chunk-size'
  | 'chunk-data'
  | 'chunk-end'
  | 'trailers'
  | 'upgraded'

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/
// Blanks around a value are cut off apart: a pattern for them takes quadratic time on a value full of blanks.
const headerLine = /^([!#$%&'*+\-.^_`|~\dA-Za-z]+):([\t\x20-\x7e\x80-\xff]*)$/
// A size beyond 12 hex digits could not be counted exactly; chunk extensions are bounded by the line's length.
const chunkSizeLine = /^([\da-fA-F]{1,12})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?$/
const headEnd = Buffer.from('\r\n\r\n')
const lineEnd = Buffer.from('\r\n')
const nothing = Buffer.alloc(0)
const maxChunkLineBytes = 4_096

export class ResponseReader {
  readonly #headBytes: number
  #state: State = 'idle'
  #listener: ResponseListener | undefined
  #rest: Buffer = nothing
  #remaining = 0
  #method = 'GET'
  #upgradeAsked = false

  constructor(headBytes: number) {
    this.#headBytes = headBytes
  }

  /** Whether the last response is complete and no byte beyond it came. */
  get idle(): boolean {
    return this.#state === 'idle' && this.#rest.length === 0
  }

  /** Expects the response to a request with `method`; HEAD's has no body whatever its head says. */
  expect(listener: ResponseListener, method: string, upgradeAsked: boolean): void {
    this.#listener = listener
    this.#method = method
    this.#upgradeAsked = upgradeAsked
    this.#state = 'head'
  }

  /** Takes the next bytes. Throws MalformedResponse. */
  feed(bytes: Buffer): void {
    let input = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    this.#rest = nothing
    while (input.length > 0) {
      const listener = this.#listener
      if (listener === undefined || this.#state === 'idle')
        throw new MalformedResponse('bytes that no request asked for')
      const left = this.#step(input, listener)
      if (left === undefined) {
        this.#rest = input
        return
      }
      input = left
    }
  }

  /** The instance ended its side. Throws MalformedResponse when that cuts a response short. */
  finish(): void {
    if (this.#state === 'until-close') this.#complete([])
    else if (this.#state !== 'idle' && this.#state !== 'upgraded')
      throw new MalformedResponse('the connection ended early')
  }

  /** One step of the machine: the bytes it left, or undefined when it needs more. */
  #step(input: Buffer, listener: ResponseListener): Buffer | undefined {
    switch (this.#state) {
      case 'head':
        return this.#readHead(input, listener)
      case 'length':
      case 'chunk-data':
        return this.#readCounted(input, listener)
      case 'chunk-size':
        return this.#readChunkSize(input)
      case 'chunk-end':
        return this.#readChunkEnd(input)
      case 'trailers':
        return this.#readTrailers(input)
      case 'until-close':
        listener.onData(input)
        return nothing
      default:
        throw new MalformedResponse('bytes after the response')
    }
  }

  #readHead(input: Buffer, listener: ResponseListener): Buffer | undefined {
    const end = input.indexOf(headEnd)
    if (end > this.#headBytes || (end === -1 && input.length > this.#headBytes))
      throw new MalformedResponse('a head too large')
    if (end === -1) return undefined
    const lines = input.toString('latin1', 0, end).split('\r\n')
    const rest = input.subarray(end + 4)
    const match = statusLine.exec(lines[0] ?? '')
    if (match === null) throw new MalformedResponse('a status line that is not HTTP/1.1')
    const rawHeaders = readHeaders(lines, 1)
    const framing = readFraming(rawHeaders)
    const head = {
      status: Number(match[2]),
      reason: match[3] ?? '',
      rawHeaders,
      keepAlive: match[1] === '1' ? !framing.close : framing.keepAlive && !framing.chunked,
    }
    if (head.status === 101) return this.#upgrade(head, rest, listener)
    if (head.status < 200) {
      listener.onInformation(head)
      return rest
    }
    this.#begin(head, framing, listener)
    return rest
  }

  #upgrade(head: ResponseHead, rest: Buffer, listener: ResponseListener): Buffer {
    if (!this.#upgradeAsked) throw new MalformedResponse('an upgrade that no request asked for')
    this.#state = 'upgraded'
    listener.onUpgrade(head, rest)
    return nothing
  }

  /** RFC 9112 section 6.3: what delimits the body. */
  #begin(head: ResponseHead, framing: Framing, listener: ResponseListener): void {
    const bodiless = this.#method === 'HEAD' || head.status === 204 || head.status === 304
    const untilClose = !bodiless && !framing.chunked && framing.length === undefined
    listener.onHead(untilClose ? { ...head, keepAlive: false } : head)
    if (bodiless || framing.length === 0) this.#complete([])
    else if (framing.chunked) this.#state = 'chunk-size'
    else if (untilClose) this.#state = 'until-close'
    else {
      this.#state = 'length'
      this.#remaining = framing.length ?? 0
    }
  }

  #readCounted(input: Buffer, listener: ResponseListener): Buffer {
    const chunk = input.length > this.#remaining ? input.subarray(0, this.#remaining) : input
    this.#remaining -= chunk.length
    listener.onData(chunk)
    if (this.#remaining > 0) return nothing
    if (this.#state === 'chunk-data') this.#state = 'chunk-end'
    else this.#complete([])
    return input.subarray(chunk.length)
  }

  #readChunkSize(input: Buffer): Buffer | undefined {
    const end = input.indexOf(lineEnd)
    if (end > maxChunkLineBytes || (end === -1 && input.length > maxChunkLineBytes)) {
      throw new MalformedResponse('a chunk size line too long')
    }
    if (end === -1) return undefined
    const match = chunkSizeLine.exec(input.toString('latin1', 0, end))
    if (match === null) throw new MalformedResponse('a chunk size that is not hexadecimal')
    this.#remaining = Number.parseInt(match[1] ?? '', 16)
    this.#state = this.#remaining === 0 ? 'trailers' : 'chunk-data'
    return input.subarray(end + 2)
  }

  #readChunkEnd(input: Buffer): Buffer | undefined {
    if (input.length < 2) return undefined
    if (input[0] !== 13 || input[1] !== 10) throw new MalformedResponse('a chunk longer than its size')
    this.#state = 'chunk-size'
    return input.subarray(2)
  }

  #readTrailers(input: Buffer): Buffer | undefined {
    if (input.length >= 2 && input[0] === 13 && input[1] === 10) {
      this.#complete([])
      return input.subarray(2)
    }
    const end = input.indexOf(headEnd)
    if (end === -1 && input.length <= this.#headBytes) return undefined
    if (end === -1 || end > this.#headBytes) throw new MalformedResponse('trailers too large')
    this.#complete(readHeaders(input.toString('latin1', 0, end).split('\r\n'), 0))
    return input.subarray(end + 4)
  }

  #complete(trailers: readonly string[]): void {
    const listener = this.#listener
    this.#state = 'idle'
    this.#listener = undefined
    listener?.onEnd(trailers)
  }
}

function readHeaders(lines: readonly string[], from: number): string[] {
  const rawHeaders: string[] = []
  for (let index = from; index < lines.length; index++) {
    const match = headerLine.exec(lines[index] ?? '')
    if (match === null) throw new MalformedResponse('a header line that is not name: value')
    rawHeaders.push(match[1] ?? '', withoutOuterBlanks(match[2] ?? ''))
  }
  return rawHeaders
}

/** Cuts spaces and tabs; String.trim would also cut a latin1 no-break space, which is part of a value. */
function withoutOuterBlanks(value: string): string {
  let from = 0
  let to = value.length
  while (from < to && isBlank(value, from)) from++
  while (to > from && isBlank(value, to - 1)) to--
  return value.slice(from, to)
}

function isBlank(value: string, index: number): boolean {
  const code = value.charCodeAt(index)
  return code === 32 || code === 9
}

interface Framing {
  readonly length: number | undefined
  readonly chunked: boolean
  readonly close: boolean
  readonly keepAlive: boolean
}

function readFraming(rawHeaders: readonly string[]): Framing {
  let length: number | undefined
  let chunked = false
  let close = false
  let keepAlive = false
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const value = rawHeaders[index + 1] ?? ''
    switch (rawHeaders[index]?.toLowerCase()) {
      case 'content-length':
        if (length !== undefined) throw new MalformedResponse('two lengths')
        length = readLength(value)
        break
      case 'transfer-encoding':
        if (chunked || value.toLowerCase() !== 'chunked')
          throw new MalformedResponse(`transfer-encoding "${value}"`)
        chunked = true
        break
      case 'connection':
        close ||= /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value)
        keepAlive ||= /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i.test(value)
        break
      default:
    }
  }
  if (chunked && length !== undefined) throw new MalformedResponse('both a length and chunks')
  return { length, chunked, close, keepAlive }
}

function readLength(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new MalformedResponse(`content-length "${value}"`)
  return Number(value)
}
