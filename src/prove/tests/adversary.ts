// A balancer that wishes the app ill: no client's request goes where its last one went. The user's own tests run against it, unchanged.
import { createServer, request as sendPlain, type IncomingMessage, type ServerResponse } from 'node:http'
import { request as sendSecured } from 'node:https'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream'
import { connect as connectSecured } from 'node:tls'
import { Addresses } from './addresses.ts'
import { Clients } from './clients.ts'
import type { Gate } from './gate.ts'
import type { RecordedExchange, Recording } from './recording.ts'
import { isWriting, Routing } from './routing.ts'

export interface AdversaryOptions {
  /** Where the instances answer, by their numbers from 1. */
  readonly origins: readonly string[]
  /** Further ports by which instances may name themselves. */
  readonly ports?: readonly number[]
  /** Decides among the instances that a client may be sent to. */
  readonly seed: number
  /** Where it listens, if that port is free; else on any. */
  readonly port?: number
  /** The host that instances are asked for; undefined: the one that the tests ask for. */
  readonly site?: string | undefined
  /** Hears of every exchange, so that it can be played again. */
  readonly recording?: Recording
  /** What happens between requests. */
  readonly gate?: Gate
  /** Told of each request, before it is sent on. */
  readonly onRequest?: () => void
}

export interface Adversary {
  /** Such as http://127.0.0.1:4411: what the tests are to use as the app's address. */
  readonly origin: string
  readonly port: number
  /** Requests that came. */
  readonly requests: number
  close(): Promise<void>
}

/** Above this, or where its length is not said beforehand, an answer goes through as it comes. */
const mostRewrittenBytes = 2 * 2 ** 20

export async function openAdversary(options: AdversaryOptions): Promise<Adversary> {
  const { origins, ports = [], site } = options
  let balancer: Balancer | undefined
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    options.onRequest?.()
    void balancer?.serve(request, response)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    requests += 1
    options.onRequest?.()
    void balancer?.tunnel(request, socket, head)
  })
  // A test that opens a page and thinks for minutes is no attack, and its connection shall be there when it goes on.
  server.requestTimeout = 0
  server.keepAliveTimeout = 0
  const port = await listenOn(server, options.port ?? 0)
  const origin = `http://127.0.0.1:${port}`
  balancer = new Balancer(options, new Addresses(origin, origins, ports, site))
  return {
    origin,
    port,
    get requests() {
      return requests
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        balancer?.close()
        server.closeAllConnections()
      }),
  }
}

