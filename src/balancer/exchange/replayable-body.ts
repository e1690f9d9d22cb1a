// A request's body on its way to an instance: streamed, and kept, in memory while small and then on disk, so that it can be
// sent again to another.
import type { ClientStream } from '../client/client-stream.ts'
import type { BalancerLimits } from '../limits.ts'
import { writeTrailers } from '../upstream/request-head.ts'
import { joinChunks, type BodySpool, type SpoolListener, type SpoolSpace } from './body-spool.ts'
import type { BodyKind } from './retry.ts'

export interface BodySink {
  /** False when the sink wants a pause; it calls `ReplayableBody.resume` later. */
  write(chunk: Buffer | string): boolean
}

export interface BodyOwner {
  /**
   * What was kept cannot be read back, so the attempt that it is sent to will never have all of it: that attempt is to be
   * abandoned, and the body is lost. Not called for a sink that is detached.
   */
  onBodyFailure(cause: Error): void
}

export type BodyLimits = Pick<BalancerLimits, 'replayBytes' | 'spoolBytes' | 'spoolTotalBytes'>

/** A chunk up to this size is framed in one buffer, which Node takes from its pool; a larger one is not copied. */
const joinedBytes = 4_000
/** So many kept chunks become one: a body that comes byte by byte must not cost a buffer for each. */
const maxKeptChunks = 64

/**
 * The copy is a log that only grows. A new sink is sent the log from its beginning and becomes live at its end; a chunk that
 * comes before that is part of the log, in its order. A body whose copy outgrows the limits while its sink is live is lost.
 */
export class ReplayableBody implements SpoolListener {
  readonly #stream: ClientStream
  readonly #limits: BodyLimits
  readonly #space: SpoolSpace
  readonly #owner: BodyOwner
  readonly #chunked: boolean
  #kept: Buffer[] | undefined
  #keptBytes = 0
  #spool: BodySpool | undefined
  #isLost = false
  #started = false
  #ended = false
  #sent = false
  #trailers: readonly string[] = []
  #sink: BodySink | undefined
  /** The sink is still being sent what is on disk. */
  #replaying = false
  #sinkIsFull = false
  #diskIsFull = false
  /** Wakes the replay when the sink takes bytes again or is gone. */
  #wake: (() => void) | undefined

  constructor(stream: ClientStream, limits: BodyLimits, space: SpoolSpace, owner: BodyOwner) {
    this.#stream = stream
    this.#limits = limits
    this.#space = space
    this.#owner = owner
    this.#chunked = stream.head.body === 'chunked'
  }

  /** The request announces a body (RFC 9112 section 6.3). */
  get exists(): boolean {
    return this.#stream.head.body !== 'none'
  }

  get kind(): BodyKind {
    if (!this.exists) return 'none'
    return this.#isLost ? 'lost' : 'replayable'
  }

  /** Every byte read so far can be sent again. */
  get replayable(): boolean {
    return !this.#isLost
  }

  /** The whole body was handed to the last sink. */
  get sent(): boolean {
    return this.#sent || !this.exists
  }

  /** It is the client that the rest is waited for from, not the instance and not the disk. */
  get waitsForClient(): boolean {
    return this.#started && !this.#ended && !this.#replaying && !this.#sinkIsFull && !this.#diskIsFull
  }

