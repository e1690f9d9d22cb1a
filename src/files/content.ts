// The bytes of one upload on their way: counted, hashed and limited while they pass, never held.
import { createHash } from 'node:crypto'
import type { Hash } from 'node:crypto'
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

  /** Lets go of the source, read or not. */
  discard(): void {
    this.#source.destroy()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer, void, undefined> {
    const stop = this.#stopWithSignal()
    const chunks = this.#source[Symbol.asyncIterator]()
    try {
      for (;;) {
        const next = await withDeadline(chunks.next(), this.#limits.idleTimeoutMs, stalled)
        if (next.done === true) break
        const chunk = bytesOf(next.value)
        this.#take(chunk)
        yield chunk
      }
      this.#finish()
    } catch (error) {
      throw error instanceof DroverError ? error : incomplete('its source failed', error)
    } finally {
      stop()
      this.#source.destroy()
    }
  }

  #stopWithSignal(): () => void {
    const { signal } = this.#limits
    const abort = () => {
      this.#source.destroy(incomplete('it was given up', signal?.reason))
    }
    if (signal?.aborted === true) abort()
    signal?.addEventListener('abort', abort, { once: true })
    return () => signal?.removeEventListener('abort', abort)
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

function readableOf(body: FileBody): Readable {
  if (body instanceof Readable) return body
  if (typeof body === 'string') return Readable.from([Buffer.from(body)])
  if (body instanceof Uint8Array) return Readable.from([body])
  if (body instanceof Blob) return Readable.fromWeb(body.stream())
  if (body instanceof ReadableStream) return Readable.fromWeb(body as WebStream)
  return Readable.from(body)
}

function bytesOf(chunk: unknown): Buffer {
  if (chunk instanceof Uint8Array) return Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
  if (typeof chunk === 'string') return Buffer.from(chunk)
  throw new TypeError('a body gives bytes or texts')
}
