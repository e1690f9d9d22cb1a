// One request of a client and the way back to it, however it came: HTTP/1.1 and HTTP/2 each implement it. The exchange
// knows no other side of a client.
import type { Socket } from 'node:net'
import type { ResponseHead } from '../upstream/response-reader.ts'

/** Who is at the other end of a connection. */
export interface ClientAddress {
  /** As the socket or, where that is read, the PROXY protocol tells it. */
  readonly remoteAddress: string
  readonly remotePort: number
  readonly encrypted: boolean
}

export interface ClientRequestHead {
  /** One of node:http's METHODS, never CONNECT. */
  readonly method: string
  /** In origin form, in absolute form, or `*`; printable ASCII. */
  readonly target: string
  /**
   * Name, value, name, value … as received, in latin1. A request of HTTP/2 has Host in place of :authority, its cookie
   * crumbs joined to one field (RFC 9113 section 8.2.3), and no pseudo fields.
   */
  readonly rawHeaders: readonly string[]
  readonly version: '1.0' | '1.1' | '2'
  /** How its body is delimited on the way to an instance; a body of HTTP/2 without a length goes in chunks. */
  readonly body: 'none' | 'length' | 'chunked'
  /** The client waits for a 100 before it sends its body. */
  readonly expectsContinue: boolean
  /** The client asks for a WebSocket (RFC 6455 section 4.1). */
  readonly upgrade: boolean
}

/** Who handles a request. After onLeave nothing more is told. */
export interface ClientListener {
  onBody(chunk: Buffer): void
  /** The body is complete. Never called for `body: 'none'`. */
  onBodyEnd(trailers: readonly string[]): void
  /** The client takes bytes again after `write` answered false. */
  onDrain(): void
  /** The client is gone before its answer was complete; called at most once, and not after `end` or `reset`. */
  onLeave(): void
}

/** The order of calls: inform …, respond, write …, end; or upgrade; or reset at any moment. */
export interface ClientStream {
  readonly head: ClientRequestHead
  readonly client: ClientAddress
  /** Set once, before anything is told. */
  listener: ClientListener | undefined
  /** Begins or goes on to read the body; until its first call no byte of it is told. May tell bytes before it returns. */
  resumeBody(): void
  pauseBody(): void
  /** Nobody wants the rest of the body: it is read and dropped within bounds, so that the client can read its answer. */
  discardBody(): void
  /** Passes a 1xx on, unless the client would not understand it. Not 101. */
  inform(head: ResponseHead): void
  /**
   * Sends the head: the fields of one hop are dropped, the body is framed as this protocol does it. It may wait for the
   * first byte of the body; `flush` sends it alone. `extraFields`: name, value, … of our own.
   */
  respond(head: ResponseHead, extraFields: readonly string[]): void
  flush(): void
  /** False when the sender should pause until onDrain. */
  write(chunk: Buffer): boolean
  end(trailers: readonly string[]): void
  /** Cuts the stream so that what the client has is not taken for the whole: RST of the connection, or RST_STREAM. */
  reset(): void
  /** Sends the 101 and gives the raw socket away, with what the client had sent beyond its request. */
  upgrade(
    head: ResponseHead,
    extraFields: readonly string[],
  ): { readonly socket: Socket; readonly rest: Buffer }
}

/** A connection as the front keeps it, HTTP/1.1 or HTTP/2. */
export interface ClientConnection {
  /** Called every second with the monotonic time: ends what is too slow, stalled or idle too long. */
  sweep(nowMs: number): void
  /** Accepts no further request beyond those already here; closes when the last of them is answered. */
  drain(): void
  /** Owes no answer and has said nothing since the last call. */
  lookForSilence(): boolean
  /** Owes no answer and is not in the middle of a request. */
  isIdle(): boolean
  destroy(): void
}
