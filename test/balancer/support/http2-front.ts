// An HTTP/2 port in the test's own process: every request is handed to the test as the balancer's exchange would get it.
import {
  connect,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type OutgoingHttpHeaders,
} from 'node:http2'
import type { TestContext } from 'node:test'
import type { TLSSocket } from 'node:tls'
import type { ClientListener, ClientStream } from '../../../src/balancer/client/client-stream.ts'
import { Http2Connection } from '../../../src/balancer/client/http2-connection.ts'
import type { BalancerLimits } from '../../../src/balancer/limits.ts'
import type { ResponseHead } from '../../../src/balancer/upstream/response-reader.ts'
import { until } from '../../support/until.ts'
import { startTlsFront } from './tls-front.ts'

/** A request, and what was told of it. */
export class ReceivedRequest implements ClientListener {
  readonly stream: ClientStream
  readonly chunks: Buffer[] = []
  trailers: readonly string[] | undefined
  drains = 0
  leaves = 0

  constructor(stream: ClientStream) {
    this.stream = stream
    stream.listener = this
  }

  get body(): string {
    return Buffer.concat(this.chunks).toString('latin1')
  }

  onBody(chunk: Buffer): void {
    this.chunks.push(chunk)
  }

  onBodyEnd(trailers: readonly string[]): void {
    if (this.trailers !== undefined) throw new Error('the end of a body was told twice')
    this.trailers = trailers
  }

  onDrain(): void {
    this.drains++
  }

  onLeave(): void {
    this.leaves++
  }
}

export interface Http2Front {
  readonly port: number
  readonly connections: ReadonlySet<Http2Connection>
  readonly requests: readonly ReceivedRequest[]
  /** Waits for a request, the first if not said otherwise. */
  readonly request: (index?: number) => Promise<ReceivedRequest>
  readonly sweep: (nowMs: number) => void
}

export async function startHttp2Front(
  t: TestContext,
  handle: (request: ReceivedRequest) => void,
  limits: Partial<BalancerLimits> = {},
): Promise<Http2Front> {
  const connections = new Set<Http2Connection>()
  const requests: ReceivedRequest[] = []
  const { port } = await startTlsFront(t, {
    limits,
    onSecure: (socket, _protocol, client, allLimits) => {
      const connection = new Http2Connection(socket, client, {
        limits: allLimits,
        onRefusal: () => undefined,
        onStream: (stream) => {
          const request = new ReceivedRequest(stream)
          requests.push(request)
          handle(request)
        },
        onClose: (closed) => connections.delete(closed),
      })
      connections.add(connection)
    },
  })
  return {
    port,
    connections,
    requests,
    request: (index = 0) => until(`request ${index} comes`, () => requests[index]),
    sweep: (nowMs) => {
      for (const connection of connections) connection.sweep(nowMs)
    },
  }
}

export function responseHead(status: number, ...rawHeaders: readonly string[]): ResponseHead {
  return { status, reason: '', rawHeaders, keepAlive: true }
}

/** Answers `ok`, whatever is asked. */
export function ok({ stream }: ReceivedRequest): void {
  stream.respond(responseHead(200), [])
  stream.write(Buffer.from('ok'))
  stream.end([])
}

/** Leaves the answer to the test. */
export function nothing(): void {
  // The test answers itself.
}

/** `socket`: a connection that is secure already. */
export function connectHttp2(t: TestContext, port: number, socket?: TLSSocket): ClientHttp2Session {
  const session = connect(`https://127.0.0.1:${port}`, {
    rejectUnauthorized: false,
    // Bodies that wait in the client count.
    maxSessionMemory: 100,
    ...(socket === undefined ? {} : { createConnection: () => socket }),
  })
  t.after(() => {
    session.destroy()
  })
  session.on('error', () => undefined)
  return session
}

/** What came of a request: `end` says how. */
export interface Http2Answer {
  readonly status: number
  readonly rawHeaders: readonly string[]
  readonly body: string
  readonly trailers: readonly string[]
  readonly informations: readonly number[]
  /** `whole`, or the error code of the reset. */
  readonly end: 'whole' | number
}

export function ask(
  session: ClientHttp2Session,
  fields: OutgoingHttpHeaders = {},
  body?: string | Buffer,
): Promise<Http2Answer> {
  return readAnswer(session.request(fields, { endStream: body === undefined }).end(body))
}

export function readAnswer(stream: ClientHttp2Stream): Promise<Http2Answer> {
  const chunks: Buffer[] = []
  const informations: number[] = []
  let status = 0
  let rawHeaders: readonly string[] = []
  let trailers: readonly string[] = []
  let isWhole = false
  stream.on('response', (fields, _flags, raw) => {
    status = fields[':status'] ?? 0
    rawHeaders = raw
  })
  stream.on('headers', (fields) => informations.push(fields[':status'] ?? 0))
  stream.on('trailers', (_fields, _flags, raw) => {
    trailers = raw
  })
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  stream.on('end', () => {
    isWhole = true
  })
  stream.on('error', () => undefined)
  return new Promise((resolve) => {
    stream.once('close', () => {
      const body = Buffer.concat(chunks).toString('latin1')
      const end = isWhole ? 'whole' : (stream.rstCode ?? 0)
      resolve({ status, rawHeaders, body, trailers, informations, end })
    })
  })
}
