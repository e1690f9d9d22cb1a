// Reads HTTP/1.1 responses of an instance from its socket's bytes (RFC 9112). Strict: what is ambiguous is an error,
// never repaired, and an error costs the connection.
import { ChunkedReader } from '../http1/chunked-reader.ts'
import { hasNoBody, readHeaderSection, readLength } from '../http1/header-section.ts'
import { MalformedMessage } from '../http1/malformed.ts'

export interface ResponseHead {
  readonly status: number
  readonly reason: string
  /** Name, value, name, value … as received, in latin1. */
  readonly rawHeaders: readonly string[]
  /** The connection can carry another request after this response (never after chunks in HTTP/1.0: RFC 9112 section 6.1). */
  readonly keepAlive: boolean
  /** What the fields say of the body: server-sent events, or anything else that must not be held back. */
  readonly flow?: 'events' | 'unbuffered' | undefined
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

type State = 'idle' | 'head' | 'length' | 'until-close' | 'chunks' | 'upgraded'

const statusLine = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: ([\t\x20-\x7e\x80-\xff]*))?$/
const headEnd = Buffer.from('\r\n\r\n')
const nothing = Buffer.alloc(0)

export class ResponseReader {
  readonly #headBytes: number
  #state: State = 'idle'
  #listener: ResponseListener | undefined
  #rest: Buffer = nothing
  #remaining = 0
  #chunks: ChunkedReader | undefined
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

  /** Takes the next bytes. Throws MalformedMessage. */
  feed(bytes: Buffer): void {
    let input = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    this.#rest = nothing
    while (input.length > 0) {
      const listener = this.#listener
      if (listener === undefined || this.#state === 'idle')
        throw new MalformedMessage('bytes that no request asked for')
      const left = this.#step(input, listener)
      if (left === undefined) {
        this.#rest = input
        return
      }
      input = left
    }
  }

  /** The instance ended its side. Throws MalformedMessage when that cuts a response short. */
  finish(): void {
    if (this.#state === 'until-close') this.#complete([])
    else if (this.#state !== 'idle' && this.#state !== 'upgraded')
      throw new MalformedMessage('the connection ended early')
  }

  /** One step of the machine: the bytes it left, or undefined when it needs more. */
  #step(input: Buffer, listener: ResponseListener): Buffer | undefined {
    switch (this.#state) {
      case 'head':
        return this.#readHead(input, listener)
      case 'length':
        return this.#readCounted(input, listener)
      case 'chunks':
        return this.#readChunks(input, listener)
      case 'until-close':
        listener.onData(input)
        return nothing
      default:
        throw new MalformedMessage('bytes after the response')
    }
  }

  #readHead(input: Buffer, listener: ResponseListener): Buffer | undefined {
    const end = input.indexOf(headEnd)
    if (end > this.#headBytes || (end === -1 && input.length > this.#headBytes))
      throw new MalformedMessage('a head too large')
    if (end === -1) return undefined
    const text = input.toString('latin1', 0, end + 2)
    const rest = end + 4 === input.length ? nothing : input.subarray(end + 4)
    const firstEnd = text.indexOf('\r\n')
    const match = statusLine.exec(text.slice(0, firstEnd))
    if (match === null) throw new MalformedMessage('a status line that is not HTTP/1.1')
    const rawHeaders = readHeaderSection(text, firstEnd + 2)
    const framing = readFraming(rawHeaders)
    const head = {
      status: Number(match[2]),
      reason: match[3] ?? '',
      rawHeaders,
      keepAlive: match[1] === '1' ? !framing.close : framing.keepAlive && !framing.chunked,
      flow: framing.flow,
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
    if (!this.#upgradeAsked) throw new MalformedMessage('an upgrade that no request asked for')
    this.#state = 'upgraded'
    listener.onUpgrade(head, rest)
    return nothing
  }

  /** RFC 9112 section 6.3: what delimits the body. */
  #begin(head: ResponseHead, framing: Framing, listener: ResponseListener): void {
    const bodiless = hasNoBody(this.#method, head.status)
    const untilClose = !bodiless && !framing.chunked && framing.length === undefined
    listener.onHead(untilClose ? { ...head, keepAlive: false } : head)
    if (bodiless || framing.length === 0) this.#complete([])
    else if (framing.chunked) {
      this.#state = 'chunks'
      this.#chunks ??= new ChunkedReader(this.#headBytes, 'instance')
      this.#chunks.restart()
    } else if (untilClose) this.#state = 'until-close'
    else {
      this.#state = 'length'
      this.#remaining = framing.length ?? 0
    }
  }

  #readCounted(input: Buffer, listener: ResponseListener): Buffer {
    const whole = input.length <= this.#remaining
    const chunk = whole ? input : input.subarray(0, this.#remaining)
    this.#remaining -= chunk.length
    listener.onData(chunk)
    if (this.#remaining === 0) this.#complete([])
    return whole ? nothing : input.subarray(chunk.length)
  }

  #readChunks(input: Buffer, listener: ResponseListener): Buffer | undefined {
    const chunks = this.#chunks
    const left = chunks?.step(input, listener) ?? 'more'
    if (left === 'more') return undefined
    if (Buffer.isBuffer(left)) return left
    this.#complete(chunks?.trailers ?? [])
    return left.rest
  }

  #complete(trailers: readonly string[]): void {
    const listener = this.#listener
    this.#state = 'idle'
    this.#listener = undefined
    listener?.onEnd(trailers)
  }
}

interface Framing {
  readonly length: number | undefined
  readonly chunked: boolean
  readonly close: boolean
  readonly keepAlive: boolean
  readonly flow: ResponseHead['flow']
}

function readFraming(rawHeaders: readonly string[]): Framing {
  let length: number | undefined
  let chunked = false
  let close = false
  let keepAlive = false
  let flow: ResponseHead['flow']
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? ''
    // Names of other lengths mean nothing here.
    if (name.length !== 10 && name.length !== 12 && name.length !== 14 && name.length !== 17) continue
    const value = rawHeaders[index + 1] ?? ''
    switch (name.toLowerCase()) {
      case 'content-length':
        if (length !== undefined) throw new MalformedMessage('two lengths')
        length = readLength(value)
        break
      case 'transfer-encoding':
        if (chunked || value.toLowerCase() !== 'chunked')
          throw new MalformedMessage(`transfer-encoding "${value}"`)
        chunked = true
        break
      case 'content-type':
        if (isEventStream(value)) flow = 'events'
        break
      case 'x-accel-buffering':
        if (value.toLowerCase() === 'no') flow ??= 'unbuffered'
        break
      case 'connection':
        close ||= /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i.test(value)
        keepAlive ||= /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/i.test(value)
        break
      default:
    }
  }
  if (chunked && length !== undefined) throw new MalformedMessage('both a length and chunks')
  return { length, chunked, close, keepAlive, flow }
}

function isEventStream(contentType: string): boolean {
  return contentType.slice(0, 17).toLowerCase() === 'text/event-stream'
}
