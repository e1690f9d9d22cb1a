// The side that clients see: accepts connections, reads who they are, and hands their requests on as streams; and how it
// ends.
import { createServer, type Server, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { BalancerLimits } from '../limits.ts'
import type { BalancerOptions } from '../messages.ts'
import type { ClientConnection, ClientStream } from './client-stream.ts'
import { errorResponse } from './error-response.ts'
import { Entrance } from './entrance.ts'
import { Http1Connection } from './http1-connection.ts'
import { Http2Connection } from './http2-connection.ts'

/** So many connections may wait while a worker is busy or being replaced; the system may allow fewer. */
const backlog = 4_096
/** How many of the oldest connections are asked for one that is idle. */
const maxLooks = 64

export interface FrontOptions {
  readonly limits: () => BalancerLimits
  readonly onStream: (stream: ClientStream) => void
  readonly notice: (text: string) => void
  /** Connections that became WebSockets and are somebody else's now. */
  readonly tunnels: () => number
  /** A request, or a connection, was refused with this status. */
  readonly onRefusal: (status: number) => void
}

export class Front {
  readonly #options: FrontOptions
  readonly #server: Server
  readonly #connections = new Set<ClientConnection>()
  readonly #entrance: Entrance
  #draining = false

  constructor(options: FrontOptions) {
    this.#options = options
    this.#entrance = new Entrance({
      limits: options.limits,
      onHttp1: (socket, client, reset) => {
        this.#add(new Http1Connection(socket, client, { ...this.#connectionOptions, reset }))
      },
      onHttp2: (socket, client) => {
        this.#add(new Http2Connection(socket, client, this.#connectionOptions))
      },
    })
    // Half-open, so that a connection is ended by us in order and not by the client's end alone.
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#accept(socket)
    })
  }

  /** Accepts on a handle that the primary bound and keeps. Rejects when it cannot. */
  listen(handle: object, balancer: BalancerOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#entrance.configure(balancer)
      this.#server.once('error', reject)
      this.#server.listen(handle, backlog, () => {
        this.#server.off('error', reject)
        // A connection that cannot be accepted, for want of file descriptors say, must not end those that were.
        this.#server.on('error', (error) => {
          process.emitWarning(error)
        })
        resolve()
      })
    })
  }

  /** From the next connection on. */
  configure(balancer: BalancerOptions): void {
    try {
      this.#entrance.configure(balancer)
    } catch (error) {
      this.#options.notice(error instanceof Error ? error.message : String(error))
    }
  }

  /** The port it accepts on. */
  get port(): number | undefined {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : undefined
  }

  get connections(): number {
    return this.#connections.size + this.#entrance.size + this.#options.tunnels()
  }

  /** Called every second with the monotonic time. */
  sweep(nowMs: number): void {
    for (const connection of this.#connections) connection.sweep(nowMs)
    const notice = this.#entrance.checkForChange()
    if (notice !== undefined) this.#options.notice(notice)
  }

  /**
   * Stops accepting and closes each connection once it has nothing more to say. Resolves when all are closed, which
   * `cut` can hasten.
   */
  async drain(): Promise<void> {
    this.#draining = true
    for (const connection of this.#connections) connection.drain()
    this.#lookForSilent()
    this.#entrance.endSilent()
    // Connections that are complete in the system's queue are accepted first: closing would reset them.
    await nextTurn()
    const closed = this.#stopAccepting()
    const linger = setInterval(() => {
      for (const connection of this.#lookForSilent()) connection.destroy()
      this.#entrance.endSilent()
    }, this.#options.limits().lingerMs)
    await closed
    clearInterval(linger)
  }

  /** Ends every connection now. */
  cut(): void {
    for (const connection of this.#connections) connection.destroy()
    this.#entrance.destroy()
  }

  /** Resolves when every connection is closed. */
  #stopAccepting(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => {
        resolve()
      })
    })
  }

  /** Those that owe no answer and have said nothing since the last call. */
  #lookForSilent(): ClientConnection[] {
    return [...this.#connections].filter((connection) => connection.lookForSilence())
  }

  #accept(socket: Socket): void {
    if (!this.#hasRoom()) {
      this.#options.onRefusal(503)
      socket.on('error', () => undefined)
      socket.end(errorResponse(503, 'too many connections'), 'latin1')
      socket.destroySoon()
      return
    }
    this.#entrance.accept(socket)
  }

  #add(connection: ClientConnection): void {
    this.#connections.add(connection)
    if (this.#draining) connection.drain()
  }

  get #connectionOptions() {
    return {
      limits: this.#options.limits,
      onStream: this.#options.onStream,
      onRefusal: this.#options.onRefusal,
      onClose: (closed: ClientConnection) => this.#connections.delete(closed),
    }
  }

  /** At the limit an idle connection makes room: its client can open another, a newcomer has none. */
  #hasRoom(): boolean {
    if (this.connections < this.#options.limits().clientConnections) return true
    let looks = 0
    for (const connection of this.#connections) {
      this.#connections.delete(connection)
      if (connection.isIdle()) {
        connection.destroy()
        return true
      }
      // To the end: the next newcomer looks at others.
      this.#connections.add(connection)
      if (++looks === maxLooks) break
    }
    return false
  }
}
