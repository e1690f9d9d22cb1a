// Files that any instance reads and writes: checks what comes, then asks the backend.
import { parseDuration } from '../base/durations.ts'
import type { Duration } from '../base/durations.ts'
import { DroverError, invalidOption } from '../base/errors.ts'
import type { ByteRange, FileBackend, FilePage, ReadFile, SignedUpload, StoredFile } from './backend.ts'
import { Content, tooLarge } from './content.ts'
import type { FileBody } from './content.ts'
import { contentDisposition, isShownSafely, readContentType, readDisposition } from './content-type.ts'
import { readKey, readPrefix } from './key.ts'
import { bytesOption, countOption } from './options.ts'
import type { FilesSettings } from './options.ts'
import { warn } from '../base/warning.ts'
import { verified } from './verified.ts'

export interface PutOptions {
  /** What the content is. It is kept and given as declared; nobody looks whether it is true. */
  readonly contentType: string
  /** The most bytes this one may have; not more than the files' own limit. */
  readonly maxBytes?: number
  /** How many bytes it has, where that is known: one that ends earlier or later is refused. */
  readonly size?: number
  /** What its SHA-256 has to be, 64 hex digits. */
  readonly sha256?: string
  /** Refuse with FILE_EXISTS when there is a file of this key. */
  readonly ifAbsent?: boolean
  /** Called with the bytes that have come so far, for every piece. */
  readonly onProgress?: (bytes: number) => void
  /** Gives up; nothing is stored then. */
  readonly signal?: AbortSignal
}

export interface GetOptions {
  /** Only these bytes, `{ start, end }`: both count, from 0; without an end, up to the last. Default: all. */
  readonly range?: ByteRange
  /**
   * Fail the body at its end with FILE_CHECKSUM_WRONG when it is not what was stored; for whole files whose SHA-256 is
   * known.
   */
  readonly verify?: boolean
}

export interface ListOptions {
  /** What the keys begin with. Default: all. */
  readonly prefix?: string
  /** The `next` of the page before. */
  readonly after?: string
  /** At most so many, 1 to 1000. Default: 1000. */
  readonly limit?: number
}

export interface DownloadOptions {
  /** How long the URL works, up to 7d. Default: 15m. */
  readonly expiresIn?: Duration
  /** `inline` shows it in the browser, and is refused for types that can run scripts there. Default: attachment. */
  readonly disposition?: 'attachment' | 'inline'
  /** What the browser calls it. Default: the last part of its key. */
  readonly filename?: string
}

export interface SignUploadOptions {
  /** The upload has to say the same. */
  readonly contentType: string
  /** The upload has to have exactly so many bytes: the size of the File that the browser is about to send. */
  readonly size: number
  /** How long the URL works, up to 7d. Default: 15m. It may be used again until then: take a key that nobody has. */
  readonly expiresIn?: Duration
}

const mostListed = 1_000
const sweepIntervalMs = 10 * 60_000
/** What S3 allows. */
const mostExpiryMs = 7 * 86_400_000

export class Files {
  readonly #backend: FileBackend
  readonly #settings: FilesSettings
  #sweptAtMs: number = -Infinity

  /** See `files(url)`. */
  constructor(backend: FileBackend, settings: FilesSettings) {
    this.#backend = backend
    this.#settings = settings
  }

  /** Where files rest, for the handler of signed URLs. */
  get backend(): FileBackend {
    return this.#backend
  }

  get settings(): FilesSettings {
    return this.#settings
  }

  /**
   * Stores a file of any length and resolves to what was stored, when every instance can read it. Replaces the one of
   * this key. One that is refused, cut or given up leaves nothing: FILE_KEY_INVALID, FILE_TYPE_REFUSED, FILE_TOO_LARGE,
   * FILE_INCOMPLETE, FILE_CHECKSUM_WRONG, FILE_EXISTS, FILE_CONDITION_UNSUPPORTED, STORE_UNAVAILABLE.
   */
  async put(key: string, body: FileBody, options: PutOptions): Promise<StoredFile> {
    // JavaScript may leave them out: then it is the content type that is missing.
    const given: Partial<PutOptions> = { ...options }
    const limits = this.#limitsOf(given)
    const content = new Content(body, limits)
    try {
      const { ifAbsent = false } = given
      const contentType = readContentType(given.contentType, this.#settings.accept)
      await this.#backend.write(readKey(key), content, {
        contentType,
        sha256: limits.sha256,
        ifAbsent,
      })
      this.#sweepNowAndThen()
      const { size, sha256 } = content
      return { key, size, contentType, sha256, modifiedAtMs: this.#settings.clock.now() }
    } catch (error) {
      content.discard()
      throw error
    }
  }

  /**
   * Undefined when there is none. Read the body to its end, or destroy it. Rejects with FILE_RANGE_INVALID for a range
   * beyond the end.
   */
  async get(key: string, options: GetOptions = {}): Promise<ReadFile | undefined> {
    const found = await this.#backend.read(readKey(key), readRange(options.range))
    if (found === undefined || options.verify !== true || options.range !== undefined) return found
    return { file: found.file, body: verified(found.body, found.file.sha256) }
  }

