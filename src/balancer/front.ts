// The side that clients see: Node's own HTTP server, each request becoming an exchange; and how it ends.
import { createServer, ServerResponse, type IncomingMessage, type Server } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { Exchange, type ExchangeContext, type ExchangeKind } from './exchange.ts'

export class Front {
  readonly #context: ExchangeContext
  readonly #server: Server
  #draining = false

  constructor(context: ExchangeContext) {
    this.#context = context
    this.#server = createServer({
      keepAliveTimeout: context.limits.clientIdleMs,
      maxHeaderSize: context.limits.headBytes,
      // Only WebSockets leave HTTP; any other upgrade offer (h2c) is answered as the plain request it also is.
      shouldUpgradeCallback: isWebSocket,
    })
    this.#server.on('request', (request, response) => {
      this.#exchange(request, response, { type: 'plain' })
    })
    this.#server.on('checkContinue', (request, response) => {
      this.#exchange(request, response, { type: 'continue' })
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
        resolve()
      })
    })
  }

  /** The port it accepts on. */
  get port(): number | undefined {
    const address = this.#server.address()
    return typeof address === 'object' && address !== null ? address.port : undefined
  }

  /**
   * Stops accepting, answers what was accepted, closes each connection once it has nothing more to say; after
   * `timeoutMs` cuts the rest and answers how many exchanges that were.
   */
  async drain(timeoutMs: number): Promise<number> {
    this.#draining = true
    for (const exchange of this.#context.active) exchange.closeAfter()
    const closed = new Promise<void>((resolve) => {
      // Not http.Server.close: that closes idle connections at once, also those whose next request is on its way.
      NetServer.prototype.close.call(this.#server, () => {
        resolve()
      })
    })
    let cut = 0
    const linger = setInterval(() => {
      this.#server.closeIdleConnections()
    }, this.#context.limits.lingerMs)
    const deadline = setTimeout(() => {
      cut = this.#context.active.size
      for (const exchange of this.#context.active) exchange.cut()
      this.#server.closeAllConnections()
    }, timeoutMs)
    await closed
    clearInterval(linger)
    clearTimeout(deadline)
    return cut
  }

  #exchange(request: IncomingMessage, response: ServerResponse, kind: ExchangeKind): void {
    if (this.#draining) response.shouldKeepAlive = false
    const coding = request.headers['transfer-encoding']
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
      response.shouldKeepAlive = false
      response
        .writeHead(501, { 'content-type': 'text/plain; charset=utf-8' })
        .end('501 transfer coding not understood\n')
      return
    }
    new Exchange(this.#context, request, response, kind).begin()
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
    socket.on('error', () => {
      socket.destroy()
    })
    // A Node without shouldUpgradeCallback brings every upgrade here.
    this.#exchange(
      request,
      response,
      isWebSocket(request) ? { type: 'upgrade', socket, rest } : { type: 'plain' },
    )
  }
}

function isWebSocket(request: IncomingMessage): boolean {
  return request.headers.upgrade?.toLowerCase() === 'websocket'
}