async function listenOn(server: ReturnType<typeof createServer>, port: number): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, '127.0.0.1', resolve)
    })
  } catch (error) {
    if (port === 0 || !(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    return listenOn(server, 0)
  }
  const address = server.address()
  return typeof address === 'object' ? (address?.port ?? 0) : 0
}

class Balancer {
  readonly #options: AdversaryOptions
  readonly #addresses: Addresses
  readonly #clients = new Clients()
  readonly #routing: Routing
  readonly #tunnels = new Set<Duplex>()

  constructor(options: AdversaryOptions, addresses: Addresses) {
    this.#options = options
    this.#addresses = addresses
    this.#routing = new Routing(options.origins.length, options.seed)
  }

  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { gate, recording } = this.#options
    await gate?.enter()
    // It may have gone while it waited.
    if (response.closed) {
      gate?.leave(false)
      return
    }
    let hasWritten = isWriting(request.method ?? 'GET')
    response.once('close', () => gate?.leave(hasWritten))
    const client = this.#clients.of(request.headers)
    const instance = this.#instanceFor(request, client)
    const exchange = recording?.begin(request, instance, client)
    const outgoing = this.#send(request, instance)
    outgoing.once('response', (answer) => {
      const setCookies = answer.headers['set-cookie'] ?? []
      const owner = this.#clients.answered(client, setCookies)
      this.#routing.rename(client, owner)
      hasWritten ||= setCookies.length > 0
      exchange?.answered(answer, owner)
      this.#passOn(answer, response, request.method === 'HEAD')
    })
    outgoing.once('error', (error) => {
      fail(response, error, exchange)
    })
    response.once('close', () => outgoing.destroy())
    request.pipe(outgoing)
  }

  async tunnel(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const { gate } = this.#options
    socket.once('error', () => undefined)
    await gate?.enter()
    if (socket.closed) {
      gate?.leave(false)
      return
    }
    socket.once('close', () => {
      gate?.leave(true)
      this.#tunnels.delete(socket)
    })
    this.#tunnels.add(socket)
    const url = this.#urlOf(this.#instanceFor(request, this.#clients.of(request.headers)))
    const upstream = open(url, () => {
      upstream.write(this.#headText(request))
      upstream.write(head)
      pipeline(socket, upstream, socket, () => undefined)
    })
    upstream.once('error', () => socket.destroy())
    socket.once('close', () => upstream.destroy())
  }

  close(): void {
    for (const socket of this.#tunnels) socket.destroy()
  }

  #instanceFor({ method = 'GET', url = '/' }: IncomingMessage, client: string): number {
    return this.#routing.next({ client, method, path: url })
  }

  #urlOf(instance: number): URL {
    return new URL(this.#options.origins[instance - 1] ?? '')
  }

  #send(request: IncomingMessage, instance: number): ReturnType<typeof sendPlain> {
    const { hostname, port, protocol } = this.#urlOf(instance)
    const send = protocol === 'https:' ? sendSecured : sendPlain
    const { method, url, rawHeaders } = request
    return send({
      hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
      port,
      method,
      path: url,
      headers: this.#addresses.forInstance(rawHeaders),
      agent: false,
    })
  }

  #passOn(answer: IncomingMessage, response: ServerResponse, isHead: boolean): void {
    const { statusCode = 502, statusMessage } = answer
    const headers = this.#addresses.forTests(answer.rawHeaders)
    if (isHead || !isWholeText(answer)) {
      response.writeHead(statusCode, statusMessage, headers)
      pipeline(answer, response, () => undefined)
      return
    }
    const chunks: Buffer[] = []
    answer.on('data', (chunk: Buffer) => chunks.push(chunk))
    answer.once('error', () => response.destroy())
    answer.once('end', () => {
      const body = Buffer.from(this.#addresses.asOwn(Buffer.concat(chunks).toString('latin1')), 'latin1')
      response.writeHead(statusCode, statusMessage, withLength(headers, body.length)).end(body)
    })
  }

  #headText({ method, url, rawHeaders }: IncomingMessage): string {
    const { site } = this.#options
    const lines = Array.from({ length: rawHeaders.length / 2 }, (_, index) => {
      const name = rawHeaders[2 * index] ?? ''
      const value = site !== undefined && /^host$/i.test(name) ? site : rawHeaders[2 * index + 1]
      return `${name}: ${value}\r\n`
    })
    return `${method} ${url} HTTP/1.1\r\n${lines.join('')}\r\n`
  }
}

function open({ hostname, port, protocol }: URL, onOpen: () => void): Socket {
  const host = hostname.replace(/^\[(.*)\]$/, '$1')
  if (protocol === 'https:')
    return connectSecured({ host, port: Number(port || 443), servername: host }, onOpen)
  return connect({ host, port: Number(port || 80) }, onOpen)
}

function fail(response: ServerResponse, error: Error, exchange: RecordedExchange | undefined): void {
  if (response.headersSent || response.destroyed) {
    response.destroy()
    return
  }
  exchange?.failed()
  response.writeHead(502, { 'content-type': 'text/plain' }).end(`no answer: ${error.message}\n`)
}

/** Text that comes in one piece, in which the app may name itself. */
function isWholeText({ headers, statusCode }: IncomingMessage): boolean {
  const length = Number(headers['content-length'] ?? Number.NaN)
  if (!(length > 0 && length <= mostRewrittenBytes) || statusCode === 304) return false
  if (headers['content-encoding'] !== undefined) return false
  return /json|text\/(?:html|plain|xml)|xhtml/i.test(headers['content-type'] ?? '')
}

function withLength(headers: readonly string[], length: number): string[] {
  return headers.map((value, index) => {
    return index % 2 === 1 && /^content-length$/i.test(headers[index - 1] ?? '') ? String(length) : value
  })
}
