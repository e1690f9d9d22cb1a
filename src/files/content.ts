// The bytes of one upload on their way: counted, hashed and limited while they pass, never held.
import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { withDeadline } from '../base/deadline.ts'
import { DroverError } from '../base/errors.ts'

/** What may be put: bytes, text (as UTF-8), or anything that gives bytes bit by bit. */
export type FileBody = string | Uint8Array | Blob | Readable | WebStream | AsyncIterable<Uint8Array>

export interface ContentLimits {
  /** The most bytes it may have. */
  readonly maxBytes: number
  /** How many it has, when that was promised. */
  readonly exactBytes?: number
  /** What its SHA-256 has to be, in hex. */
  readonly sha256: string | undefined
  /** How long no byte may come, in milliseconds. */
  readonly idleTimeoutMs: number
  readonly onProgress?: (bytes: number) => void
  readonly signal?: AbortSignal
}

/**
 * Iterates over the body once. Fails with FILE_TOO_LARGE, FILE_INCOMPLETE (it ended early, stalled or was given up) or
 * FILE_CHECKSUM_WRONG; after its end `size` and `sha256` are those of the whole.
 */
export class Content implements AsyncIterable<Buffer> {
  readonly #source: Readable
  readonly #limits: ContentLimits
  readonly #hash: Hash = createHash('sha256')
  #size = 0
  #sha256 = ''

  /** Throws OPTION_INVALID for a body that is none of these, FILE_INCOMPLETE for a stream that was read before. */
  constructor(body: FileBody, limits: ContentLimits) {
    this.#source = readableOf(body)
    this.#limits = limits
    // Whoever iterates is told; one that fails before must not end the process.
    this.#source.on('error', () => undefined)
  }

  /** Bytes that have passed. */
  get size(): number {
    return this.#size
  }

  /** In hex; empty before the end. */
  get sha256(): string {
    return this.#sha256
  }

  /**
   * Lets go of the source, read or not. A request is read on and what comes is dropped, as node:http does with what
   * nobody reads: to destroy it would take the connection, and the answer with it.
   */
  discard(): void {
    if (this.#source instanceof IncomingMessage) this.#source.resume()
    else this.#source.destroy()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    const { idleTimeoutMs, signal } = this.#limits
    const chunks = this.#source.iterator({ destroyOnReturn: false })
    try {
      for (;;) {
        const chunk = withDeadline(chunks.next(), idleTimeoutMs, stalled)
        const next = await (signal === undefined ? chunk : unlessAborted(chunk, signal))
        if (next.done === true) break
        const bytes = bytesOf(next.value)
        this.#take(bytes)
        yield bytes
      }
      this.#finish()
    } catch (error) {
      throw error instanceof DroverError ? error : incomplete('its source failed', error)
    } finally {
      this.discard()
      // A request does not flow while it is iterated.
      void chunks.return?.().then(
        () => {
          this.discard()
        },
        () => undefined,
      )
    }
  }

  #take(chunk: Buffer): void {
    const { maxBytes, exactBytes = maxBytes, onProgress } = this.#limits
    this.#size += chunk.length
    if (this.#size > Math.min(maxBytes, exactBytes)) throw tooLarge(Math.min(maxBytes, exactBytes))
    this.#hash.update(chunk)
    onProgress?.(this.#size)
  }

  #finish(): void {
    const { exactBytes, sha256 } = this.#limits
    if (exactBytes !== undefined && this.#size < exactBytes) {
      throw incomplete(`it ended after ${this.#size} of ${exactBytes} bytes`)
    }
    this.#sha256 = this.#hash.digest('hex')
    if (sha256 !== undefined && sha256 !== this.#sha256) throw wrongChecksum(sha256, this.#sha256)
  }
}

export function tooLarge(maxBytes: number): DroverError {
  return new DroverError('FILE_TOO_LARGE', `Cannot take the file: it has more than ${maxBytes} bytes`)
}

export function wrongChecksum(wanted: string, got: string): DroverError {
  return new DroverError(
    'FILE_CHECKSUM_WRONG',
    `Cannot take the content: its SHA-256 is ${got}, not ${wanted}`,
  )
}

export function incomplete(what: string, cause?: unknown): DroverError {
  return new DroverError('FILE_INCOMPLETE', `Cannot take the file: ${what}`, { cause })
}

/** No byte came for as long as that may be. */
export function stalled(): DroverError {
  return incomplete('no more of it came')
}

/** Settles as `work` does, or rejects with FILE_INCOMPLETE once the signal aborts. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      reject(incomplete('it was given up', signal.reason))
    }
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    const forget = () => {
      signal.removeEventListener('abort', abort)
    }
    work.then(resolve, reject).finally(forget)
  })
}

function readableOf(body: FileBody): Readable {
  if (wasRead(body)) throw incomplete('its source was read before')
  if (body instanceof Readable) return body
  if (typeof body === 'string') return Readable.from([Buffer.from(body)])
  if (body instanceof Uint8Array) return Readable.from([body])
  if (body instanceof Blob) return Readable.fromWeb(body.stream())
  if (body instanceof ReadableStream) return Readable.fromWeb(body as WebStream)
  if (isIterable(body)) return Readable.from(body)
  const got = body === null ? 'null' : typeof body
  const wanted = 'a text, bytes, a Blob, a stream or what gives bytes when it is iterated'
  throw new DroverError('OPTION_INVALID', `Cannot take the body: wanted ${wanted}, got ${got}`)
}

/** Nothing more comes of it, which must not be taken for an empty file: what parses bodies may have been there first. */
function wasRead(body: FileBody): boolean {
  if (body instanceof Readable) return body.readableEnded
  if (!(body instanceof ReadableStream)) return false
  return body.locked || streams.isDisturbed(body)
}

/** By its type it knows streams of Node only; it takes those of the web too. */
const streams: { isDisturbed(stream: unknown): boolean } = Readable

function isIterable(body: unknown): body is AsyncIterable<Uint8Array> {
  return (
    typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || Symbol.iterator in body)
  )
}

function bytesOf(chunk: unknown): Buffer {
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (typeof chunk === 'string') return Buffer.from(chunk)
  throw new TypeError('a body gives bytes or texts')
}
