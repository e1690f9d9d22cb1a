// What a route says about the files that are uploaded to it.
import { acceptOption, bytesOption, countOption } from '../options.ts'
import { invalidOption } from '../../base/errors.ts'
import type { Files } from '../files.ts'

/** What a form says of a file before its first byte. */
export interface IncomingFile {
  /** The field of the form. */
  readonly field: string
  /** The client's word, without folders: show it, and take no key from it. */
  readonly filename: string
  readonly contentType: string
}

export interface UploadProgress extends IncomingFile {
  /** Of this file, so far. */
  readonly bytes: number
  /** Of the whole request, by its Content-Length; undefined when it has none. */
  readonly requestBytes: number | undefined
}

export interface UploadRouteOptions<Request> {
  /**
   * Where a file goes. Take a key that nobody has, such as one with crypto.randomUUID(): of a form that fails, all files
   * are deleted.
   */
  readonly key: (file: IncomingFile, request: Request) => string | Promise<string>
  /** The content types that are taken, such as `image/png` or `image/*`. Default: those of the files. */
  readonly accept?: readonly string[]
  /** The most bytes that a file may have. Default: that of the files. */
  readonly maxBytes?: number
  /** The most files of one form. Default: 1. */
  readonly maxFiles?: number
  /** The most other fields of one form. Default: 20. */
  readonly maxFields?: number
  /** The most bytes that such a field may have. Default: 10,240. */
  readonly maxFieldBytes?: number
  /** Called for every piece of every file as it arrives. */
  readonly onProgress?: (progress: UploadProgress, request: Request) => void
}

export interface UploadLimits {
  readonly accept: readonly string[]
  readonly maxBytes: number
  readonly maxFiles: number
  readonly maxFields: number
  readonly maxFieldBytes: number
}

/** Throws OPTION_INVALID, when the route is made and not when somebody uploads. */
export function readUploadOptions<Request>(files: Files, options: UploadRouteOptions<Request>): UploadLimits {
  if (typeof options.key !== 'function')
    throw invalidOption('key', options.key, 'a function that gives the key of a file')
  const { settings } = files
  const { maxBytes = settings.maxBytes, maxFiles = 1, maxFields = 20, maxFieldBytes = 10_240 } = options
  return {
    accept: options.accept === undefined ? settings.accept : acceptOption(options.accept),
    maxBytes: Math.min(settings.maxBytes, bytesOption('maxBytes', maxBytes)),
    maxFiles: countOption('maxFiles', maxFiles),
    maxFields: countOption('maxFields', maxFields),
    maxFieldBytes: bytesOption('maxFieldBytes', maxFieldBytes),
  }
}
