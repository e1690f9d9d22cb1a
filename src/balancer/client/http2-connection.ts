// A client's HTTP/2 connection (RFC 9113): its requests side by side, each a stream; its bounds; and how it ends.
// Only over TLS, where the protocol is agreed on (ALPN); HTTP/2 in clear text is not spoken. The frames are read by
// nghttp2, which refuses what is malformed and ends floods of PING, SETTINGS, CONTINUATION and empty frames.
import {
  constants,
  performServerHandshake,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { BalancerLimits } from '../limits.ts'
import type { ClientAddress, ClientConnection, ClientRequestHead, ClientStream } from './client-stream.ts'
import { readHttp2Request } from './http2-request.ts'
import { Http2Stream, type Http2Wire } from './http2-stream.ts'
import { RequestFault } from './request-fault.ts'

export interface Http2Options {
  readonly limits: () => BalancerLimits
  readonly onStream: (stream: ClientStream) => void
  /** A request was answered with this status while its head was read. */
  readonly onRefusal: (status: number) => void
  /** The socket is gone. */
  readonly onClose: (connection: Http2Connection) => void
}

/** What a client may send of one body before somebody reads it; together they are bounded by the number of streams. */
const streamWindowBytes = 256 * 1024
/** What may be under way on the whole connection: enough for one fast upload over a long line. */
const connectionWindowBytes = 1024 * 1024
/** Queued by Node and nghttp2 for all streams: at most 128 KB each; beyond it new streams are refused. Megabytes. */
const sessionMemory = 32
/** Frames that are invalid but harmless. */
const invalidFrames = 100
/** Requests given up before their answer (CVE-2023-44487): so many at once, as by who leaves a page, and so many a second. */
const leavesAtOnce = 500
const leavesPerSecond = 50

export class Http2Connection implements ClientConnection, Http2Wire {
  readonly client: ClientAddress
  readonly #options: Http2Options
  readonly #socket: TLSSocket
  readonly #session: ServerHttp2Session
  readonly #streams = new Set<Http2Stream>()
  #draining = false
  #leaves = 0
  /** What it had said when draining last looked. */
  #silentRead = -1
  // What the last sweep saw, and when there was a change, in monotonic milliseconds.
  #seenWritten = -1
  #writtenAtMs = 0
  #quietSinceMs = 0
  #hasServed = false
  #isEnding = false
  #endedAtMs = 0

  constructor(socket: TLSSocket, client: ClientAddress, options: Http2Options) {
    this.client = client
    this.#options = options
    this.#socket = socket
    const limits = options.limits()
    this.#session = performServerHandshake(socket, sessionOptions(limits))
    this.#session.setLocalWindowSize(connectionWindowBytes)
    this.#session.on('error', () => undefined)
    this.#session.on('stream', (stream, headers, flags, rawHeaders) => {
      this.#receive(stream, headers[':method'], flags, rawHeaders)
    })
    // The socket may be half-open; HTTP/2 has no use for that.
    socket.once('end', () => {
      this.destroy()
    })
    socket.once('close', () => {
      options.onClose(this)
    })
  }

  get discardBytes(): number {
    return this.#options.limits().discardBytes
  }

  // ClientConnection

  sweep(nowMs: number): void {
    const limits = this.#options.limits()
    this.#leaves = Math.max(0, this.#leaves - leavesPerSecond)
    if (this.#session.destroyed) {
      this.#hurryEnd(nowMs, limits)
      return
    }
    for (const stream of this.#streams) stream.sweep(nowMs, limits)
    this.#checkTaking(nowMs, limits)
    this.#checkIdle(nowMs, limits)
  }

  /**
   * With answers owed, a GOAWAY tells at once which requests are the last; what comes after them has not been processed
   * (RFC 9113 section 6.8). Without, a request may be on its way: it is served, and is the last.
   */
  drain(): void {
    this.#draining = true
    if (this.#streams.size > 0) this.#closeAfter()
  }

  lookForSilence(): boolean {
    const { bytesRead } = this.#socket
    const silent = this.#streams.size === 0 && bytesRead === this.#silentRead
    this.#silentRead = bytesRead
    return silent
  }

  isIdle(): boolean {
    return this.#streams.size === 0
  }

  /** Cuts the answers that are owed, so that none is taken for whole, and ends the connection. */
  destroy(): void {
    this.#end(this.#streams.size === 0 ? constants.NGHTTP2_NO_ERROR : constants.NGHTTP2_INTERNAL_ERROR)
  }

  // Http2Wire

  noteLeave(): void {
    this.#leaves++
    if (this.#leaves > leavesAtOnce) this.#end(constants.NGHTTP2_ENHANCE_YOUR_CALM)
  }

  #closeAfter(): void {
    this.#session.close()
  }

  #receive(
    stream: ServerHttp2Stream,
    method: string | undefined,
    flags: number,
    rawHeaders: readonly string[],
  ): void {
    // First of all: also a stream that ended together with its beginning may fail, and would take the process along.
    stream.on('error', () => undefined)
    if (stream.destroyed) {
      this.noteLeave()
      return
    }
    this.#hasServed = true
    const hasEnded = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0
    const head = readHead(rawHeaders, hasEnded, this.#options.limits())
    if (head instanceof RequestFault) {
      this.#options.onRefusal(head.status)
      this.#open(stream, unreadable(method, hasEnded)).refuse(head.status, head.message)
    } else this.#options.onStream(this.#open(stream, head))
    if (this.#draining) this.#closeAfter()
  }

  #open(stream: ServerHttp2Stream, head: ClientRequestHead): Http2Stream {
    const opened = new Http2Stream(this, stream, head)
    this.#streams.add(opened)
    stream.once('close', () => this.#streams.delete(opened))
    return opened
  }

  #checkTaking(nowMs: number, limits: BalancerLimits): void {
    const { bytesWritten } = this.#socket
    let owes = false
    for (const stream of this.#streams) owes ||= stream.owedBytes > 0
    if (bytesWritten !== this.#seenWritten || !owes) this.#writtenAtMs = nowMs
    this.#seenWritten = bytesWritten
    if (nowMs - this.#writtenAtMs >= limits.stallMs) this.#end(constants.NGHTTP2_INTERNAL_ERROR)
  }

  /** Without a request for so long; that a client pings, or is in the middle of a head, does not count. */
  #checkIdle(nowMs: number, limits: BalancerLimits): void {
    if (this.#streams.size > 0 || this.#quietSinceMs === 0) this.#quietSinceMs = nowMs
    const patienceMs = this.#hasServed ? limits.clientIdleMs : limits.requestHeadTimeoutMs
    if (nowMs - this.#quietSinceMs >= patienceMs) this.#closeAfter()
  }

  /** RST_STREAM for every answer that is owed, then a GOAWAY with `code`. */
  #end(code: number): void {
    if (this.#isEnding || this.#session.destroyed) return
    this.#isEnding = true
    // A turn later each time: not while the frames that led here are being read; and Node would drop what it has not
    // written when it ends the session, so that a stream that was not reset would seem to end in order.
    setImmediate(() => {
      for (const stream of this.#streams) stream.cut('the connection was cut')
      setImmediate(() => {
        if (code === constants.NGHTTP2_NO_ERROR) this.#session.destroy()
        else this.#session.destroy(new Error('the connection was cut'), code)
      })
    })
    // Node waits until everything is written, which a client that takes nothing would never let happen.
    const timer = setTimeout(() => {
      this.#socket.destroy()
    }, this.#options.limits().lingerMs)
    this.#socket.once('close', () => {
      clearTimeout(timer)
    })
  }

  /** All is said and closed on our side; a client that does not close its own is not waited for. */
  #hurryEnd(nowMs: number, limits: BalancerLimits): void {
    if (this.#endedAtMs === 0) this.#endedAtMs = nowMs
    else if (nowMs - this.#endedAtMs >= limits.lingerMs) this.#socket.destroy()
  }
}

function sessionOptions(limits: BalancerLimits): Parameters<typeof performServerHandshake>[1] {
  return {
    // Twice what is accepted, so that a request somewhat too large is told why (431), not just reset.
    maxHeaderListPairs: 2 * limits.headFields,
    settings: {
      maxConcurrentStreams: limits.http2Streams,
      maxHeaderListSize: 2 * limits.headBytes,
      initialWindowSize: streamWindowBytes,
    },
    maxSendHeaderBlockLength: 2 * limits.headBytes,
    maxSessionMemory: sessionMemory,
    maxSessionInvalidFrames: invalidFrames,
    // An app may say a field twice that should come once; that is between it and its client.
    strictSingleValueFields: false,
  }
}

function readHead(
  rawHeaders: readonly string[],
  hasEnded: boolean,
  limits: BalancerLimits,
): ClientRequestHead | RequestFault {
  try {
    return readHttp2Request(rawHeaders, hasEnded, limits)
  } catch (error) {
    if (error instanceof RequestFault) return error
    throw error
  }
}

/** In place of a head that is refused. */
function unreadable(method: string | undefined, hasEnded: boolean): ClientRequestHead {
  return {
    method: method ?? 'GET',
    target: '',
    rawHeaders: [],
    version: '2',
    body: hasEnded ? 'none' : 'chunked',
    expectsContinue: false,
    upgrade: false,
  }
}
