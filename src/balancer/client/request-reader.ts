// Reads the requests of one HTTP/1.1 connection from its bytes, one at a time. Strict (RFC 9112): what is ambiguous is a
// fault, never repaired, and a fault costs the connection.
import { ChunkedReader } from '../http1/chunked-reader.ts'
import { checkLineEnds, readHeaderSection } from '../http1/header-section.ts'
import type { ClientRequestHead } from './client-stream.ts'
import { checkTrailers, readRequestFields } from './request-fields.ts'
import { RequestFault } from './request-fault.ts'
import { readRequestLine } from './request-line.ts'

export interface RequestLimits {
  readonly headBytes: number
  readonly headFields: number
  readonly targetBytes: number
}

/** A head, and whether another request may follow on its connection. */
export interface ReadRequest extends ClientRequestHead {
  readonly keepAlive: boolean
}

export interface RequestReaderListener {
  onRequest(request: ReadRequest): void
  onBody(chunk: Buffer): void
  onBodyEnd(trailers: readonly string[]): void
}

/** `complete`: the request is read; what follows waits for `next`. */
type State = 'head' | 'length' | 'chunks' | 'complete'

const headEnd = Buffer.from('\r\n\r\n')
const nothing = Buffer.alloc(0)

export class RequestReader {
  readonly #limits: () => RequestLimits
  readonly #listener: RequestReaderListener
  #state: State = 'head'
  #unread: Buffer = nothing
  /** How much of #unread was searched for the end of a head in vain. */
  #searched = 0
  #remaining = 0
  #chunks: ChunkedReader | undefined
  #paused = false
  #reading = false

  /** `limits` is asked each time. */
  constructor(limits: () => RequestLimits, listener: RequestReaderListener) {
    this.#limits = limits
    this.#listener = listener
  }

  /** Bytes that came and are not read yet. */
  get unreadBytes(): number {
    return this.#unread.length
  }

  /** In the middle of a request's head or body. */
  get isAmid(): boolean {
    return this.#state === 'head' ? this.#unread.length > 0 : this.#state !== 'complete'
  }

  get isInBody(): boolean {
    return this.#state === 'length' || this.#state === 'chunks'
  }

  /** Takes the next bytes. Throws RequestFault, or MalformedMessage, which is one of status 400. */
  feed(bytes: Buffer): void {
    this.#unread = this.#unread.length === 0 ? bytes : Buffer.concat([this.#unread, bytes])
    this.#read()
  }

  /** The request is answered: reads the one that follows, as soon as it comes. Throws as feed does. */
  next(): void {
    this.#state = 'head'
    this.#paused = false
    this.#read()
  }

  /** Body bytes that came stay unread until resume. */
  pause(): void {
    this.#paused = true
  }

  /** Throws as feed does. */
  resume(): void {
    this.#paused = false
    this.#read()
  }

  /** Gives what was not read away. */
  takeUnread(): Buffer {
    const unread = this.#unread
    this.#unread = nothing
    return unread
  }

  /** Whoever is told something may pause, resume or ask for the next request: the loop looks again each time. */
  #read(): void {
    if (this.#reading) return
    this.#reading = true
    try {
      while (this.#unread.length > 0 && this.#step());
    } finally {
      this.#reading = false
    }
  }

  /** False when nothing can be done with what is here. */
  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#readHead()
      case 'length':
        return !this.#paused && this.#readCounted()
      case 'chunks':
        return !this.#paused && this.#readChunks()
      case 'complete':
        return false
    }
  }

  #readHead(): boolean {
    const input = this.#unread
    const start = this.#startOfHead(input)
    const end = input.indexOf(headEnd, Math.max(start, this.#searched - 3))
    if (end === -1) {
      this.#checkPartialHead(input, start)
      this.#searched = input.length
      return false
    }
    this.#searched = 0
    if (end - start > this.#limits().headBytes) throw new RequestFault(431, 'the header section is too large')
    const text = input.toString('latin1', start, end + 2)
    this.#unread = end + 4 === input.length ? nothing : input.subarray(end + 4)
    this.#begin(text)
    return true
  }

  /** One empty line before a request is a stray of the one before (RFC 9112 section 2.2). */
  #startOfHead(input: Buffer): number {
    return input[0] === 13 && input[1] === 10 ? 2 : 0
  }

  #checkPartialHead(input: Buffer, start: number): void {
    if (input.length - start > this.#limits().headBytes)
      throw new RequestFault(431, 'the header section is too large')
    // A lone LF would leave us waiting for an end of the head that others see already.
    checkLineEnds(input, Math.max(start, this.#searched))
    if (this.#searched > 0) return
    // What cannot become a request is refused before a client is waited for: other protocols, a TLS hello.
    const first = input[start]
    if (first !== undefined && start === 0 && first !== 13 && !isTokenByte(first))
      throw new RequestFault(400, 'this is not HTTP')
  }

  #begin(text: string): void {
    const lineEnd = text.indexOf('\r\n')
    if (lineEnd > this.#limits().targetBytes + 32) throw new RequestFault(414, 'the target is too long')
    const line = readRequestLine(text.slice(0, lineEnd))
    if (line.target.length > this.#limits().targetBytes) throw new RequestFault(414, 'the target is too long')
    const rawHeaders = readHeaderSection(text, lineEnd + 2, this.#limits().headFields)
    if (rawHeaders.length > 2 * this.#limits().headFields)
      throw new RequestFault(431, 'too many header fields')
    const meaning = readRequestFields(line, rawHeaders)
    this.#expectBody(meaning.body, meaning.length)
    this.#listener.onRequest({
      method: line.method,
      target: line.target,
      rawHeaders,
      version: line.version,
      body: meaning.body,
      expectsContinue: meaning.expectsContinue,
      upgrade: meaning.upgrade,
      keepAlive: meaning.keepAlive,
    })
  }

  /** A body waits until somebody resumes. */
  #expectBody(body: ClientRequestHead['body'], length: number): void {
    if (body === 'none') {
      this.#state = 'complete'
      return
    }
    this.#paused = true
    this.#remaining = length
    this.#state = body === 'length' ? 'length' : 'chunks'
    if (body === 'length') return
    this.#chunks ??= new ChunkedReader(this.#limits().headBytes, 'client')
    this.#chunks.restart()
  }

  #readCounted(): boolean {
    const input = this.#unread
    const whole = input.length <= this.#remaining
    const chunk = whole ? input : input.subarray(0, this.#remaining)
    this.#unread = whole ? nothing : input.subarray(this.#remaining)
    this.#remaining -= chunk.length
    const isLast = this.#remaining === 0
    if (isLast) this.#state = 'complete'
    this.#listener.onBody(chunk)
    if (isLast) this.#listener.onBodyEnd([])
    return true
  }

  #readChunks(): boolean {
    const chunks = this.#chunks
    if (chunks === undefined) return false
    const input = this.#unread
    let told: Buffer | undefined
    const left = chunks.step(input, { onData: (chunk) => (told = chunk) })
    if (left === 'more') return false
    if (Buffer.isBuffer(left)) {
      this.#unread = left
      if (told !== undefined) this.#listener.onBody(told)
      return true
    }
    checkTrailers(chunks.trailers)
    this.#unread = left.rest
    this.#state = 'complete'
    this.#listener.onBodyEnd(chunks.trailers)
    return true
  }
}

/** Methods are tokens; in practice letters. */
function isTokenByte(byte: number): boolean {
  return (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)
}
