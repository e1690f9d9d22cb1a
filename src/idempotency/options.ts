// What an app may say about its idempotency keys: read, checked and completed once.
import { durationOption } from '../base/durations.ts'
import type { Duration } from '../base/durations.ts'
import { DroverError, invalidOption } from '../base/errors.ts'
import { hasMethods } from '../base/methods.ts'
import { warn } from '../base/warning.ts'
import type { Environment } from './owner.ts'
import type { IdempotencyStore } from './store.ts'

export interface IdempotencyOptions {
  /** Where keys and answers rest: `sqliteIdempotencyStore`, `redisIdempotencyStore`, `postgresIdempotencyStore`, or your own. */
  readonly store: IdempotencyStore
  /** Whether a request without a key is refused (400). Default: false, such a request runs as if nothing was mounted. */
  readonly required?: boolean
  /** The methods that keys count for; with any other, a key changes nothing. Default: POST and PATCH. */
  readonly methods?: readonly string[]
  /**
   * How long a request belongs to the process that runs it. It is renewed while the process lives, so it only ends when that is
   * dead, stopped or cut off; until then others are answered 409. A death that the balancer confirms ends it at once.
   * Default: '30s'. Clocks of the servers should agree to within a fraction of it.
   */
  readonly lease?: Duration
  /** How long a key and its answer are remembered after it was done. Default: '24h'. */
  readonly retention?: Duration
  /** A handler that runs longer is taken for stuck: its lease is not renewed any more. Default: '10m'. */
  readonly longestRun?: Duration
  /**
   * The largest body that is kept to be given again, in bytes. A larger answer is sent, but who asks for it again is told
   * 409, IDEMPOTENCY_RESPONSE_NOT_KEPT. Default: 1 MiB.
   */
  readonly maxResponseBytes?: number
  /**
   * Whether an answer with this status settles the key. Otherwise the key is free again, and the next request with it runs
   * anew. Default: all below 500 but 408, 425 and 429, which ask to try again.
   */
  readonly settles?: (status: number) => boolean
  /** Told of refusals with 5xx and of answers that could not be recorded. Default: a warning of the process. */
  readonly onError?: (error: unknown) => void
  /** Where it is read who this process is in the fleet. Default: process.env. */
  readonly environment?: Environment
}

/** The options with their defaults. */
export interface IdempotencyPolicy {
  readonly store: IdempotencyStore
  readonly required: boolean
  readonly methods: ReadonlySet<string>
  readonly leaseMs: number
  readonly retentionMs: number
  readonly longestRunMs: number
  readonly maxResponseBytes: number
  readonly settles: (status: number) => boolean
  readonly onError: (error: unknown) => void
  readonly environment: Environment
}

const defaultMaxResponseBytes = 1_048_576
const triesAgain: ReadonlySet<number> = new Set([408, 425, 429])

/** Throws OPTION_INVALID. */
export function readPolicy(options: IdempotencyOptions): IdempotencyPolicy {
  const { store, required = false, methods = ['POST', 'PATCH'], environment = process.env } = options
  const { maxResponseBytes = defaultMaxResponseBytes, settles = settlesByDefault } = options
  checkStore(store)
  if (!Number.isSafeInteger(maxResponseBytes) || maxResponseBytes < 0) {
    throw invalidOption('maxResponseBytes', maxResponseBytes, 'a whole number of bytes')
  }
  return {
    store,
    required,
    methods: new Set(methods.map((method) => method.toUpperCase())),
    leaseMs: durationOption('lease', options.lease ?? '30s'),
    retentionMs: durationOption('retention', options.retention ?? '24h'),
    longestRunMs: durationOption('longestRun', options.longestRun ?? '10m'),
    maxResponseBytes,
    settles,
    onError: options.onError ?? warn,
    environment,
  }
}

function settlesByDefault(status: number): boolean {
  return status < 500 && !triesAgain.has(status)
}

const storeMethods = ['reserve', 'complete', 'renew', 'release', 'close'] as const

function checkStore(store: unknown): void {
  if (hasMethods(store, storeMethods)) return
  throw new DroverError(
    'OPTION_INVALID',
    'Cannot keep idempotency keys in store: wanted an IdempotencyStore, such as sqliteIdempotencyStore("PATH") of drover/sqlite',
  )
}
