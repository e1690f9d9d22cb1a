// The front door of the library, and the one place that turns options into stores.
import { randomBytes } from 'node:crypto'
import { systemClock } from './base/clock.ts'
import type { Clock } from './base/clock.ts'
import { DroverError } from './base/errors.ts'
import { warn } from './base/warning.ts'
import { instanceVariable } from './base/wire.ts'
import { readRules } from './session/conflict.ts'
import type { ConflictRules } from './session/conflict.ts'
import { cookieKeeping } from './session/cookie-keeping.ts'
import { CookieSeal } from './session/cookie-seal.ts'
import type { SessionKeeping } from './session/keeping.ts'
import type { LegacyReader } from './session/legacy.ts'
import { expressSessionReader } from './session/migrate/express-session.ts'
import type { ExpressSessionMigration } from './session/migrate/express-session.ts'
import { ironSessionReader } from './session/migrate/iron-session.ts'
import type { IronSessionMigration } from './session/migrate/iron-session.ts'
import { readPolicy } from './session/policy.ts'
import type { SessionPolicy, SessionPolicyOptions } from './session/policy.ts'
import { DataShape } from './session/schema.ts'
import type { StandardSchema, Upcaster } from './session/schema.ts'
import { sealing, unsealed } from './session/seal.ts'
import { Sessions } from './session/sessions.ts'
import { storeKeeping } from './session/store-keeping.ts'
import type { SessionStore } from './session/store.ts'
import { loadTelemetry, observed } from './session/telemetry.ts'
import type { SessionPorts } from './session/writer.ts'
import { defaultStoreUrl, readStore } from './stores/from-url.ts'
import { readKeyRing } from './tokens/key-ring.ts'
import type { KeySource } from './tokens/key-ring.ts'
import { checkStore, readFeedPolicy } from './tokens/options.ts'
import type { WhenCut } from './tokens/options.ts'
import { FamilySignIns } from './tokens/sign-ins.ts'
import type { TokenStore } from './tokens/token-store.ts'

export type { Clock } from './base/clock.ts'
export type { Duration } from './base/durations.ts'
export { DroverError, isDroverError } from './base/errors.ts'
export type { ErrorCode } from './base/errors.ts'
export type { ConflictRule, ConflictRules, Versions } from './session/conflict.ts'
export { sessionEventNames } from './session/events.ts'
export type { SessionEvent, SessionEventName } from './session/events.ts'
export type { ExpressSessionMigration } from './session/migrate/express-session.ts'
export type { IronSessionMigration } from './session/migrate/iron-session.ts'
export type { SessionPolicyOptions } from './session/policy.ts'
export type { RevokeAllOptions, SessionInfo } from './session/principals.ts'
export type { StandardSchema, Upcaster } from './session/schema.ts'
export type { CommitOptions, CommitOutcome, FieldChange, LoginOptions, Session } from './session/session.ts'
export type { Sessions } from './session/sessions.ts'
export type {
  Forwarding,
  ListedSession,
  LoadedSession,
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  SessionStore,
  Successor,
  TextStore,
  WatchingStore,
} from './session/store.ts'
export type { KeySource } from './tokens/key-ring.ts'

