// Reads a form of type multipart/form-data and stores its files while they arrive: nothing waits in memory or on a local
// disk.
import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { Busboy } from '@fastify/busboy'
import type { BusboyInstance } from '@fastify/busboy'
import { withDeadline } from '../../base/deadline.ts'
import { DroverError } from '../../base/errors.ts'
import type { StoredFile } from '../backend.ts'
import { stalled } from '../content.ts'
import { readContentType } from '../content-type.ts'
import type { Files } from '../files.ts'
import { dropRest } from '../rest.ts'
import type { IncomingFile, UploadLimits, UploadRouteOptions } from './options.ts'

/** A file of the form, stored. */
export interface UploadedFile extends StoredFile {
  readonly field: string
  /** The client's word. */
  readonly filename: string
}

export interface Uploads {
  readonly files: readonly UploadedFile[]
  /** The other fields; of several of one name, the last. */
  readonly fields: Readonly<Record<string, string>>
}

export interface FormSource {
  readonly header: (name: string) => string | undefined
  readonly body: AsyncIterable<Uint8Array>
}

export interface FormTarget<Request> {
  readonly files: Files
  readonly limits: UploadLimits
  readonly options: UploadRouteOptions<Request>
  readonly request: Request
}

/**
 * Resolves when all files are stored. Rejects with UPLOAD_INVALID for what is no such form or has too many parts, and
 * with what a put rejects with; then no file of the form is left.
 */
export async function receiveForm<Request>(
  source: FormSource,
  target: FormTarget<Request>,
): Promise<Uploads> {
  const chunks = source.body[Symbol.asyncIterator]()
  try {
    return await received(new Form(source, target), chunks)
  } catch (error) {
    // Who is still sending is to hear the answer.
    await dropRest(chunks)
    throw error instanceof DroverError ? error : notAForm(error)
  }
}

async function received<Request>(form: Form<Request>, chunks: AsyncIterator<Uint8Array>): Promise<Uploads> {
  try {
    await form.receive(chunks)
    return await form.uploads()
  } catch (error) {
    await form.undo()
    throw error
  }
}

class Form<Request> {
  readonly #source: FormSource
  readonly #target: FormTarget<Request>
  readonly #parser: BusboyInstance
  readonly #givenUp: AbortController = new AbortController()
  readonly #fields: Record<string, string> = Object.create(null)
  readonly #puts: Promise<UploadedFile>[] = []
  readonly #failed: Promise<never>
  #fail: (error: unknown) => void = () => undefined

  constructor(source: FormSource, target: FormTarget<Request>) {
    this.#source = source
    this.#target = target
    this.#failed = new Promise((_resolve, reject) => {
      this.#fail = reject
    })
    this.#failed.catch(() => undefined)
    this.#parser = openParser(source, target.limits)
    this.#listen()
  }

  async receive(chunks: AsyncIterator<Uint8Array>): Promise<void> {
    const finished = once(this.#parser, 'finish')
    finished.catch(() => undefined)
    const feeding = this.#feed(chunks)
    feeding.catch(() => undefined)
    await Promise.race([feeding, this.#failed])
    await Promise.race([finished, this.#failed])
    await Promise.race([Promise.all(this.#puts), this.#failed])
  }

  async uploads(): Promise<Uploads> {
    return { files: await Promise.all(this.#puts), fields: { ...this.#fields } }
  }

  /** Ends what still runs, and deletes what was stored. */
  async undo(): Promise<void> {
    this.#givenUp.abort()
    const settled = await Promise.allSettled(this.#puts)
    const { files } = this.#target
    const stored = settled.flatMap((put) => (put.status === 'fulfilled' ? [put.value.key] : []))
    await Promise.allSettled(stored.map((key) => files.delete(key)))
  }

  #listen(): void {
    const { maxFieldBytes, maxFields, maxFiles } = this.#target.limits
    this.#parser
      .on('file', (field, stream, filename, _encoding, contentType) => {
        // Browsers send an empty part for a file field in which nothing was chosen.
        if (filename === '') stream.resume()
        else this.#puts.push(this.#store({ field, filename, contentType }, stream))
      })
      .on('field', (name, value, _nameTruncated, isTruncated) => {
        if (isTruncated) this.#fail(invalid(`a field has more than ${maxFieldBytes} bytes`, 'FILE_TOO_LARGE'))
        this.#fields[name] = value
      })
      .on('filesLimit', () => {
        this.#fail(invalid(`it has more than ${maxFiles} files`))
      })
      .on('fieldsLimit', () => {
        this.#fail(invalid(`it has more than ${maxFields} fields`))
      })
      .on('error', (error) => {
        this.#fail(notAForm(error))
      })
  }

  async #store(file: IncomingFile, stream: Readable): Promise<UploadedFile> {
    const { files, limits, options, request } = this.#target
    const requestBytes = Number(this.#source.header('content-length') ?? Number.NaN)
    // It may be cut before anybody reads it.
    stream.on('error', () => undefined)
    try {
      const contentType = readContentType(file.contentType, limits.accept)
      const key = await options.key(file, request)
      const stored = await files.put(key, stream, {
        contentType,
        maxBytes: limits.maxBytes,
        signal: this.#givenUp.signal,
        onProgress: (bytes) => {
          options.onProgress?.(
            { ...file, bytes, requestBytes: Number.isNaN(requestBytes) ? undefined : requestBytes },
            request,
          )
        },
      })
      return { ...stored, field: file.field, filename: file.filename }
    } catch (error) {
      this.#fail(error)
      throw error
    }
  }

  async #feed(chunks: AsyncIterator<Uint8Array>): Promise<void> {
    const { idleTimeoutMs } = this.#target.files.settings
    for (;;) {
      const next = await withDeadline(chunks.next(), idleTimeoutMs, stalled)
      if (this.#givenUp.signal.aborted) return
      if (next.done === true) break
      if (!this.#parser.write(next.value)) await Promise.race([once(this.#parser, 'drain'), this.#failed])
    }
    this.#parser.end()
  }
}

function openParser({ header }: FormSource, limits: UploadLimits): BusboyInstance {
  const contentType = header('content-type') ?? ''
  if (!/^multipart\/form-data\s*;/i.test(contentType)) throw invalid('wanted multipart/form-data')
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      // A text that calls itself application/octet-stream is none.
      isPartAFile: (_field, _type, filename) => filename !== undefined,
      limits: {
        files: limits.maxFiles,
        fields: limits.maxFields,
        parts: limits.maxFiles + limits.maxFields + 1,
        fieldSize: limits.maxFieldBytes,
        headerPairs: 16,
      },
    })
  } catch (error) {
    throw notAForm(error)
  }
}

function invalid(why: string, code: 'UPLOAD_INVALID' | 'FILE_TOO_LARGE' = 'UPLOAD_INVALID'): DroverError {
  return new DroverError(code, `Cannot take the form: ${why}`)
}

function notAForm(cause: unknown): DroverError {
  return new DroverError('UPLOAD_INVALID', 'Cannot take the form: it is malformed or was cut', { cause })
}
