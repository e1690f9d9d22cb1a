// The side that clients see: Node's own HTTP server, each request becoming an exchange; and how it ends.
import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ClientConnections } from './client-connections.ts'
import { Exchange, type ExchangeContext, type ExchangeKind } from '../exchange/exchange.ts'
import { Pipeline } from './pipeline.ts'
import { faultOf } from './request-fault.ts'

export class Front {
  readonly #context: ExchangeContext
  readonly #server: Server
  readonly #pipeline: Pipeline
  readonly #connections: ClientConnections
  #draining = false

  constructor(context: ExchangeContext) {
    const { limits } = context
    this.#context = context
    this.#pipeline = new Pipeline(128)
    this.#connections = new ClientConnections(limits.stallMs, context.now)
    this.#server = createServer({
      keepAliveTimeout: limits.clientIdleMs,
      headersTimeout: limits.requestHeadTimeoutMs,
      requestTimeout: limits.requestTimeoutMs,
      maxHeaderSize: limits.headBytes,
      // Only WebSockets leave HTTP; any other upgrade offer (h2c) is answered as the plain request it also is.
      shouldUpgradeCallback: isWebSocket,
    })
    // Node would drop the fields beyond its count without a word; faultOf refuses such a request instead.
    this.#server.maxHeadersCount = 0
    this.#server.on('connection', (socket) => {
      this.#connections.add(socket)
    })
    this.#server.on('request', (request, response) => {
      this.#receive(request, response, { type: 'plain' })
    })
    this.#server.on('checkContinue', (request, response) => {
      this.#receive(request, response, { type: 'continue' })
    })
    this.#server.on('upgrade', (request, socket: Socket, rest) => {
      this.#upgrade(request, socket, rest)
    })
  }

  /** Accepts on a handle that the primary bound and keeps. Rejects when it cannot. */
  listen(handle: object): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject)
      this.#server.listen(handle, () => {
        this.#server.off('error', reject)
        // A connection that cannot be accepted, for want of file descriptors say, must not end those that were.
        this.#server.on('error', (error) => {
          process.emitWarning(error)
        })
        resolve()
      })
    })
  }

  /** The port it accepts on. */
  get port(): number | undefined {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : undefined
  }

  /** Called every second. */
  sweep(): void {
    this.#connections.sweep()
  }

  /**
   * Stops accepting, answers what was accepted, closes each connection once it has nothing more to say; after
   * `timeoutMs` cuts the rest and answers how many exchanges that were.
   */
  async drain(timeoutMs: number): Promise<number> {
    this.#draining = true
    for (const exchange of this.#context.active) this.#closeAfter(exchange)
    this.#silent()
    // Connections that are complete in the system's queue are accepted first: closing would reset them.
    await nextTurn()
    const closed = this.#stopAccepting()
    let cut = 0
    const linger = setInterval(() => {
      for (const socket of this.#silent()) socket.destroy()
    }, this.#context.limits.lingerMs)
    const deadline = setTimeout(() => {
      cut = this.#context.active.size
      for (const exchange of this.#context.active) exchange.cut()
      this.#connections.destroyAll()
    }, timeoutMs)
    await closed
    clearInterval(linger)
    clearTimeout(deadline)
    // Nothing is left to close but Node's own timer.
    this.#server.close()
    return cut
  }

  /** Resolves when every connection is closed. */
  #stopAccepting(): Promise<void> {
    return new Promise((resolve) => {
      // Not http.Server.close: that closes idle connections at once, also those whose next request is on its way.
      NetServer.prototype.close.call(this.#server, () => {
        resolve()
      })
    })
  }

  /** Connections that owe no answer and have said nothing since the last call. */
  #silent(): Socket[] {
    const busy = new Set(Array.from(this.#context.active, ({ socket }) => socket))
    return this.#connections.lookForSilent((socket) => busy.has(socket) || this.#pipeline.isFollowed(socket))
  }

  #receive(request: IncomingMessage, response: ServerResponse, kind: ExchangeKind): void {
    this.#pipeline.enter(request, response, () => {
      const fault = faultOf(request.rawHeaders, this.#context.limits.headFields)
      const exchange = new Exchange(this.#context, request, response, kind)
      if (this.#draining) this.#closeAfter(exchange)
      if (fault === undefined) {
        exchange.begin()
        return
      }
      // What follows on this connection cannot be told from what belongs to the faulty request.
      exchange.closeAfter()
      exchange.refuse(fault.status, fault.why)
    })
  }

  /** The last response on its connection says so; not one that others follow, whose clients would wait in vain. */
  #closeAfter(exchange: Exchange): void {
    if (!this.#pipeline.isFollowed(exchange.socket)) exchange.closeAfter()
  }

  /** An instance may answer an upgrade with an ordinary response, so it begins as an exchange like any other. */
  #upgrade(request: IncomingMessage, socket: Socket, rest: Buffer): void {
    const response = new ServerResponse(request)
    response.shouldKeepAlive = false
    response.assignSocket(socket)
    response.once('finish', () => {
      response.detachSocket(socket)
      socket.destroySoon()
    })
    // Node has let go of the socket; what it does for a response on its own is done here.
    socket.on('drain', () => response.emit('drain'))
    socket.on('error', () => {
      socket.destroy()
    })
    socket.once('end', () => {
      if (response.socket === socket) socket.destroy()
    })
    // A Node without shouldUpgradeCallback brings every upgrade here.
    this.#receive(
      request,
      response,
      isWebSocket(request) ? { type: 'upgrade', socket, rest } : { type: 'plain' },
    )
  }
}

/** A request with a body is not a WebSocket's (RFC 6455 section 4.1); where its body ends only HTTP can say. */
function isWebSocket(request: IncomingMessage): boolean {
  const { headers } = request
  return (
    headers.upgrade?.toLowerCase() === 'websocket' &&
    request.method === 'GET' &&
    headers['transfer-encoding'] === undefined &&
    (headers['content-length'] ?? '0') === '0'
  )
}
