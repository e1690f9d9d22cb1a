// The pages for operators and their programs: /metrics, /status and /healthz, on a port of their own, read only.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { isIP, type AddressInfo } from 'node:net'
import type { AdminAddress } from '../config/options.ts'
import type { FleetCommands } from '../control/commands.ts'
import { failureAnswer } from '../control/routes.ts'
import type { FleetSnapshot } from '../control/snapshot.ts'
import { listenError } from './bound-handle.ts'
import { clientUrl } from './fleet-snapshot.ts'

const maxConnections = 64
const requestTimeoutMs = 5_000
const prometheusType = 'text/plain; version=0.0.4; charset=utf-8'

export type AdminPages = Pick<FleetCommands, 'snapshot' | 'metrics'>

export interface AdminServer {
  /** Such as http://127.0.0.1:9090. */
  readonly url: string
  /** Ends it with every connection it has. */
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly type?: string
  readonly body: string
}

/** Listens; port 0 takes a free one. Rejects with PORT_TAKEN or OPTION_INVALID. */
export async function openAdminServer({ host, port }: AdminAddress, pages: AdminPages): Promise<AdminServer> {
  const isLocal = isLoopback(host)
  const server = createServer({ requestTimeout: requestTimeoutMs }, (request, response) => {
    const asked = isLocal && !isLocalName(request.headers.host) ? foreignHost() : answerOf(request, pages)
    void asked.catch(failed).then((answer) => {
      send(request, response, answer)
    })
  })
  server.maxConnections = maxConnections
  const address = await listen(server, host, port)
  return {
    url: clientUrl(host, address.port),
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

function listen(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(listenError(host, port, 'code' in error ? String(error.code) : error.message))
    })
    server.listen(port, host, () => {
      // A connection that cannot be accepted must not end the fleet.
      server.removeAllListeners('error').on('error', (error) => {
        process.emitWarning(error)
      })
      const address = server.address()
      if (address !== null && typeof address === 'object') resolve(address)
    })
  })
}

async function answerOf(request: IncomingMessage, pages: AdminPages): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return { status: 405, body: 'only GET and HEAD\n' }
  switch (request.url?.split('?', 1)[0]) {
    case '/metrics':
      return { status: 200, type: prometheusType, body: await pages.metrics() }
    case '/status':
      return { status: 200, type: 'application/json', body: `${JSON.stringify(pages.snapshot())}\n` }
    case '/healthz':
      return health(pages.snapshot())
    default:
      return { status: 404, body: 'there are /metrics, /status and /healthz\n' }
  }
}

/** 200 while requests are answered: the fleet is not stopping, and an instance and a balancer are there for them. */
function health({ state, instances, balancers }: FleetSnapshot): Answer {
  const ready = instances.filter((instance) => instance.state === 'ready').length
  const serves = state !== 'stopping' && ready > 0 && balancers.some((one) => one.state === 'serving')
  return { status: serves ? 200 : 503, body: `${state}, ${ready} of ${instances.length} ready\n` }
}

function failed(error: unknown): Answer {
  const { status, body } = failureAnswer(error)
  return { status, type: 'application/json', body: JSON.stringify(body) }
}

function foreignHost(): Promise<Answer> {
  return Promise.resolve({ status: 421, body: 'this server answers to localhost only\n' })
}

function send(request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  // A body that nobody reads would be taken for the next request's.
  request.resume()
  response.writeHead(status, {
    'content-type': type ?? 'text/plain; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
  })
  response.end(request.method === 'HEAD' ? undefined : body)
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

/**
 * Whether the Host field names this machine as such. A page of another site whose name was made to lead to 127.0.0.1
 * (DNS rebinding) would otherwise be let in by the browser that shows it.
 */
function isLocalName(field: string | undefined): boolean {
  const name = (field ?? '').replace(/:\d*$/, '').replaceAll(/[[\]]/g, '')
  return name === 'localhost' || isIP(name) !== 0
}
