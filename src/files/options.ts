// What an app may say about its files, and what holds when it does not.
import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import { durationOption } from '../base/durations.ts'
import type { Duration } from '../base/durations.ts'
import { DroverError, invalidOption } from '../base/errors.ts'
import type { KeyRing, KeySource } from '../tokens/key-ring.ts'

export interface FilesOptions {
  /** The most bytes that a file may have; a put or an upload may ask for less. Default: 104,857,600 (100 MB). */
  readonly maxBytes?: number
  /** The content types that are taken, such as `image/png` or `image/*`. Default: all. */
  readonly accept?: readonly string[]
  /** How long an upload may go without a byte before it is given up. Default: 60s. */
  readonly idleTimeout?: Duration
  /**
   * When what a cut upload left behind is removed. Default: 15m after its last byte in a folder; on S3, where only its
   * begin is known, 24h, so that no upload may take longer.
   */
  readonly abandonedAfter?: Duration
  /**
   * `file:` only: where the instances answer signed URLs, a path, or a URL that ends in one. Default: `/files`.
   */
  readonly publicUrl?: string
  /**
   * `file:` only: the keys that sign URLs, as for sessions: a list of base64 secrets, the newest first, `env:NAME`,
   * `file:PATH`, or a key ring. Default: a key in the folder itself, made by the first instance.
   */
  readonly keys?: KeySource | KeyRing
  /**
   * `s3:` and `gs:` only. Default: what the AWS SDK finds in the environment, as AWS_ACCESS_KEY_ID and
   * AWS_SECRET_ACCESS_KEY; for `gs:` an HMAC key of Google's.
   */
  readonly credentials?: FileCredentials
  /** `s3:` and `gs:` only: how long one request may go without an answer. Default: 10s. */
  readonly operationTimeout?: Duration
  /** Tells when a signed URL ends. Default: the system's clock. */
  readonly clock?: Clock
}

export interface FileCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

export interface FilesSettings {
  readonly maxBytes: number
  readonly accept: readonly string[]
  readonly idleTimeoutMs: number
  readonly abandonedAfterMs: number | undefined
  readonly publicUrl: string
  readonly keys: KeySource | KeyRing | undefined
  readonly credentials: FileCredentials | undefined
  readonly operationTimeoutMs: number
  readonly clock: Clock
}

const defaultMaxBytes = 100 * 1024 ** 2

/** Throws OPTION_INVALID naming the option, what came and what was wanted. */
export function readFilesOptions(options: FilesOptions): FilesSettings {
  const { abandonedAfter } = options
  return Object.freeze({
    maxBytes: bytesOption('maxBytes', options.maxBytes ?? defaultMaxBytes),
    accept: acceptOption(options.accept ?? ['*/*']),
    idleTimeoutMs: durationOption('idleTimeout', options.idleTimeout ?? '60s'),
    abandonedAfterMs:
      abandonedAfter === undefined ? undefined : durationOption('abandonedAfter', abandonedAfter),
    publicUrl: publicUrlOption(options.publicUrl ?? '/files'),
    keys: options.keys,
    credentials: options.credentials === undefined ? undefined : credentialsOption(options.credentials),
    operationTimeoutMs: durationOption('operationTimeout', options.operationTimeout ?? '10s'),
    clock: options.clock ?? systemClock,
  })
}

/** A number of bytes above zero. */
export function bytesOption(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) return value
  throw invalidOption(name, value, 'a whole number of bytes above zero')
}

/** A number of things or bytes, which may be none. */
export function countOption(name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw invalidOption(name, value, 'a whole number')
}

export function acceptOption(accept: unknown): readonly string[] {
  const isPattern = (one: unknown) =>
    typeof one === 'string' && /^(?:\*|[a-z0-9.+-]+)\/(?:\*|[a-z0-9.+-]+)$/.test(one)
  if (Array.isArray(accept) && accept.length > 0 && accept.every(isPattern)) return Object.freeze([...accept])
  throw invalidOption('accept', accept, 'content types in small letters such as ["image/png", "image/*"]')
}

/** Never shown. A variable of the environment that is not set makes them incomplete. */
function credentialsOption(credentials: FileCredentials): FileCredentials {
  const isGiven = (value: unknown) => typeof value === 'string' && value !== ''
  const { accessKeyId, secretAccessKey } = credentials
  if (isGiven(accessKeyId) && isGiven(secretAccessKey)) return credentials
  const missing = isGiven(accessKeyId) ? 'secretAccessKey' : 'accessKeyId'
  throw new DroverError('OPTION_INVALID', `Cannot use credentials: ${missing} is missing or empty`)
}

/** Without the slash at its end. */
function publicUrlOption(publicUrl: unknown): string {
  const wanted = 'a path such as "/files", or an http(s) URL with one'
  if (typeof publicUrl !== 'string') throw invalidOption('publicUrl', publicUrl, wanted)
  const base = publicUrl.replace(/\/+$/, '')
  if (!/^(?:https?:\/\/[^/?#]+)?(?:\/[\w.~-]+)+$/.test(base))
    throw invalidOption('publicUrl', publicUrl, wanted)
  return base
}
