// TLS towards clients: takes raw connections and gives secure ones, which speak HTTP/2 or HTTP/1.1 as was agreed.
import type { Socket } from 'node:net'
import {
  createServer,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
} from 'node:tls'
import type { BalancerLimits } from '../limits.ts'
import type { Certificates } from './certificates.ts'
import type { ClientAddress } from './client-stream.ts'

export interface SecureConnection {
  readonly socket: TLSSocket
  readonly protocol: 'h2' | 'http/1.1'
  readonly client: ClientAddress
  /** The connection below: the only one that can be reset. */
  readonly raw: Socket
}

export interface TlsAcceptorOptions {
  readonly certificates: Certificates
  readonly limits: () => BalancerLimits
  /** A handshake is complete. The receiver destroys the socket at its errors from now on: TLS does not do so itself. */
  readonly onSecure: (secure: SecureConnection) => void
}

interface Handshake {
  readonly socket: Socket
  readonly client: ClientAddress
  readonly timer: NodeJS.Timeout
}

export class TlsAcceptor {
  readonly #options: TlsAcceptorOptions
  readonly #server: Server
  #main: SecureContextOptions
  /** By the connection's ends: Node's TLS server does not say on which raw connection a handshake was made. */
  readonly #handshakes = new Map<string, Handshake>()

  constructor(options: TlsAcceptorOptions) {
    this.#options = options
    this.#main = options.certificates.main
    this.#server = createServer({
      ...this.#main,
      ALPNProtocols: ['h2', 'http/1.1'],
      SNICallback: (host, answer: (error: Error | null, context?: SecureContext) => void) => {
        answer(null, options.certificates.contextFor(host))
      },
    })
    this.#server.on('secureConnection', (socket) => {
      this.#finish(socket)
    })
    // No handshake, a plain HTTP request, or nothing at all: such a client is not owed an answer.
    this.#server.on('tlsClientError', (_error, socket) => {
      socket.destroy()
    })
  }

  /** Begins the handshake; what was read ahead and put back into `raw` is part of it. `client.encrypted` becomes true. */
  accept(raw: Socket, client: ClientAddress): void {
    const { certificates, limits } = this.#options
    if (this.#main !== certificates.main) {
      this.#main = certificates.main
      this.#server.setSecureContext(this.#main)
    }
    const key = endsOf(raw)
    // Not the socket's own timeout, which every byte would put off.
    const timer = setTimeout(() => {
      raw.destroy()
    }, limits().handshakeTimeoutMs)
    this.#handshakes.set(key, { socket: raw, client: { ...client, encrypted: true }, timer })
    raw.once('close', () => {
      clearTimeout(timer)
      if (this.#handshakes.get(key)?.socket === raw) this.#handshakes.delete(key)
    })
    raw.on('error', () => {
      raw.destroy()
    })
    // Half a TLS connection is of no use: a client that ends its side is gone, also in the middle of the handshake.
    raw.allowHalfOpen = false
    this.#server.emit('connection', raw)
  }

  /** Handshakes under way. */
  get size(): number {
    return this.#handshakes.size
  }

  /** Ends the handshakes under way. */
  destroy(): void {
    for (const { socket } of this.#handshakes.values()) socket.destroy()
  }

  #finish(socket: TLSSocket): void {
    const key = endsOf(socket)
    const handshake = this.#handshakes.get(key)
    this.#handshakes.delete(key)
    clearTimeout(handshake?.timer)
    // A client that has gone already has no ends any more.
    if (handshake === undefined) {
      socket.destroy()
      return
    }
    const protocol = socket.alpnProtocol === 'h2' ? 'h2' : 'http/1.1'
    this.#options.onSecure({ socket, protocol, client: handshake.client, raw: handshake.socket })
  }
}

/** What no two connections have in common at a time. */
function endsOf({ remoteAddress, remotePort, localAddress, localPort }: Socket): string {
  return `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`
}
