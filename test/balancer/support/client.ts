// Clients: one that speaks raw bytes and sees exactly what comes back and how it ends, and one short call for the rest.
import { once } from 'node:events'
import {
  request as startRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestOptions,
} from 'node:http'
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { until } from '../../support/until.ts'

export interface RawClient {
  readonly socket: Socket
  readonly send: (text: string) => void
  /** Everything received so far, in latin1. */
  readonly received: () => string
  /** Waits until `text` was received; fails when the connection ends before. */
  readonly sees: (text: string) => Promise<unknown>
  /** Waits for the end of the connection: `closed` in order, or `reset`. */
  readonly ends: () => Promise<'closed' | 'reset'>
}

export async function connectRaw(t: TestContext, port: number): Promise<RawClient> {
  const socket = connect({ host: '127.0.0.1', port, noDelay: true })
  t.after(() => socket.destroy())
  let text = ''
  let end: 'closed' | 'reset' | undefined
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk
  })
  // A reset that comes after an orderly end is too late: what came before looks whole.
  socket.once('end', () => {
    end ??= 'closed'
  })
  socket.on('error', () => {
    end ??= 'reset'
  })
  socket.once('close', () => {
    end ??= 'closed'
  })
  await once(socket, 'connect')
  return {
    socket,
    send: (bytes) => socket.write(bytes, 'latin1'),
    received: () => text,
    sees: (wanted) =>
      until(`the client sees ${JSON.stringify(wanted)}`, () => {
        if (text.includes(wanted)) return true
        if (end !== undefined)
          throw new Error(`the connection was ${end} before ${JSON.stringify(wanted)}; it said ${text}`)
        return false
      }),
    ends: () => until('the connection ends', () => end),
  }
}

/** Says one byte after another, for as long as the connection is there. */
export function trickle(t: TestContext, { socket }: RawClient, byte: string, everyMs: number): void {
  const timer = setInterval(() => socket.write(byte), everyMs)
  t.after(() => {
    clearInterval(timer)
  })
  socket.once('close', () => {
    clearInterval(timer)
  })
}

/**
 * Resolves when the balancer has looked at its connections: each time one that says nothing is let go at its second look,
 * where `requestHeadTimeoutMs` is small.
 */
export async function looked(t: TestContext, port: number, times = 1): Promise<void> {
  for (let time = 0; time < times; time++) await (await connectRaw(t, port)).ends()
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  readonly text: string
  readonly trailers: NodeJS.Dict<string>
  /** The instance that answered. */
  readonly instance: string | undefined
}

export interface CallOptions extends Omit<RequestOptions, 'headers'> {
  readonly headers?: OutgoingHttpHeaders
}

/** One request on a connection of its own unless an agent is named. Rejects when the answer is cut. */
export async function call(
  port: number,
  path: string,
  options: CallOptions = {},
  body?: Buffer | string,
): Promise<Answer> {
  const { headers = {}, ...rest } = options
  const hasLength = body !== undefined && body.length > 0 && headers['transfer-encoding'] === undefined
  const framed = hasLength ? { 'content-length': Buffer.byteLength(body), ...headers } : headers
  const request = startRequest({ host: '127.0.0.1', port, path, agent: false, headers: framed, ...rest })
  const responded = new Promise<IncomingMessage>((resolve, reject) => {
    request.on('error', reject)
    request.once('response', resolve)
  })
  request.end(body)
  return readAnswer(await responded)
}

export async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  for await (const chunk of response) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  const whole = Buffer.concat(chunks)
  const instance = response.headers['x-drover-instance']
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    body: whole,
    text: whole.toString('utf8'),
    trailers: response.trailers,
    instance: typeof instance === 'string' ? instance : undefined,
  }
}
