// The front door of the library, and the one place that turns options into stores.
import { randomBytes } from 'node:crypto'
import { systemClock } from './base/clock.ts'
import type { Clock } from './base/clock.ts'
import { DroverError } from './base/errors.ts'
import { instanceVariable } from './base/wire.ts'
import { deferredStore } from './session/deferred-store.ts'
import { readPolicy } from './session/policy.ts'
import type { SessionPolicyOptions } from './session/policy.ts'
import { Sessions } from './session/sessions.ts'
import type { SessionStore } from './session/store.ts'

export type { Clock } from './base/clock.ts'
export type { Duration } from './base/durations.ts'
export { DroverError, isDroverError } from './base/errors.ts'
export type { ErrorCode } from './base/errors.ts'
export type { SessionPolicyOptions } from './session/policy.ts'
export type { Session } from './session/session.ts'
export type { Sessions } from './session/sessions.ts'
export type {
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  SessionStore,
} from './session/store.ts'

export interface SessionsOptions extends SessionPolicyOptions {
  /**
   * Where sessions rest: `sqlite:PATH` (one machine), `redis://…` or `rediss://…`, or a store of your own.
   * Default: the environment variable SESSION_STORE, else `sqlite:.drover/sessions.db`.
   */
  readonly store?: string | SessionStore
  /** Told of failures that a client sees only as an error answer. Default: a process warning. */
  readonly onError?: (error: unknown) => void
  /** The time, for tests of expiry. Default: the system's. */
  readonly clock?: Clock
}

const defaultStore = 'sqlite:.drover/sessions.db'
const optionNames: ReadonlySet<string> = new Set([
  'store',
  'idle',
  'absolute',
  'cookieName',
  'secure',
  'maxBytes',
  'onError',
  'clock',
])

/**
 * The sessions of an app, with `Data` as the shape of what a session keeps. Options are checked at once: throws
 * OPTION_INVALID naming the option, its value and what was wanted. The store is opened by the first session that needs it.
 */
export function sessions<Data extends object = Record<string, unknown>>(
  options: SessionsOptions = {},
): Sessions<Data> {
  refuseUnknown(options)
  const {
    store = process.env['SESSION_STORE'] ?? defaultStore,
    onError = warn,
    clock = systemClock,
    ...policyOptions
  } = options
  return new Sessions<Data>({
    store: readStore(store, clock),
    policy: readPolicy(policyOptions),
    ports: { clock, randomBytes, report: onError },
    behindBalancer: process.env[instanceVariable] !== undefined,
  })
}

function refuseUnknown(options: SessionsOptions): void {
  const unknown = Object.keys(options).find((name) => !optionNames.has(name))
  if (unknown === undefined) return
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot use option ${JSON.stringify(unknown)}: wanted one of ${[...optionNames].join(', ')}`,
  )
}

function readStore(store: unknown, clock: Clock): SessionStore {
  if (isSessionStore(store)) return store
  if (typeof store === 'string') {
    const path = /^sqlite:(?!:memory:$)(.+)$/.exec(store)?.[1]
    if (path !== undefined) return deferredStore(() => openSqlite(path, clock))
    if (/^rediss?:\/\/./.test(store) && URL.canParse(store))
      return deferredStore(() => openRedis(store, clock))
  }
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot use store ${describe(store)}: wanted "sqlite:PATH", "redis://HOST:PORT", "rediss://HOST:PORT" or a SessionStore`,
  )
}

const storeMethods = ['load', 'create', 'save', 'replace', 'touch', 'delete', 'close'] as const

function isSessionStore(store: unknown): store is SessionStore {
  if (typeof store !== 'object' || store === null) return false
  return storeMethods.every((method) => typeof Reflect.get(store, method) === 'function')
}

/** A URL may hold a password, and errors are logged. */
function describe(store: unknown): string {
  if (typeof store !== 'string') return `of type ${store === null ? 'null' : typeof store}`
  return JSON.stringify(store.replace(/\/\/[^@/]*@/, '//***@'))
}

async function openSqlite(path: string, clock: Clock): Promise<SessionStore> {
  const { sqliteSessionStore } = await import('./stores/sqlite/index.ts')
  return sqliteSessionStore(path, { clock })
}

async function openRedis(url: string, clock: Clock): Promise<SessionStore> {
  const { redisSessionStore } = await import('./stores/redis/index.ts')
  return redisSessionStore(url, { clock })
}

function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}