export interface SessionsOptions<Data extends object = Record<string, unknown>> extends SessionPolicyOptions {
  /**
   * 'store': a session is a row in the store. 'token': its data is in the visitor's own cookie, encrypted, of 4096 bytes at most; see
   * [Sessions in cookies](sessions.md#sessions-in-cookies) for what these cannot do. Default: 'store'.
   */
  readonly mode?: 'store' | 'token'
  /**
   * Where sessions rest: `sqlite:PATH` (one machine), `redis[s]://…`, `redis[s]-sentinel://…`, `redis[s]-cluster://…`,
   * `postgres://…`, `memory:` (one process, for development), or a store of your own.
   * Default: the environment variable SESSION_STORE, else `sqlite:.drover/sessions.db`.
   */
  readonly store?: string | SessionStore
  /** What happens when two servers change one field at once. Default: the later save of a field wins. */
  readonly conflicts?: ConflictRules<Data>
  /**
   * Encrypts values at rest (AES-256-GCM, bound to session and field): base64 secrets of at least 32 bytes, the first of
   * which encrypts while all decrypt; or `env:NAME` or `file:PATH` with such a list. Mode 'token' cannot be without. Default:
   * values rest as they are.
   */
  readonly encryptionKeys?: KeySource
  /** Takes over the sessions of another library when their cookies come, so that switching logs nobody out. */
  readonly migrate?: ExpressSessionMigration | IronSessionMigration
  /** Mode 'token': who knows which sign-ins have ended: `redisTokenStore`, `postgresTokenStore`, `sqliteTokenStore`, or your own. */
  readonly revocations?: TokenStore
  /** Mode 'token': what to do with a signed-in session while the feed of `revocations` is cut or lags. Default: 'look up'. */
  readonly whenCut?: WhenCut
  /** Told of failures that a client sees only as an error answer. Default: a process warning. */
  readonly onError?: (error: unknown) => void
  /** The time, for tests of expiry. Default: the system's. */
  readonly clock?: Clock
}

/** What comes with a schema. */
export interface SchemaSessionsOptions<Output extends object> extends SessionsOptions<Output> {
  /** The shape of a session's data: any Standard Schema (zod, valibot, arktype, …). Its defaults are filled in on read. */
  readonly schema: StandardSchema<Output>
  /** Steps from older shapes, oldest first; their number is the version that is written. Default: none. */
  readonly upcast?: readonly Upcaster[]
  /** What to do with stored data that does not fit: SESSION_DATA_INVALID, or to begin anew. Default: 'error'. */
  readonly invalid?: 'error' | 'reset'
}

const optionNames = [
  'mode',
  'store',
  'idle',
  'absolute',
  'renewalGrace',
  'cookieName',
  'sameSite',
  'domain',
  'partitioned',
  'secure',
  'maxBytes',
  'csrf',
  'trustedOrigins',
  'schema',
  'upcast',
  'invalid',
  'conflicts',
  'encryptionKeys',
  'migrate',
  'revocations',
  'whenCut',
  'onError',
  'clock',
] as const

type AnyOptions = SessionsOptions & Partial<SchemaSessionsOptions<Record<string, unknown>>>

/**
 * The sessions of an app: with a `schema`, data has its shape; without, `Data` names what a session may keep, and each field
 * may be missing. Options are checked at once: throws OPTION_INVALID naming the option, its value and what was wanted. The
 * store is opened by the first session that needs it.
 */
export function sessions<Output extends object>(options: SchemaSessionsOptions<Output>): Sessions<Output>
export function sessions<Data extends object = Record<string, unknown>>(
  options?: SessionsOptions<Data>,
): Sessions<Partial<Data>>
export function sessions(options: AnyOptions = {}): Sessions {
  refuseUnknown(options)
  const { onError = warn, clock = systemClock } = options
  const policy = readPolicy(options)
  const ports = { clock, randomBytes, report: onError }
  return new Sessions({
    policy,
    ports,
    ruleOf: readRules(options.conflicts),
    shape: readShape(options),
    ...(isInCookies(options) ? keepInCookies(options, policy, ports) : keepInStore(options, policy, ports)),
    behindBalancer: process.env[instanceVariable] !== undefined,
  })
}

/** Where sessions are kept, and those of another library that go there. */
interface Kept {
  readonly keeping: SessionKeeping
  readonly legacy: LegacyReader | undefined
}

function isInCookies({ mode = 'store' }: AnyOptions): boolean {
  if (mode === 'store' || mode === 'token') return mode === 'token'
  throw invalid(`mode ${JSON.stringify(mode)}`, '"store" or "token"')
}

