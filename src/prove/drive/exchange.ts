// One request and its answer, on a connection of its own, so that nothing keeps a client with an instance. A redirect is an answer.
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { brotliDecompressSync, inflateSync, unzipSync, zstdDecompressSync } from 'node:zlib'
import { isStreamType } from './event-text.ts'

export interface Outgoing {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer | undefined
}

export interface Incoming {
  /** 0 when no answer came; then `error` says why. */
  readonly status: number
  readonly headers: Readonly<Record<string, readonly string[]>>
  /** Decoded, and cut off at the bound. */
  readonly body: Buffer
  readonly error: string | undefined
}

export interface ExchangeLimits {
  readonly timeoutMs: number
  readonly bodyBytes: number
  /** A stream of events has no end: it is read until it has been silent for so long. */
  readonly streamIdleMs: number
}

export const exchangeLimits: ExchangeLimits = {
  timeoutMs: 15_000,
  bodyBytes: 8 * 2 ** 20,
  streamIdleMs: 400,
}

/** What was read, and how long after the head of the answer. */
export interface Chunk {
  readonly bytes: Buffer
  readonly afterMs: number
}

/** Takes over a stream that goes on, of which `first` was read already. It is closed by destroying it. */
export type Hold = (stream: IncomingMessage, first: readonly Chunk[]) => void

/** Never rejects: what went wrong is an answer with status 0. Without `hold`, a stream that goes on is closed. */
export function exchange(
  origin: string,
  outgoing: Outgoing,
  limits: ExchangeLimits,
  signal: AbortSignal | undefined,
  hold?: Hold,
): Promise<Incoming> {
  return new Promise((resolve) => {
    let isHeld = false
    const settled = (incoming: Incoming): void => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      if (!isHeld) request.destroy()
      resolve(incoming)
    }
    const failed = (error: unknown): void => settled({ ...noAnswer, error: errorName(error) })
    const { hostname, port, protocol } = new URL(origin)
    const send = protocol === 'https:' ? httpsRequest : httpRequest
    const request = send({
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: port === '' ? undefined : port,
      method: outgoing.method,
      path: encodePath(outgoing.path),
      headers: { connection: 'close', ...outgoing.headers },
      agent: false,
      setHost: false,
    })
    const timer = setTimeout(() => failed(new Error('timeout')), limits.timeoutMs)
    const onAbort = (): void => failed(new Error('aborted'))
    signal?.addEventListener('abort', onAbort)
    request.on('error', failed)
    request.on('upgrade', (message, socket) => {
      socket.destroy()
      settled(answered(message, Buffer.alloc(0)))
    })
    const goesOn = (stream: IncomingMessage, first: readonly Chunk[]): void => {
      if (hold === undefined || stream.headers['content-encoding'] !== undefined) return
      isHeld = true
      hold(stream, first)
    }
    request.on('response', (message) => readBody(message, limits, { settled, failed, goesOn }))
    request.end(outgoing.body)
  })
}

const noAnswer: Incoming = { status: 0, headers: {}, body: Buffer.alloc(0), error: undefined }

/** Paths come encoded or not; characters that may not stand in a request line are encoded, and the rest stays as it is. */
function encodePath(path: string): string {
  return path.replaceAll(/[^\u0021-\u007e]/gu, (character) => encodeURIComponent(character))
}

interface Ends {
  readonly settled: (incoming: Incoming) => void
  readonly failed: (error: unknown) => void
  /** Called just before a stream that has not ended is settled. */
  readonly goesOn: Hold
}

function readBody(message: IncomingMessage, limits: ExchangeLimits, { settled, failed, goesOn }: Ends): void {
  const chunks: Chunk[] = []
  const since = performance.now()
  let length = 0
  const isStream = isStreamType(message.headers['content-type'])
  const done = (): void => {
    settled(answered(message, decode(message, Buffer.concat(chunks.map(({ bytes }) => bytes)))))
  }
  const silent = (): void => {
    stop()
    goesOn(message, chunks)
    done()
  }
  // One that is never silent is not waited for longer.
  const latest = isStream ? setTimeout(silent, limits.streamIdleMs * 3) : undefined
  let idle = isStream ? setTimeout(silent, limits.streamIdleMs * 2) : undefined
  const stop = (): void => {
    clearTimeout(idle)
    clearTimeout(latest)
    message.off('data', read)
  }
  const read = (chunk: Buffer): void => {
    const bytes = chunk.subarray(0, limits.bodyBytes - length)
    chunks.push({ bytes, afterMs: performance.now() - since })
    length += chunk.length
    if (length >= limits.bodyBytes) end(done)()
    else if (idle !== undefined) {
      clearTimeout(idle)
      idle = setTimeout(silent, limits.streamIdleMs)
    }
  }
  const end = (then: () => void) => (): void => {
    stop()
    then()
  }
  message.on('data', read)
  message.on('end', end(done))
  message.on('error', (error) => end(() => failed(error))())
  message.on(
    'aborted',
    end(() => failed(new Error('cut off'))),
  )
}

function answered(message: IncomingMessage, body: Buffer): Incoming {
  const headers = Object.fromEntries(
    Object.entries(message.headersDistinct).map(([name, values]) => [name.toLowerCase(), values ?? []]),
  )
  return { status: message.statusCode ?? 0, headers, body, error: undefined }
}

function decode(message: IncomingMessage, bytes: Buffer): Buffer {
  const encoding = message.headers['content-encoding']?.trim().toLowerCase() ?? ''
  try {
    if (encoding === 'br') return brotliDecompressSync(bytes)
    if (encoding === 'gzip' || encoding === 'x-gzip') return unzipSync(bytes)
    if (encoding === 'deflate') return inflateSync(bytes)
    if (encoding === 'zstd') return zstdDecompressSync(bytes)
  } catch {
    // What cannot be decoded, such as a body that was cut off, is compared as it is.
  }
  return bytes
}

/** The same words for the same failure: a message names ports. */
function errorName(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code
  return error instanceof Error ? error.message : String(error)
}