  /** Undefined when there is none. */
  async stat(key: string): Promise<StoredFile | undefined> {
    return this.#backend.stat(readKey(key))
  }

  /** A page of files in the order of their keys. */
  async list(options: ListOptions = {}): Promise<FilePage> {
    const { prefix = '', after, limit = mostListed } = options
    if (!Number.isInteger(limit) || limit < 1 || limit > mostListed) {
      throw invalidOption('limit', limit, `a whole number from 1 to ${mostListed}`)
    }
    return this.#backend.list({
      prefix: readPrefix(prefix),
      after: after === undefined ? after : readKey(after),
      limit,
    })
  }

  /** Resolves also when there is none. */
  async delete(key: string): Promise<void> {
    return this.#backend.delete(readKey(key))
  }

  /** Replaces what is at `to`. Rejects with FILE_ABSENT when there is nothing at `from`. */
  async copy(from: string, to: string): Promise<void> {
    const source = readKey(from)
    const target = readKey(to)
    if (source === target) {
      throw new DroverError(
        'FILE_KEY_INVALID',
        `Cannot copy ${JSON.stringify(from)}: wanted two keys, got the same twice`,
      )
    }
    if (await this.#backend.copy(source, target)) return
    throw new DroverError('FILE_ABSENT', `Cannot copy ${JSON.stringify(from)}: there is no such file`)
  }

  /**
   * A URL at which anybody can read the file, until it expires. Undefined when there is none. With `file:` it is a path
   * on this server unless `publicUrl` says otherwise.
   */
  async signDownload(key: string, options: DownloadOptions = {}): Promise<string | undefined> {
    const file = await this.stat(key)
    if (file === undefined) return undefined
    const { filename = key.slice(key.lastIndexOf('/') + 1) } = options
    const disposition = readDisposition(options.disposition ?? 'attachment')
    if (disposition === 'inline' && !isShownSafely(file.contentType)) {
      throw new DroverError('FILE_TYPE_REFUSED', `Cannot show ${file.contentType} inline: it may run scripts`)
    }
    return this.#backend.signDownload(key, {
      expiresAtMs: this.#expiryOf(options.expiresIn),
      contentType: file.contentType,
      disposition: contentDisposition(disposition, filename),
    })
  }

  /** What a client sends to store the file by itself, past the app: `fetch(url, { method, headers, body: file })`. */
  async signUpload(key: string, options: SignUploadOptions): Promise<SignedUpload> {
    const { maxBytes, accept } = this.#settings
    const size = bytesOption('size', options.size)
    if (size > maxBytes) throw tooLarge(maxBytes)
    const contentType = readContentType(options.contentType, accept)
    return this.#backend.signUpload(readKey(key), {
      expiresAtMs: this.#expiryOf(options.expiresIn),
      contentType,
      size,
    })
  }

  /**
   * Removes what cut uploads left behind; resolves to how many. Happens by itself too, at most every ten minutes, as
   * files are put.
   */
  async sweep(): Promise<number> {
    return this.#backend.sweep()
  }

  async close(): Promise<void> {
    return this.#backend.close()
  }

  /** Every instance does it, without knowing of the others: what one has removed, the next does not find. */
  #sweepNowAndThen(): void {
    const nowMs = performance.now()
    if (nowMs - this.#sweptAtMs < sweepIntervalMs) return
    this.#sweptAtMs = nowMs
    this.#backend.sweep().catch(warn)
  }

  #limitsOf(options: Partial<PutOptions>) {
    const { maxBytes: most, idleTimeoutMs } = this.#settings
    const size = options.size === undefined ? undefined : countOption('size', options.size)
    const maxBytes = Math.min(
      most,
      options.maxBytes === undefined ? most : bytesOption('maxBytes', options.maxBytes),
    )
    if (size !== undefined && size > maxBytes) throw tooLarge(maxBytes)
    return {
      maxBytes,
      idleTimeoutMs,
      sha256: readSha256(options.sha256),
      ...(size === undefined ? {} : { exactBytes: size }),
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    }
  }

  #expiryOf(expiresIn: Duration = '15m'): number {
    const durationMs = parseDuration(expiresIn)
    if (durationMs !== undefined && durationMs >= 1_000 && durationMs <= mostExpiryMs) {
      return this.#settings.clock.now() + durationMs
    }
    throw invalidOption('expiresIn', expiresIn, 'a duration from "1s" to "7d"')
  }
}

function readSha256(sha256: string | undefined): string | undefined {
  if (sha256 === undefined || /^[0-9a-f]{64}$/i.test(sha256)) return sha256?.toLowerCase()
  throw invalidOption('sha256', sha256, '64 hex digits')
}

function readRange(range: ByteRange | undefined): ByteRange | undefined {
  if (range === undefined) return undefined
  const { start, end = start } = range
  if (Number.isSafeInteger(start) && start >= 0 && Number.isSafeInteger(end) && end >= start) return range
  throw new DroverError(
    'FILE_RANGE_INVALID',
    `Cannot read bytes ${start} to ${end}: wanted whole numbers in order`,
  )
}
