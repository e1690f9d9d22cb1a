// A client's stream that only sends a body, fed by hand; and sinks that take it.
import type {
  ClientAddress,
  ClientListener,
  ClientRequestHead,
  ClientStream,
} from '../../src/balancer/client/client-stream.ts'
import type { BodyOwner, BodySink, ReplayableBody } from '../../src/balancer/exchange/replayable-body.ts'

export class BodyStream implements ClientStream {
  readonly client: ClientAddress = { remoteAddress: '127.0.0.1', remotePort: 1, encrypted: false }
  readonly head: ClientRequestHead
  listener: ClientListener | undefined
  isFlowing = false
  isDiscarded = false
  readonly #queue: Buffer[] = []
  #trailers: readonly string[] | undefined

  constructor(framing: ClientRequestHead['body']) {
    this.head = {
      method: 'PUT',
      target: '/',
      rawHeaders: [],
      version: '1.1',
      body: framing,
      expectsContinue: false,
      upgrade: false,
    }
  }

  /** Tells what the stream sends to the body, as an exchange does. */
  tell(body: ReplayableBody): ReplayableBody {
    this.listener = {
      onBody: (chunk) => {
        body.onBody(chunk)
      },
      onBodyEnd: (trailers) => {
        body.onBodyEnd(trailers)
      },
      onDrain: () => {},
      onLeave: () => {},
    }
    return body
  }

  /** The client sends a chunk; it is told when the stream flows. */
  send(chunk: Buffer | string): void {
    this.#queue.push(Buffer.from(chunk))
    this.#deliver()
  }

  /** A chunk that was on its way when the stream was paused. */
  sendLate(chunk: Buffer | string): void {
    this.listener?.onBody(Buffer.from(chunk))
  }

  finish(trailers: readonly string[] = []): void {
    this.#trailers = trailers
    this.#deliver()
  }

  /** Everything that was sent was told. */
  get isTold(): boolean {
    return this.#queue.length === 0
  }

  resumeBody(): void {
    this.isFlowing = true
    this.#deliver()
  }

  pauseBody(): void {
    this.isFlowing = false
  }

  discardBody(): void {
    this.isDiscarded = true
  }

  #deliver(): void {
    while (this.isFlowing && !this.isDiscarded) {
      const chunk = this.#queue.shift()
      if (chunk === undefined) break
      this.listener?.onBody(chunk)
    }
    if (!this.isFlowing || this.isDiscarded || this.#queue.length > 0 || this.#trailers === undefined) return
    const trailers = this.#trailers
    this.#trailers = undefined
    this.listener?.onBodyEnd(trailers)
  }

  // A body asks for none of these.

  inform(): void {}
  respond(): void {}
  flush(): void {}
  write(): boolean {
    return true
  }
  end(): void {}
  reset(): void {}
  upgrade(): never {
    throw new Error('Cannot upgrade a stream that only sends a body')
  }
}

export class TestSink implements BodySink {
  readonly writes: Buffer[] = []
  /** What `write` answers. */
  isReady = true

  write(chunk: Buffer | string): boolean {
    this.writes.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk)
    return this.isReady
  }

  get bytes(): Buffer {
    return Buffer.concat(this.writes)
  }

  get text(): string {
    return this.bytes.toString('latin1')
  }
}

export class TestOwner implements BodyOwner {
  readonly failures: Error[] = []

  onBodyFailure(cause: Error): void {
    this.failures.push(cause)
  }
}
