// One request of an HTTP/2 connection and its answer (RFC 9113 section 8.1).
import type { ServerHttp2Stream } from 'node:http2'
import type { Socket } from 'node:net'
import type { BalancerLimits } from '../limits.ts'
import type { ResponseHead } from '../upstream/response-reader.ts'
import type { ClientAddress, ClientListener, ClientRequestHead, ClientStream } from './client-stream.ts'
import { errorAnswer } from './error-response.ts'
import {
  canSend,
  http2InformationFields,
  http2ResponseFields,
  http2TrailerFields,
  isBodiless,
  mayHaveTrailers,
} from './http2-response.ts'

/** The connection under a stream. */
export interface Http2Wire {
  /** How much of a body that nobody wants is read, so that a client that reads its answer late can finish. */
  readonly discardBytes: number
  readonly client: ClientAddress
  /** The client gave the stream up, or broke it, before its answer was complete. */
  noteLeave(): void
}

/** `unread`: nobody has asked for it yet; `discarded`: nobody wants the rest; `over`: there is no more. */
type Body = 'unread' | 'flowing' | 'paused' | 'discarded' | 'over'

/**
 * A stream may have to wait for others on a slow line: only one that gets on for none of so many times the stall limit is
 * taken for abandoned. A line on which nothing moves is the connection's to end.
 */
const starvingStalls = 10

export class Http2Stream implements ClientStream {
  readonly head: ClientRequestHead
  listener: ClientListener | undefined
  readonly #wire: Http2Wire
  readonly #stream: ServerHttp2Stream
  #body: Body
  #isListening = false
  /** All of it came; its end may be still to be told. */
  #hasEnded = false
  #discarded = 0
  #trailers: readonly string[] = []
  /** The fields of the response that are not sent yet. */
  #pending: string[] | undefined
  #hasBegun = false
  #isBodiless = false
  #waitForTrailers = false
  #continued = false
  /** Ended, reset, or left by the client: nothing more is told or sent. */
  #isOver = false
  /** By us. */
  #isCut = false
  #written = 0
  // What the last sweep saw, and when there was a change, in monotonic milliseconds.
  #bodyBytes = 0
  #seenBodyBytes = -1
  #bodyAtMs = 0
  #beganAtMs = 0
  #seenTaken = -1
  #takenAtMs = 0

