// A balancer that wishes the app ill: no client's request goes where its last one went. The user's own tests run against it, unchanged.
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { pipeline } from 'node:stream'
import type { Recording } from './recording.ts'

export interface AdversaryOptions {
  /** Where the instances answer, by their numbers from 1. */
  readonly origins: readonly string[]
  /** In [0, 1): decides among the instances that a client may be sent to. */
  readonly random: () => number
  /** Hears of every exchange, so that it can be played again. */
  readonly recording?: Recording
}

export interface Adversary {
  /** Such as http://127.0.0.1:4411: what the tests are to use as the app's address. */
  readonly origin: string
  /** Requests that were sent on. */
  readonly requests: number
  close(): Promise<void>
}

/** A client is who shows the same cookies and credentials; clients beyond this many are forgotten, the oldest first (R7). */
const mostClients = 10_000

export async function openAdversary({ origins, random, recording }: AdversaryOptions): Promise<Adversary> {
  const route = new Route(origins, random)
  let requests = 0
  const server = createServer((request, response) => {
    requests += 1
    forward(route.next(request), request, response, recording)
  })
  server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    requests += 1
    tunnel(route.next(request), request, socket, head)
  })
  // A test that opens a page and thinks for minutes is no attack.
  server.requestTimeout = 0
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : undefined
  return {
    origin: `http://127.0.0.1:${port ?? 0}`,
    get requests() {
      return requests
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve()
        })
        server.closeAllConnections()
      }),
  }
}

class Route {
  readonly #origins: readonly string[]
  readonly #random: () => number
  /** The instance of each client's last request, the longest unseen client first. */
  readonly #last = new Map<string, number>()
  #lastOfAll = -1

  constructor(origins: readonly string[], random: () => number) {
    this.#origins = origins
    this.#random = random
  }

  next({ headers }: IncomingMessage): URL {
    const client = `${headers.cookie ?? ''}\n${headers.authorization ?? ''}`
    const avoided = this.#last.get(client) ?? this.#lastOfAll
    const others = this.#origins.map((_, index) => index).filter((index) => index !== avoided)
    const chosen = others[Math.floor(this.#random() * others.length)] ?? 0
    this.#last.delete(client)
    this.#last.set(client, chosen)
    this.#lastOfAll = chosen
    if (this.#last.size > mostClients) this.#last.delete(this.#last.keys().next().value ?? '')
    return new URL(this.#origins[chosen] ?? '')
  }
}

function forward(
  { hostname, port }: URL,
  request: IncomingMessage,
  response: ServerResponse,
  recording: Recording | undefined,
): void {
  const { method, url, rawHeaders } = request
  const exchange = recording?.begin(request)
  const outgoing = send({
    hostname,
    port,
    method,
    path: url,
    headers: plainHeaders(rawHeaders),
    agent: false,
  })
  outgoing.once('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, answer.rawHeaders)
    exchange?.answered(answer)
    pipeline(answer, response, () => undefined)
  })
  outgoing.once('error', (error) => {
    if (response.headersSent) response.destroy()
    else response.writeHead(502, { 'content-type': 'text/plain' }).end(`no answer: ${error.message}\n`)
  })
  pipeline(request, outgoing, () => undefined)
}

/** Pairs as they came, but for what makes a body unreadable to whoever records it. */
function plainHeaders(raw: readonly string[]): readonly string[] {
  const isDropped = (index: number) => raw[index - (index % 2)]?.toLowerCase() === 'accept-encoding'
  return raw.filter((_, index) => !isDropped(index))
}

function tunnel({ hostname, port }: URL, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const upstream = connect(Number(port), hostname, () => {
    const { method, url, rawHeaders } = request
    const fields = Array.from({ length: rawHeaders.length / 2 }, (_, index) => {
      return `${rawHeaders[2 * index]}: ${rawHeaders[2 * index + 1]}\r\n`
    })
    upstream.write(`${method} ${url} HTTP/1.1\r\n${fields.join('')}\r\n`)
    upstream.write(head)
    pipeline(socket, upstream, socket, () => undefined)
  })
  upstream.once('error', () => socket.destroy())
  socket.once('error', () => upstream.destroy())
}
