// A TLS port in the test's own process, made of the balancer's own parts, with a handler of the test's in place of
// exchanges.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { Certificates } from '../../../src/balancer/client/certificates.ts'
import type { ClientAddress } from '../../../src/balancer/client/client-stream.ts'
import { TlsAcceptor } from '../../../src/balancer/client/tls-acceptor.ts'
import { defaultLimits, type BalancerLimits } from '../../../src/balancer/limits.ts'
import { listen } from '../../support/free-port.ts'
import { selfSigned, type TestCertificate } from './certificate.ts'

export interface CertificateFiles {
  readonly cert: string
  readonly key: string
}

/** Writes certificates to a folder that goes with the test. */
export function certificateFiles(
  t: TestContext,
  ...certificates: readonly TestCertificate[]
): CertificateFiles[] {
  const dir = mkdtempSync(join(tmpdir(), 'drover-tls-'))
  t.after(() => {
    rmSync(dir, { recursive: true })
  })
  return certificates.map(({ cert, key }, index) => {
    const files = { cert: join(dir, `${index}.crt`), key: join(dir, `${index}.key`) }
    writeFileSync(files.cert, cert)
    writeFileSync(files.key, key)
    return files
  })
}

export interface TlsFrontOptions {
  readonly certificates?: Certificates
  readonly limits?: Partial<BalancerLimits>
  /** Stands between accepting and the handshake. */
  readonly before?: (raw: Socket) => Promise<ClientAddress>
  readonly onSecure: (
    socket: TLSSocket,
    protocol: 'h2' | 'http/1.1',
    client: ClientAddress,
    limits: () => BalancerLimits,
  ) => void
}

export interface TlsFront {
  readonly port: number
  readonly acceptor: TlsAcceptor
  /** Raw connections that are open. */
  readonly sockets: ReadonlySet<Socket>
}

export async function startTlsFront(t: TestContext, options: TlsFrontOptions): Promise<TlsFront> {
  const limits = () => ({ ...defaultLimits, ...options.limits })
  const certificates =
    options.certificates ??
    new Certificates({ certificates: certificateFiles(t, selfSigned('localhost', '127.0.0.1')) })
  const acceptor = new TlsAcceptor({
    certificates,
    limits,
    onSecure: ({ socket, protocol, client }) => {
      options.onSecure(socket, protocol, client, limits)
    },
  })
  const sockets = new Set<Socket>()
  // Half-open as the balancer's own listener.
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (raw) => {
    sockets.add(raw)
    raw.on('error', () => undefined).once('close', () => sockets.delete(raw))
    const { remoteAddress = '', remotePort = 0 } = raw
    if (options.before === undefined) acceptor.accept(raw, { remoteAddress, remotePort, encrypted: false })
    else {
      options.before(raw).then(
        (client) => {
          acceptor.accept(raw, client)
        },
        () => raw.destroy(),
      )
    }
  })
  const port = await listen(server)
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { port, acceptor, sockets }
}
