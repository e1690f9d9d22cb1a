// The way from a raw connection to one that speaks HTTP: what a proxy before us says of its client, then TLS, as the
// options have it.
import type { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { BalancerLimits } from '../limits.ts'
import type { BalancerOptions } from '../messages.ts'
import { Certificates } from './certificates.ts'
import type { ClientAddress } from './client-stream.ts'
import { readProxyHeader } from './proxy-protocol.ts'
import { TlsAcceptor } from './tls-acceptor.ts'

export interface EntranceOptions {
  readonly limits: () => BalancerLimits
  /** `reset` cuts an HTTP/1.1 connection so that what the client has is not taken for whole, over TLS too. */
  readonly onHttp1: (socket: Socket, client: ClientAddress, reset: () => void) => void
  readonly onHttp2: (socket: TLSSocket, client: ClientAddress) => void
}

export class Entrance {
  readonly #options: EntranceOptions
  /** Those on their way, and what they had said at the last look. */
  readonly #entering = new Map<Socket, number>()
  #readsProxyHeader = false
  #certificates: Certificates | undefined
  #acceptor: TlsAcceptor | undefined

  /** Until `configure` is called, plain HTTP/1.1 without PROXY headers. */
  constructor(options: EntranceOptions) {
    this.#options = options
  }

  /**
   * From the next connection on. Throws DroverError OPTION_INVALID for certificates that cannot be used; nothing changes
   * then.
   */
  configure({ tls, proxyProtocol = false }: Pick<BalancerOptions, 'tls' | 'proxyProtocol'>): void {
    if (tls === undefined) {
      this.#certificates = undefined
      this.#acceptor = undefined
    } else if (this.#certificates === undefined) {
      this.#certificates = new Certificates(tls)
      this.#acceptor = this.#createAcceptor(this.#certificates)
    } else this.#certificates.replace(tls)
    this.#readsProxyHeader = proxyProtocol
  }

  /** Connections on their way. */
  get size(): number {
    return this.#entering.size
  }

  accept(raw: Socket): void {
    const { remoteAddress = 'unknown', remotePort = 0 } = raw
    const client = { remoteAddress, remotePort, encrypted: false }
    if (!this.#readsProxyHeader && this.#acceptor === undefined) {
      this.#finishPlain(raw, client)
      return
    }
    this.#entering.set(raw, -1)
    raw.once('close', () => this.#entering.delete(raw))
    raw.on('error', () => {
      raw.destroy()
    })
    if (this.#readsProxyHeader) this.#readClient(raw, client)
    else this.#secure(raw, client)
  }

  /** Called every second. Answers what an operator should know of renewed certificates, if anything. */
  checkForChange(): string | undefined {
    return this.#certificates?.checkForChange()
  }

  /** Ends those on their way that have said nothing since the last call. */
  endSilent(): void {
    for (const [raw, bytesRead] of this.#entering) {
      if (raw.bytesRead === bytesRead) raw.destroy()
      else this.#entering.set(raw, raw.bytesRead)
    }
  }

  /** Ends those on their way. */
  destroy(): void {
    for (const raw of this.#entering.keys()) raw.destroy()
  }

  #createAcceptor(certificates: Certificates): TlsAcceptor {
    return new TlsAcceptor({
      certificates,
      limits: this.#options.limits,
      onSecure: ({ socket, protocol, client, raw }) => {
        this.#entering.delete(raw)
        if (protocol === 'h2') this.#options.onHttp2(socket, client)
        else this.#options.onHttp1(socket, client, () => raw.resetAndDestroy())
      },
    })
  }

  #readClient(raw: Socket, proxy: ClientAddress): void {
    readProxyHeader(raw, this.#options.limits().handshakeTimeoutMs).then(
      (source) => {
        const client =
          source === 'local' ? proxy : { ...source, encrypted: source.encrypted ?? proxy.encrypted }
        if (!raw.destroyed) this.#secure(raw, client)
      },
      // Whoever does not say who it is, in a place where everybody does, is not owed an answer.
      () => raw.destroy(),
    )
  }

  #secure(raw: Socket, client: ClientAddress): void {
    if (this.#acceptor !== undefined) {
      this.#acceptor.accept(raw, client)
      return
    }
    this.#entering.delete(raw)
    this.#finishPlain(raw, client)
  }

  #finishPlain(raw: Socket, client: ClientAddress): void {
    this.#options.onHttp1(raw, client, () => raw.resetAndDestroy())
  }
}