  /** Sends what is kept, then the rest as it comes. Not for a body that is lost. */
  sendTo(sink: BodySink): void {
    if (!this.exists) return
    if (this.#isLost) {
      this.#owner.onBodyFailure(new Error('the body is no longer at hand'))
      return
    }
    this.#sink = sink
    this.#sent = false
    this.#sinkIsFull = false
    if (this.#spool !== undefined) {
      this.#replaying = true
      void this.#replay(sink, this.#spool)
      return
    }
    if (this.#kept !== undefined) {
      for (const chunk of this.#kept) this.#sinkIsFull = !this.#write(sink, chunk)
    }
    this.#goLive(sink)
  }

  /** The sink is gone; the body waits for another. */
  detach(): void {
    this.#sink = undefined
    this.#replaying = false
    this.#wakeReplay()
    if (this.#started && !this.#ended) this.#stream.pauseBody()
  }

  /** The sink takes bytes again. */
  resume(): void {
    this.#sinkIsFull = false
    this.#wakeReplay()
    this.#flow()
  }

  /** The request will not be sent again, since the client has bytes of its answer: the copy goes, what comes still streams. */
  forget(): void {
    if (this.#mayLose) this.#lose()
  }

  /** Nobody wants the rest: it is read and dropped, so that the client can finish and read its answer. */
  discard(): void {
    this.close()
    if (!this.#ended && this.exists) this.#stream.discardBody()
  }

  /** Forgets the copy and deletes its file. Called when the exchange is over, by `discard`. */
  close(): void {
    this.#sink = undefined
    this.#replaying = false
    this.#wakeReplay()
    this.#lose()
  }

  // From the client's stream

  onBody(chunk: Buffer): void {
    // An empty chunk would read as the last one.
    if (chunk.length === 0) return
    if (!this.#isLost) this.#keep(chunk)
    const sink = this.#sink
    if (sink !== undefined && !this.#replaying && !this.#write(sink, chunk)) this.#sinkIsFull = true
    if (this.#sinkIsFull || this.#diskIsFull) this.#stream.pauseBody()
  }

  onBodyEnd(trailers: readonly string[]): void {
    this.#ended = true
    this.#trailers = trailers
    if (this.#sink !== undefined && !this.#replaying) this.#writeEnd(this.#sink)
  }

  // From the spool

  onSpoolRoom(): void {
    this.#diskIsFull = false
    this.#flow()
  }

  /** The attempt under way is not disturbed, unless it is still being sent what is on disk: `#replay` learns of that. */
  onSpoolFailure(): void {
    this.#lose()
    this.#flow()
  }

  #keep(chunk: Buffer): void {
    if (this.#spool !== undefined) {
      if (this.#mayLose && !this.#spool.fits(chunk.length)) this.#lose()
      else if (!this.#spool.append(chunk)) this.#diskIsFull = true
      return
    }
    this.#kept ??= []
    if (this.#kept.length === maxKeptChunks) this.#kept = [joinChunks(this.#kept)]
    this.#kept.push(chunk)
    this.#keptBytes += chunk.length
    if (this.#keptBytes > this.#limits.replayBytes) this.#moveToDisk(this.#kept)
  }

  #moveToDisk(kept: readonly Buffer[]): void {
    const spool = this.#space.spool(this.#keptBytes, this.#limits, this)
    if (spool === undefined) {
      if (this.#mayLose) this.#lose()
      return
    }
    this.#spool = spool
    this.#kept = undefined
    for (const chunk of kept) if (!spool.append(chunk)) this.#diskIsFull = true
  }

  /**
   * Only a live sink has all that was kept. Before that the little that a paused client still sends is kept beyond the
   * limits.
   */
  get #mayLose(): boolean {
    return this.#sink !== undefined && !this.#replaying
  }

  #lose(): void {
    this.#isLost = true
    this.#diskIsFull = false
    this.#kept = undefined
    this.#spool?.close()
    this.#spool = undefined
  }

  /** Sends what is on disk at the pace of the sink. */
  async #replay(sink: BodySink, spool: BodySpool): Promise<void> {
    let position = 0
    try {
      while (this.#sink === sink && position < spool.length) {
        const piece = await spool.read(position)
        if (this.#sink !== sink) return
        position += piece.length
        if (!this.#write(sink, piece)) await this.#drained()
      }
    } catch (error) {
      if (this.#sink === sink) this.#failReplay(error instanceof Error ? error : new Error(String(error)))
      return
    }
    if (this.#sink !== sink) return
    this.#replaying = false
    this.#goLive(sink)
  }

  #failReplay(cause: Error): void {
    this.#sink = undefined
    this.#replaying = false
    this.#lose()
    this.#owner.onBodyFailure(cause)
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
    })
  }

  #wakeReplay(): void {
    this.#wake?.()
    this.#wake = undefined
  }

  #goLive(sink: BodySink): void {
    if (this.#ended) {
      this.#writeEnd(sink)
      return
    }
    this.#started = true
    this.#flow()
  }

  /** Lets the client send on when nobody minds. */
  #flow(): void {
    const isLive = this.#sink !== undefined && !this.#replaying
    if (isLive && !this.#ended && !this.#sinkIsFull && !this.#diskIsFull) this.#stream.resumeBody()
  }

  /** Counted bodies go as they are, others in chunks of their own (RFC 9112 section 7.1). */
  #write(sink: BodySink, chunk: Buffer): boolean {
    if (!this.#chunked) return sink.write(chunk)
    const size = `${chunk.length.toString(16)}\r\n`
    if (chunk.length <= joinedBytes) return sink.write(frame(size, chunk))
    sink.write(size)
    sink.write(chunk)
    return sink.write('\r\n')
  }

  #writeEnd(sink: BodySink): void {
    this.#sent = true
    if (this.#chunked) sink.write(`0\r\n${writeTrailers(this.#trailers)}\r\n`)
  }
}

function frame(size: string, chunk: Buffer): Buffer {
  const framed = Buffer.allocUnsafe(size.length + chunk.length + 2)
  framed.write(size, 'latin1')
  chunk.copy(framed, size.length)
  framed.write('\r\n', size.length + chunk.length, 'latin1')
  return framed
}
