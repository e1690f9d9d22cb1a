// A client's HTTP/1.1 connection: its requests one after the other, each a stream; its timeouts; and how it ends.
import type { Socket } from 'node:net'
import type { BalancerLimits } from '../limits.ts'
import type { ClientAddress, ClientConnection, ClientStream } from './client-stream.ts'
import { ConnectionProgress } from './connection-progress.ts'
import { Http1Stream, type Http1Wire } from './http1-stream.ts'
import { errorResponse } from './error-response.ts'
import { MalformedMessage } from '../http1/malformed.ts'
import { RequestFault } from './request-fault.ts'
import { RequestReader, type ReadRequest, type RequestReaderListener } from './request-reader.ts'

export interface Http1Options {
  readonly limits: () => BalancerLimits
  readonly onStream: (stream: ClientStream) => void
  /** A request was answered with this status before it became a stream's. */
  readonly onRefusal: (status: number) => void
  /** The socket is gone, or somebody else's. */
  readonly onClose: (connection: Http1Connection) => void
  /** Resets the connection under whatever lies above it. */
  readonly reset: () => void
}

const phases = ['idle', 'head', 'body', 'answer', 'closing', 'gone'] as const
type Phase = (typeof phases)[number]

export class Http1Connection implements ClientConnection, Http1Wire, RequestReaderListener {
  readonly socket: Socket
  readonly client: ClientAddress
  readonly #options: Http1Options
  readonly #reader: RequestReader
  #stream: Http1Stream | undefined
  #closing = false
  #draining = false
  /** Requests read so far. */
  #requests = 0
  readonly #progress = new ConnectionProgress()
  /** What it had said when draining last looked. */
  #silentRead = -1

  constructor(socket: Socket, client: ClientAddress, options: Http1Options) {
    this.socket = socket
    this.client = client
    this.#options = options
    this.#reader = new RequestReader(options.limits(), this)
    socket.on('data', (bytes: Buffer) => {
      this.#feed(bytes)
    })
    socket.on('drain', () => this.#stream?.listener?.onDrain())
    // The client's end is its leave: who wants an answer keeps the connection open (as Node's own server has it).
    socket.on('end', () => {
      this.#leave()
      socket.end()
    })
    socket.on('error', () => {
      socket.destroy()
    })
    socket.once('close', () => {
      this.#leave()
      options.onClose(this)
    })
  }

  // ClientConnection

  sweep(nowMs: number): void {
    const limits = this.#options.limits()
    const phase = this.#phase
    const progress = this.#progress
    progress.look(this.socket, this.#requests * phases.length + phases.indexOf(phase), nowMs)
    if (nowMs - progress.takenAtMs >= limits.stallMs) {
      // What such a client has must not look whole.
      this.#leave()
      this.reset()
      return
    }
    const sinceMs = nowMs - progress.phaseSinceMs
    switch (phase) {
      case 'idle':
        // A client that has never said anything has the time of a head.
        if (sinceMs >= (this.#requests === 0 ? limits.requestHeadTimeoutMs : limits.clientIdleMs))
          this.#close()
        break
      case 'head':
        if (sinceMs >= limits.requestHeadTimeoutMs) this.#fail(408, 'the request head took too long')
        break
      case 'body':
        if (sinceMs >= limits.requestTimeoutMs || nowMs - progress.readAtMs >= limits.requestBodyIdleMs)
          this.#fail(408, 'the request body took too long')
        break
      case 'closing':
        if (sinceMs >= limits.lingerMs) this.socket.destroy()
        break
      default:
    }
  }

  drain(): void {
    this.#draining = true
  }

  isSilent(): boolean {
    if (this.#stream !== undefined || this.socket.writableLength > 0) return false
    const { bytesRead } = this.socket
    const silent = bytesRead === this.#silentRead
    this.#silentRead = bytesRead
    return silent
  }

  isIdle(): boolean {
    return this.#phase === 'idle' && this.#requests > 0
  }

  destroy(): void {
    this.socket.destroy()
  }

  // RequestReaderListener

  onRequest(request: ReadRequest): void {
    this.#requests++
    const stream = new Http1Stream(this, request)
    this.#stream = stream
    this.#options.onStream(stream)
  }

  onBody(chunk: Buffer): void {
    this.#stream?.tellBody(chunk)
  }

  onBodyEnd(trailers: readonly string[]): void {
    this.#stream?.tellBodyEnd(trailers)
  }

  // Http1Wire

  get isLast(): boolean {
    return this.#closing || (this.#draining && this.#reader.unreadBytes === 0)
  }

  closeAfter(): void {
    this.#closing = true
  }

  resumeBody(): void {
    this.#attempt(() => {
      this.#reader.resume()
    })
    // Whoever paused the reader may have left bytes in the socket.
    this.socket.resume()
  }

  pauseBody(): void {
    this.#reader.pause()
    this.socket.pause()
  }

  /** The answer is complete. With the rest of a body still to come the next request is read behind it. */
  finish(stream: Http1Stream): void {
    if (this.#stream !== stream) return
    if (this.#closing) this.#close()
    else if (!this.#reader.isInBody) this.#next()
  }

  /** The body of an answered request was read to its end. */
  bodyIsOver(stream: Http1Stream): void {
    if (this.#stream === stream && !this.#closing) this.#next()
  }

  reset(): void {
    this.#stream = undefined
    this.#closing = true
    this.#options.reset()
  }

  /** Nothing of this connection stays with the socket. */
  handOver(): Buffer {
    this.#stream = undefined
    for (const event of ['data', 'drain', 'end', 'error', 'close']) this.socket.removeAllListeners(event)
    this.#options.onClose(this)
    return this.#reader.takeUnread()
  }

  #next(): void {
    this.#stream = undefined
    this.socket.resume()
    this.#attempt(() => {
      this.#reader.next()
    })
  }

  #feed(bytes: Buffer): void {
    // What comes after the last request is read and forgotten, so that the client can read its answer.
    if (this.#closing && this.#stream === undefined) return
    this.#attempt(() => {
      this.#reader.feed(bytes)
    })
    // A client that sends ahead of its answers waits in its own socket.
    if (this.#stream !== undefined && this.#reader.unreadBytes >= this.#options.limits().headBytes)
      this.socket.pause()
  }

  #attempt(read: () => void): void {
    try {
      read()
    } catch (error) {
      if (error instanceof RequestFault) this.#fail(error.status, error.message)
      else if (error instanceof MalformedMessage) this.#fail(400, error.message)
      else throw error
    }
  }

  /** What follows on this connection cannot be told from what belongs to the faulty request: it ends. */
  #fail(status: number, why: string): void {
    const stream = this.#stream
    this.#closing = true
    this.#reader.takeUnread()
    if (stream?.hasBegun === true) {
      this.#leave()
      this.reset()
      return
    }
    this.#leave()
    this.#options.onRefusal(status)
    this.socket.write(errorResponse(status, why), 'latin1')
    this.#close()
  }

  /** Ends our side; the client's may still say something, for a moment. */
  #close(): void {
    this.#stream = undefined
    this.#closing = true
    this.socket.resume()
    this.socket.end()
  }

  #leave(): void {
    const stream = this.#stream
    this.#stream = undefined
    stream?.tellLeave()
  }

  get #phase(): Phase {
    if (this.socket.destroyed) return 'gone'
    if (this.#stream === undefined) {
      if (this.#closing) return 'closing'
      return this.#reader.isAmid ? 'head' : 'idle'
    }
    return this.#reader.isInBody ? 'body' : 'answer'
  }
}
