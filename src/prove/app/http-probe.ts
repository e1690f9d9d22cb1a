// Whether a port speaks HTTP, found out without asking the app anything: each question that reaches it may change what it counts, stores
// or limits. A malformed request is answered by the HTTP server alone (400, RFC 9112 section 3).
import type { Socket } from 'node:net'
import { connect } from 'node:net'
import { connect as connectTls } from 'node:tls'

export type Scheme = 'http' | 'https'

/** One unanswered question must not keep others from being asked. */
const attemptTimeoutMs = 2_000
const malformed = 'GET / HTTP/9.x\r\n\r\n'
const answers = /HTTP\/[0-9]|<html|<!doctype|bad request/i

/** Undefined: nobody there, or no HTTP. A certificate is not checked. */
export async function detectScheme(host: string, port: number): Promise<Scheme | undefined> {
  const plain = await ask(connect({ host, port }), 'connect', port)
  if (plain === undefined) return undefined
  if (answers.test(plain)) return 'http'
  const socket = connectTls({ host, port, rejectUnauthorized: false, servername: 'localhost' })
  const secret = await ask(socket, 'secureConnect', port)
  if (secret !== undefined && answers.test(secret)) return 'https'
  return (await asksWell('http', host, port)) ? 'http' : undefined
}

/** For servers that close the connection without a word when a request is malformed: a real one. */
async function asksWell(scheme: Scheme, host: string, port: number): Promise<boolean> {
  return (
    (await askPath(`${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`, '/', undefined)) !==
    undefined
  )
}

/** The status that GET of `path` answers; undefined when none came. `signal` undefined: within 2 s. */
export async function askPath(
  origin: string,
  path: string,
  signal: AbortSignal | undefined,
): Promise<number | undefined> {
  const { get } = origin.startsWith('https:') ? await import('node:https') : await import('node:http')
  return new Promise((resolve) => {
    const request = get(`${origin}${path}`, {
      agent: false,
      timeout: attemptTimeoutMs,
      rejectUnauthorized: false,
      headers: { connection: 'close', 'user-agent': 'drover-readiness' },
      ...(signal === undefined ? {} : { signal }),
    })
    request.once('response', (response) => {
      response.on('error', () => undefined)
      response.resume()
      resolve(response.statusCode)
    })
    request.once('timeout', () => request.destroy())
    request.on('error', () => {
      resolve(undefined)
    })
    request.once('close', () => {
      resolve(undefined)
    })
  })
}

/** What came back first, '' when the other side closed without a word; undefined when there is no other side. */
function ask(
  socket: Socket,
  connected: 'connect' | 'secureConnect',
  port: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    let isConnected = false
    const settle = (answer: string | undefined) => {
      socket.destroy()
      resolve(answer)
    }
    socket.setTimeout(attemptTimeoutMs, () => {
      settle(isConnected ? '' : undefined)
    })
    socket.once(connected, () => {
      // With nobody listening, a connection can meet itself (RFC 9293 section 3.5).
      if (socket.localPort === port) {
        settle(undefined)
        return
      }
      isConnected = true
      socket.write(malformed)
    })
    socket.once('data', (chunk: Buffer) => {
      settle(chunk.toString('latin1'))
    })
    socket.on('error', () => {
      settle(isConnected ? '' : undefined)
    })
    socket.once('close', () => {
      settle(isConnected ? '' : undefined)
    })
  })
}