  constructor(wire: Http2Wire, stream: ServerHttp2Stream, head: ClientRequestHead) {
    this.#wire = wire
    this.#stream = stream
    this.head = head
    this.#body = head.body === 'none' ? 'over' : 'unread'
    // Either way Node is told that the body is dealt with: it would reset a stream that is answered but not read, and do
    // so before the end of the answer when the line is full.
    if (head.body === 'none') stream.resume()
    else {
      stream.pause()
      this.#listenForEnd()
    }
    stream.on('drain', () => {
      if (!this.#isOver) this.listener?.onDrain()
    })
    stream.once('aborted', () => {
      this.#leave()
    })
    stream.once('close', () => {
      this.#leave()
    })
  }

  get client(): ClientAddress {
    return this.#wire.client
  }

  resumeBody(): void {
    if (this.#isOver || this.#body === 'over' || this.#body === 'discarded') return
    this.#body = 'flowing'
    if (this.#hasEnded) this.#tellEnd()
    else this.#readBody()
  }

  pauseBody(): void {
    if (this.#body !== 'flowing') return
    this.#body = 'paused'
    this.#stream.pause()
  }

  discardBody(): void {
    if (this.#body === 'over' || this.#body === 'discarded') return
    this.#body = this.#hasEnded ? 'over' : 'discarded'
    if (!this.#hasEnded) this.#readBody()
  }

  /** A 100 once, to a client that waits for it; a 101 has no meaning here (RFC 9113 section 8.6). */
  inform(head: ResponseHead): void {
    if (this.#isOver || this.#hasBegun || head.status === 101) return
    if (head.status === 100) {
      if (!this.head.expectsContinue || this.#continued) return
      this.#continued = true
    }
    if (!this.#isClosed) this.#stream.additionalHeaders(http2InformationFields(head))
  }

  respond(head: ResponseHead, extraFields: readonly string[]): void {
    if (this.#isOver) return
    this.#hasBegun = true
    if (!canSend(head.status)) {
      this.cut(`HTTP/2 carries no status ${head.status}`)
      return
    }
    this.#isBodiless = isBodiless(this.head.method, head.status)
    this.#waitForTrailers = !this.#isBodiless && mayHaveTrailers(head)
    this.#pending = http2ResponseFields(head, extraFields)
  }

  flush(): void {
    this.#sendHead({ endStream: this.#isBodiless, waitForTrailers: this.#waitForTrailers })
  }

  write(chunk: Buffer): boolean {
    if (this.#isOver || this.#isBodiless || chunk.length === 0) return true
    this.flush()
    this.#written += chunk.length
    return this.#isClosed || this.#stream.write(chunk)
  }

  end(trailers: readonly string[]): void {
    if (this.#isOver) return
    this.#isOver = true
    const fields = this.#isBodiless ? {} : http2TrailerFields(trailers)
    const hasTrailers = Object.keys(fields).length > 0
    if (this.#pending !== undefined) this.#waitForTrailers = hasTrailers
    if (this.#waitForTrailers) {
      this.#stream.once('wantTrailers', () => {
        if (!this.#isClosed) this.#stream.sendTrailers(fields)
      })
    }
    this.#sendHead({ endStream: !hasTrailers, waitForTrailers: hasTrailers })
    this.#stream.end()
    this.discardBody()
  }

  reset(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.cut('the answer was cut')
  }

  upgrade(): { readonly socket: Socket; readonly rest: Buffer } {
    throw new Error('Cannot upgrade a request of HTTP/2: none asks for it')
  }

  // The connection tells:

  /** Answers with an error of the balancer's own. */
  refuse(status: number, why: string): void {
    const { head, body } = errorAnswer(status, why)
    this.respond(head, [])
    this.write(body)
    this.end([])
  }

  /**
   * RST_STREAM with INTERNAL_ERROR. Not by close(code): that ends the writable side first, and what the client has would
   * look whole. An answer that is still owed has been left then.
   */
  cut(why: string): void {
    this.#isCut = true
    this.#stream.destroy(new Error(why))
  }

  /** Written and not taken by the connection yet. */
  get owedBytes(): number {
    return this.#stream.bufferSize
  }

  sweep(nowMs: number, limits: BalancerLimits): void {
    if (this.#beganAtMs === 0) this.#beganAtMs = nowMs
    this.#checkBody(nowMs, limits)
    this.#checkTaking(nowMs, limits)
    if (this.#isOver && this.#body === 'discarded') this.#endRequest()
  }

  #checkBody(nowMs: number, limits: BalancerLimits): void {
    if (this.#isOver || this.#hasEnded || this.#body === 'over' || this.#body === 'discarded') return
    // While we do not read, silence is ours.
    if (this.#bodyBytes !== this.#seenBodyBytes || this.#body !== 'flowing') this.#bodyAtMs = nowMs
    this.#seenBodyBytes = this.#bodyBytes
    if (
      nowMs - this.#bodyAtMs < limits.requestBodyIdleMs &&
      nowMs - this.#beganAtMs < limits.requestTimeoutMs
    )
      return
    const { listener } = this
    if (this.#hasBegun) this.reset()
    else this.refuse(408, 'the request body took too long')
    listener?.onLeave()
  }

  #checkTaking(nowMs: number, limits: BalancerLimits): void {
    const taken = this.#written - this.owedBytes
    if (taken !== this.#seenTaken || this.owedBytes === 0) this.#takenAtMs = nowMs
    this.#seenTaken = taken
    if (nowMs - this.#takenAtMs >= starvingStalls * limits.stallMs) this.cut('the client takes nothing')
  }

  /** RFC 9113 section 8.1: once the answer is out, a request that goes on may be ended without an error. */
  #endRequest(): void {
    if (!this.#isClosed && this.#stream.state.localClose === 1) this.#stream.close()
  }

  get #isClosed(): boolean {
    return this.#stream.destroyed || this.#stream.closed
  }

  #sendHead(options: { readonly endStream: boolean; readonly waitForTrailers: boolean }): void {
    const fields = this.#pending
    this.#pending = undefined
    if (fields !== undefined && !this.#isClosed) this.#stream.respond(fields, options)
  }

  #readBody(): void {
    if (!this.#isListening) {
      this.#isListening = true
      this.#stream.on('data', (chunk: Buffer) => {
        this.#takeBody(chunk)
      })
    }
    this.#stream.resume()
  }

  /** From the beginning: when nothing is left to read Node tells the end at once, also while the stream is paused. */
  #listenForEnd(): void {
    this.#stream.once('trailers', (_fields: unknown, _flags: unknown, rawTrailers: string[]) => {
      this.#trailers = rawTrailers
    })
    this.#stream.once('end', () => {
      // Of a body that was cut off, too; its stream is closed then, as no unanswered one is otherwise.
      if (!this.#isOver && this.#isClosed) return
      this.#hasEnded = true
      if (this.#body === 'discarded') this.#body = 'over'
      else if (this.#body === 'flowing') this.#tellEnd()
    })
  }

  #tellEnd(): void {
    this.#body = 'over'
    if (!this.#isOver) this.listener?.onBodyEnd(this.#trailers)
  }

  #takeBody(chunk: Buffer): void {
    this.#bodyBytes += chunk.length
    if (this.#body !== 'discarded') {
      if (!this.#isOver) this.listener?.onBody(chunk)
      return
    }
    // Its window is no longer opened; the client waits, or is told to stop by the next sweep.
    this.#discarded += chunk.length
    if (this.#discarded > this.#wire.discardBytes) this.#stream.pause()
  }

  #leave(): void {
    if (this.#isOver) return
    this.#isOver = true
    if (!this.#isCut) this.#wire.noteLeave()
    this.listener?.onLeave()
  }
}
