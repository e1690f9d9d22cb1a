// A client's HTTP/1.1 connection: its requests one after the other, each a stream; its timeouts; and how it ends.
import type { Socket } from 'node:net'
import { MalformedMessage } from '../http1/malformed.ts'
import type { BalancerLimits } from '../limits.ts'
import type { ClientAddress, ClientConnection, ClientStream } from './client-stream.ts'
import { ConnectionProgress } from './connection-progress.ts'
import { errorResponse } from './error-response.ts'
import { Http1Stream, type Http1Wire } from './http1-stream.ts'
import { RequestFault } from './request-fault.ts'
import { RequestReader, type ReadRequest, type RequestReaderListener } from './request-reader.ts'

export interface Http1Options {
  readonly limits: () => BalancerLimits
  readonly onStream: (stream: ClientStream) => void
  /** A request was answered with this status while it was read: unreadable, or too slow. */
  readonly onRefusal: (status: number) => void
  /** The socket is gone, or somebody else's. */
  readonly onClose: (connection: Http1Connection) => void
  /** Resets the connection under whatever lies above it. */
  readonly reset: () => void
}

/**
 * `idle`: owes nothing and was told nothing. `head`, `body`: a request is coming. `answer`: it is with its exchange.
 * `flushing`: answers are complete and not all taken. `closing`: all taken, and we have ended.
 */
type Phase = 'idle' | 'head' | 'body' | 'answer' | 'flushing' | 'closing'

export class Http1Connection implements ClientConnection, Http1Wire, RequestReaderListener {
  readonly socket: Socket
  readonly client: ClientAddress
  readonly #options: Http1Options
  readonly #reader: RequestReader
  readonly #progress = new ConnectionProgress()
  #stream: Http1Stream | undefined
  /** The answer under way is the last, or was. */
  #closing = false
  #draining = false
  /** The next request is read when the client has taken the answers before. */
  #waitsForDrain = false
  /** Requests read so far. */
  #requests = 0
  /** What it had said when draining last looked. */
  #heardBytes = -1

  constructor(socket: Socket, client: ClientAddress, options: Http1Options) {
    this.socket = socket
    this.client = client
    this.#options = options
    this.#reader = new RequestReader(options.limits, this)
    socket.on('data', (bytes: Buffer) => {
      this.#feed(bytes)
    })
    socket.on('drain', () => {
      this.#onDrain()
    })
    socket.on('end', () => {
      this.#onClientEnd()
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
    progress.look(this.socket, { phase, request: this.#requests, waitsForUs: this.#waitsForUs, nowMs })
    if (nowMs - progress.takenAtMs >= limits.stallMs) {
      this.#cut()
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
        if (sinceMs >= limits.closeLingerMs) this.socket.destroy()
        break
      default:
    }
  }

  drain(): void {
    this.#draining = true
  }

  lookForSilence(): boolean {
    if (this.#stream !== undefined || this.socket.writableLength > 0) return false
    const { bytesRead } = this.socket
    const isSilent = bytesRead === this.#heardBytes
    this.#heardBytes = bytesRead
    return isSilent
  }

  isIdle(): boolean {
    return this.#phase === 'idle' && this.#requests > 0
  }

  destroy(): void {
    // An orderly end would let what the client has look whole.
    if (this.#stream !== undefined || this.socket.writableLength > 0) this.#cut()
    else this.socket.destroy()
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

  get discardBytes(): number {
    return this.#options.limits().discardBytes
  }

  closeAfter(): void {
    this.#closing = true
  }

  resumeBody(): void {
    this.#read('resume')
    // Whoever paused the reader may have left bytes in the socket.
    this.socket.resume()
  }

  pauseBody(): void {
    this.#reader.pause()
    this.socket.pause()
  }

  /** The answer is complete. With the rest of a body still to come, the next request is read behind it. */
  finish(stream: Http1Stream): void {
    if (this.#stream !== stream) return
    if (this.#closing) this.#close()
    else if (!this.#reader.isInBody) this.#next()
  }

  bodyIsOver(stream: Http1Stream): void {
    if (this.#stream === stream && !this.#closing) this.#next()
  }

  bodyIsTooLong(stream: Http1Stream): void {
    if (this.#stream === stream) this.#close()
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

  get #phase(): Phase {
    if (this.#stream !== undefined) return this.#reader.isInBody ? 'body' : 'answer'
    if (this.socket.writableLength > 0) return 'flushing'
    if (this.#closing) return 'closing'
    return this.#reader.isAmid ? 'head' : 'idle'
  }

  /** What the client does not send, it does not send because of us. */
  get #waitsForUs(): boolean {
    return this.socket.isPaused() || this.#stream?.awaitsContinue === true
  }

  /** A client that takes nothing is not given ever more answers. */
  #next(): void {
    this.#stream = undefined
    if (this.socket.writableNeedDrain) {
      this.#waitsForDrain = true
      this.socket.pause()
      return
    }
    this.socket.resume()
    this.#read('next')
  }

  #onDrain(): void {
    if (this.#waitsForDrain) {
      this.#waitsForDrain = false
      this.#next()
    } else this.#stream?.listener?.onDrain()
  }

  /** The client's end is its leave: who wants an answer keeps the connection open (as Node's own server has it). */
  #onClientEnd(): void {
    // Half an answer must not end in order.
    if (this.#stream?.isUnderWay === true) this.#cut()
    else {
      this.#leave()
      this.socket.end()
    }
  }

  #feed(bytes: Buffer): void {
    // What comes after the last request is read and forgotten, so that the client can read its answer.
    if (this.#closing && this.#stream === undefined) return
    this.#read(bytes)
    // A client that sends ahead of its answers waits in its own socket.
    if (this.#stream !== undefined && this.#reader.unreadBytes >= this.#options.limits().headBytes)
      this.socket.pause()
  }

  /** Reads on, with more bytes or what is here. */
  #read(step: Buffer | 'resume' | 'next'): void {
    try {
      if (step === 'resume') this.#reader.resume()
      else if (step === 'next') this.#reader.next()
      else this.#reader.feed(step)
    } catch (error) {
      if (error instanceof RequestFault) this.#fail(error.status, error.message)
      else if (error instanceof MalformedMessage) this.#fail(400, error.message)
      else throw error
    }
  }

  /** What follows on this connection cannot be told from what belongs to the faulty request: it ends. */
  #fail(status: number, why: string): void {
    const stream = this.#stream
    if (this.#closing && stream === undefined) return
    this.#reader.takeUnread()
    if (stream?.isUnderWay === true) {
      this.#cut()
      return
    }
    if (stream?.isComplete !== true) {
      this.#leave()
      this.#options.onRefusal(status)
      this.socket.write(errorResponse(status, why), 'latin1')
    }
    this.#close()
  }

  /** Ends our side; what the client still says is dropped for a while, so that it can read its answer. */
  #close(): void {
    this.#stream = undefined
    this.#closing = true
    this.socket.resume()
    this.socket.end()
  }

  #cut(): void {
    this.#leave()
    this.reset()
  }

  #leave(): void {
    const stream = this.#stream
    this.#stream = undefined
    stream?.tellLeave()
  }
}
