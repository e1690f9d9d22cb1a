// One request of an HTTP/1.1 connection and its answer on the wire (RFC 9112).
import type { Socket } from 'node:net'
import { hasNoBody } from '../http1/header-section.ts'
import type { ResponseHead } from '../upstream/response-reader.ts'
import type { ClientAddress, ClientListener, ClientStream } from './client-stream.ts'
import type { ReadRequest } from './request-reader.ts'
import {
  trailerFields,
  writeInformationHead,
  writeResponseHead,
  writeUpgradeHead,
  type BodyFraming,
} from './response-head.ts'

/** The connection under a stream. */
export interface Http1Wire {
  readonly socket: Socket
  readonly client: ClientAddress
  /** Nothing follows on this connection, as far as is known. */
  readonly isLast: boolean
  /** How much of a body that nobody wants is read. */
  readonly discardBytes: number
  closeAfter(): void
  resumeBody(): void
  pauseBody(): void
  /** The answer is complete. */
  finish(stream: Http1Stream): void
  /** The body was read to its end after the answer was complete. */
  bodyIsOver(stream: Http1Stream): void
  /** More of a body that nobody wants came than is read, and the answer is complete. */
  bodyIsTooLong(stream: Http1Stream): void
  reset(): void
  /** Gives the socket away, with what was read beyond the request. */
  handOver(): Buffer
}

/** A head and a body up to this size leave in one write; copying is cheaper than a second system call. */
const joinedBytes = 16 * 1024

export class Http1Stream implements ClientStream {
  readonly head: ReadRequest
  listener: ClientListener | undefined
  readonly #wire: Http1Wire
  /** Written, not sent. */
  #pending = ''
  #framing: BodyFraming = 'none'
  #hasBegun = false
  #isComplete = false
  #discardedBytes = 0
  #isGone = false
  #discarding = false
  #continued = false

  constructor(wire: Http1Wire, head: ReadRequest) {
    this.#wire = wire
    this.head = head
    if (!head.keepAlive) wire.closeAfter()
  }

  get client(): ClientAddress {
    return this.#wire.client
  }

  /** The client has, or may have, some bytes of the answer, and not all. */
  get isUnderWay(): boolean {
    return this.#hasBegun && !this.#isComplete
  }

  get isComplete(): boolean {
    return this.#isComplete
  }

  /** The client waits for a 100 and was told none. */
  get awaitsContinue(): boolean {
    return this.head.expectsContinue && !this.#continued && !this.#hasBegun
  }

  resumeBody(): void {
    if (!this.#isGone) this.#wire.resumeBody()
  }

  pauseBody(): void {
    if (!this.#isGone) this.#wire.pauseBody()
  }

  discardBody(): void {
    if (this.#isGone || this.#discarding) return
    this.#discarding = true
    this.#wire.resumeBody()
  }

  /** RFC 9110 section 15.2: not to a client of HTTP/1.0; a 100 once, to a client that asked for it. */
  inform(head: ResponseHead): void {
    // A client that takes nothing misses what is said by the way.
    if (this.head.version !== '1.1' || this.#wire.socket.writableNeedDrain) return
    if (head.status === 100) {
      if (!this.head.expectsContinue || this.#continued) return
      this.#continued = true
    }
    this.#wire.socket.write(writeInformationHead(head), 'latin1')
  }

  respond(head: ResponseHead, extraFields: readonly string[]): void {
    const { method, version } = this.head
    const bodiless = hasNoBody(method, head.status)
    // A client that still waits for its 100 may send the body or not, one that asked for a WebSocket may have begun to
    // speak it: only the end of the connection tells.
    const isOpen = this.head.upgrade || (this.head.expectsContinue && !this.#continued)
    const isLast = this.#wire.isLast || isOpen
    const written = writeResponseHead(head, extraFields, { version, bodiless, isLast })
    this.#hasBegun = true
    this.#framing = written.framing
    this.#pending = written.text
    // Its end is the only thing that tells the client where the body ends.
    if (written.framing === 'close' || isLast) this.#wire.closeAfter()
  }

  flush(): void {
    if (this.#pending === '') return
    const text = this.#pending
    this.#pending = ''
    this.#wire.socket.write(text, 'latin1')
  }

  write(chunk: Buffer): boolean {
    if (chunk.length === 0 || this.#framing === 'none') return true
    const { socket } = this.#wire
    if (this.#pending !== '' && this.#pending.length + chunk.length <= joinedBytes) {
      this.#pending += this.#framed(chunk.toString('latin1'), chunk.length)
      return true
    }
    socket.cork()
    this.flush()
    if (this.#framing === 'chunks') socket.write(`${chunk.length.toString(16)}\r\n`, 'latin1')
    socket.write(chunk)
    if (this.#framing === 'chunks') socket.write('\r\n', 'latin1')
    socket.uncork()
    return !socket.writableNeedDrain
  }

  end(trailers: readonly string[]): void {
    if (this.#framing === 'chunks') {
      this.#pending += '0\r\n'
      for (const [name, value] of trailerFields(trailers)) this.#pending += `${name}: ${value}\r\n`
      this.#pending += '\r\n'
    }
    this.flush()
    this.#isComplete = true
    if (this.#discardedBytes > this.#wire.discardBytes) this.#wire.closeAfter()
    this.#wire.finish(this)
  }

  reset(): void {
    this.#isGone = true
    this.#wire.reset()
  }

  upgrade(head: ResponseHead, extraFields: readonly string[]): { socket: Socket; rest: Buffer } {
    const { socket } = this.#wire
    this.#hasBegun = true
    this.#isGone = true
    const rest = this.#wire.handOver()
    socket.write(writeUpgradeHead(head, extraFields), 'latin1')
    return { socket, rest }
  }

  // The connection tells:

  tellBody(chunk: Buffer): void {
    if (!this.#discarding) {
      this.listener?.onBody(chunk)
      return
    }
    this.#discardedBytes += chunk.length
    if (this.#discardedBytes <= this.#wire.discardBytes) return
    if (this.#isComplete) this.#wire.bodyIsTooLong(this)
    else this.#wire.closeAfter()
  }

  tellBodyEnd(trailers: readonly string[]): void {
    if (!this.#discarding) this.listener?.onBodyEnd(trailers)
    if (this.#isComplete) this.#wire.bodyIsOver(this)
  }

  tellLeave(): void {
    this.#isGone = true
    if (!this.#isComplete) this.listener?.onLeave()
  }

  #framed(text: string, length: number): string {
    return this.#framing === 'chunks' ? `${length.toString(16)}\r\n${text}\r\n` : text
  }
}
