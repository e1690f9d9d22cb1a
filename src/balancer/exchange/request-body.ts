// A request's body on its way to an instance: streamed, and kept while small so that it can be sent again.
import type { ClientStream } from '../client/client-stream.ts'
import { writeTrailers } from '../upstream/request-head.ts'

export interface BodySink {
  /** False when the sink wants a pause; it calls `RequestBody.resume` later. */
  write(chunk: Buffer | string): boolean
}

export class RequestBody {
  readonly #stream: ClientStream
  readonly #keepBytes: number
  readonly #chunked: boolean
  #kept: Buffer[] = []
  #keptBytes = 0
  #replayable = true
  #ended = false
  #trailers: readonly string[] = []
  #started = false
  #sink: BodySink | undefined

  constructor(stream: ClientStream, keepBytes: number) {
    this.#stream = stream
    this.#keepBytes = keepBytes
    this.#chunked = stream.head.body === 'chunked'
  }

  /** Every byte read so far can be sent again. */
  get replayable(): boolean {
    return this.#replayable
  }

  /** The whole body was handed to the sink. */
  get sent(): boolean {
    return this.#ended || !this.exists
  }

  /** The request announces a body (RFC 9112 section 6.3). */
  get exists(): boolean {
    return this.#stream.head.body !== 'none'
  }

  /** Sends what is kept, then the rest as it comes. */
  sendTo(sink: BodySink): void {
    if (!this.exists) return
    this.#sink = sink
    for (const chunk of this.#kept) this.#write(chunk)
    if (this.#ended) this.#writeEnd()
    else {
      this.#started = true
      this.#stream.resumeBody()
    }
  }

  /** The sink is gone; the body waits for another. */
  detach(): void {
    this.#sink = undefined
    if (this.#started && !this.#ended) this.#stream.pauseBody()
  }

  /** Nobody wants the rest: it is read and dropped, so that the client can finish and read its answer. */
  discard(): void {
    this.#sink = undefined
    this.#kept = []
    this.#replayable = false
    if (!this.#ended && this.exists) this.#stream.discardBody()
  }

  resume(): void {
    if (this.#sink !== undefined && this.#started && !this.#ended) this.#stream.resumeBody()
  }

  onBody(chunk: Buffer): void {
    this.#keep(chunk)
    if (!this.#write(chunk)) this.#stream.pauseBody()
  }

  onBodyEnd(trailers: readonly string[]): void {
    this.#ended = true
    this.#trailers = trailers
    this.#writeEnd()
  }

  #keep(chunk: Buffer): void {
    if (!this.#replayable) return
    this.#keptBytes += chunk.length
    if (this.#keptBytes <= this.#keepBytes) this.#kept.push(chunk)
    else {
      this.#replayable = false
      this.#kept = []
    }
  }

  #write(chunk: Buffer): boolean {
    const sink = this.#sink
    if (sink === undefined) return false
    if (!this.#chunked) return sink.write(chunk)
    sink.write(`${chunk.length.toString(16)}\r\n`)
    sink.write(chunk)
    return sink.write('\r\n')
  }

  #writeEnd(): void {
    if (!this.#chunked) return
    this.#sink?.write(`0\r\n${writeTrailers(this.#trailers)}\r\n`)
  }
}