function keepInStore(options: AnyOptions, policy: SessionPolicy, ports: SessionPorts): Kept {
  refuseIn('store', options, ['revocations', 'whenCut'])
  const { store: wanted = process.env['SESSION_STORE'] ?? defaultStoreUrl, encryptionKeys } = options
  const store = readStore(wanted, ports.clock)
  const telemetry = loadTelemetry()
  const keeping = storeKeeping({
    store: telemetry === undefined ? store : observed(store, telemetry),
    policy,
    ports,
    sealing:
      encryptionKeys === undefined
        ? unsealed
        : sealing(readKeyRing('encryptionKeys', encryptionKeys), randomBytes),
  })
  return { keeping, legacy: readMigration(options.migrate, store, ports.clock) }
}

function keepInCookies(options: AnyOptions, policy: SessionPolicy, ports: SessionPorts): Kept {
  refuseIn('token', options, ['store', 'conflicts', 'migrate', 'renewalGrace'])
  const { encryptionKeys, revocations: store } = options
  if (encryptionKeys === undefined) throw invalid('mode "token" without encryptionKeys', 'base64 secrets')
  if (store === undefined)
    throw invalid(
      'mode "token" without revocations',
      'a TokenStore, such as redisTokenStore("redis://HOST:PORT")',
    )
  checkStore(store)
  const seal = new CookieSeal(readKeyRing('encryptionKeys', encryptionKeys), randomBytes)
  const feed = readFeedPolicy(options.whenCut === undefined ? {} : { whenCut: options.whenCut })
  const signIns = new FamilySignIns({ store, feed, clock: ports.clock, report: ports.report })
  return { keeping: cookieKeeping({ policy, ports, seal, signIns }), legacy: undefined }
}

function refuseIn(mode: 'store' | 'token', options: AnyOptions, names: readonly (keyof AnyOptions)[]): void {
  const given = names.find((name) => options[name] !== undefined)
  if (given !== undefined)
    throw invalid(
      `${given} in mode "${mode}"`,
      `that it is left out, or mode "${mode === 'store' ? 'token' : 'store'}"`,
    )
}

function refuseUnknown(options: AnyOptions): void {
  const known: ReadonlySet<string> = new Set(optionNames)
  const unknown = Object.keys(options).find((name) => !known.has(name))
  if (unknown === undefined) return
  throw invalid(`option ${JSON.stringify(unknown)}`, `one of ${optionNames.join(', ')}`)
}

function readShape(options: AnyOptions): DataShape<Record<string, unknown>> | undefined {
  const { schema, upcast = [], invalid: onInvalid = 'error' } = options
  if (schema === undefined) {
    if (options.upcast === undefined && options.invalid === undefined) return undefined
    throw invalid('upcast or invalid without a schema', 'a schema')
  }
  const validate: unknown = Reflect.get(Object(schema), '~standard')?.validate
  if (typeof validate !== 'function')
    throw invalid('schema', 'a Standard Schema, such as one of zod, valibot or arktype')
  if (!Array.isArray(upcast) || upcast.some((step) => typeof step !== 'function'))
    throw invalid('upcast', 'a list of functions')
  if (onInvalid !== 'error' && onInvalid !== 'reset')
    throw invalid(`invalid ${JSON.stringify(onInvalid)}`, '"error" or "reset"')
  return new DataShape({ schema, upcast, invalid: onInvalid })
}

function readMigration(
  migrate: AnyOptions['migrate'],
  store: SessionStore,
  clock: Clock,
): LegacyReader | undefined {
  switch (migrate?.from) {
    case undefined:
      if (migrate === undefined) return undefined
      break
    case 'express-session':
      return expressSessionReader(migrate, store, clock)
    case 'iron-session':
      return ironSessionReader(migrate, clock)
  }
  throw invalid('migrate', 'from: "express-session" or "iron-session"')
}

function invalid(what: string, wanted: string): DroverError {
  return new DroverError('OPTION_INVALID', `Cannot use ${what}: wanted ${wanted}`)
}
