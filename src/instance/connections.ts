// Knows every connection of a server and what goes on in it, so that a drain can tell work from idleness.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Server as TlsServer } from 'node:tls'
import type { HttpServer } from './app.ts'

/** What a drain had to end by force. */
export interface CutWork {
  /** Requests whose answer was not complete. */
  readonly requests: number
  /** WebSockets and other upgraded connections. */
  readonly upgraded: number
}

interface Connection {
  /** Requests begun and not finished. */
  active: number
  isUpgraded: boolean
  /** Monotonic time of the last end of a request, or of its beginning. */
  quietSinceMs: number
  /** The answer to the newest request; with pipelining the others come before it. */
  newest: ServerResponse | undefined
}

export class Connections {
  /** Requests begun and not finished. */
  inFlight = 0
  upgraded = 0
  /** Called when a request or a connection has ended. */
  onEnd: () => void = () => undefined
  readonly #open = new Map<Socket, Connection>()
  /** Under TLS: the connections below, of which some are still shaking hands. */
  readonly #below = new Set<Socket>()
  readonly #now: () => number
  #openedMs = Number.NEGATIVE_INFINITY

  /** `now`: a monotonic clock in ms. */
  constructor(server: HttpServer, now: () => number) {
    this.#now = now
    if (server instanceof TlsServer) {
      server.on('connection', (socket: Socket) => this.#watchBelow(socket))
      server.on('secureConnection', (socket: Socket) => this.#watch(socket))
    } else {
      server.on('connection', (socket: Socket) => this.#watch(socket))
    }
  }

  /** Whether none is open and none was opened in the last `settleMs`. */
  isEmptySince(settleMs: number): boolean {
    return this.#open.size === 0 && this.#now() - this.#openedMs >= settleMs
  }

  #watchBelow(socket: Socket): void {
    this.#below.add(socket)
    socket.once('close', () => this.#below.delete(socket))
  }

  #watch(socket: Socket): void {
    this.#openedMs = this.#now()
    const connection = { active: 0, isUpgraded: false, quietSinceMs: this.#openedMs, newest: undefined }
    this.#open.set(socket, connection)
    socket.once('close', () => this.#forget(socket, connection))
  }

  #forget(socket: Socket, connection: Connection): void {
    this.#open.delete(socket)
    this.inFlight -= connection.active
    connection.active = 0
    if (connection.isUpgraded) this.upgraded -= 1
    this.onEnd()
  }

  /** Whether this answer's request was begun already: an app may emit a request again, after `checkContinue`. */
  hasBegun(req: IncomingMessage, res: ServerResponse): boolean {
    return this.#open.get(req.socket)?.newest === res
  }

  begin(req: IncomingMessage, res: ServerResponse): void {
    const connection = this.#open.get(req.socket)
    if (connection === undefined) return
    connection.active += 1
    connection.newest = res
    this.inFlight += 1
    res.on('close', () => this.#finish(connection))
  }

  #finish(connection: Connection): void {
    // The connection was closed before.
    if (connection.active === 0) return
    connection.active -= 1
    this.inFlight -= 1
    connection.quietSinceMs = this.#now()
    if (connection.active === 0) connection.newest = undefined
    this.onEnd()
  }

  upgrade(req: IncomingMessage): void {
    const connection = this.#open.get(req.socket)
    if (connection === undefined || connection.isUpgraded) return
    connection.isUpgraded = true
    this.upgraded += 1
  }

  /**
   * Lets the connection end with this answer. False when it is to end with an earlier one that has begun already: a pipelined
   * request could not be answered any more, so it must not take effect either (RFC 9112 section 9.6).
   */
  endWith(req: IncomingMessage, res: ServerResponse): boolean {
    const earlier = this.#open.get(req.socket)?.newest
    if (earlier?.getHeader('connection') === 'close') {
      if (earlier.headersSent) return false
      earlier.removeHeader('connection')
    }
    res.setHeader('connection', 'close')
    return true
  }

  /** Lets every connection end with the answer that is under way in it. */
  endWithAnswers(): void {
    for (const { newest } of this.#open.values()) {
      if (newest !== undefined && !newest.headersSent) newest.setHeader('connection', 'close')
    }
  }

  /** Closes those that have had no work for `lingerMs`: no request is on its way any more. */
  closeQuiet(lingerMs: number): void {
    const since = this.#now() - lingerMs
    for (const [socket, { active, isUpgraded, quietSinceMs }] of this.#open) {
      if (active === 0 && !isUpgraded && quietSinceMs <= since) socket.destroy()
    }
  }

  /** Closes all, and tells what that has cut. */
  destroy(): CutWork {
    const cut = { requests: this.inFlight, upgraded: this.upgraded }
    for (const socket of [...this.#open.keys(), ...this.#below]) socket.destroy()
    return cut
  }
}
