// The options of `session(…)`, checked once with the words and defaults of express-session.
import { randomBytes } from 'node:crypto'
import type { Request } from 'express'
import { durationOption } from '../../base/durations.ts'
import type { Duration } from '../../base/durations.ts'
import { DroverError } from '../../base/errors.ts'
import { TimeLimit } from '../../base/time-limit.ts'
import { warn } from '../../base/warning.ts'
import { instanceVariable } from '../../base/wire.ts'
import type { SessionStore } from '../../session/store.ts'
import { defaultStoreUrl } from '../../stores/from-url.ts'
import type { CookieOptions } from './cookie.ts'
import { deprecate } from './deprecation.ts'
import { nativeStore } from './native-store.ts'
import type { SessionRequest } from './request.ts'
import type { Secret } from './signature.ts'
import type { ClassicStore } from './store.ts'

export interface SessionOptions {
  /** Signs the session's id in the cookie. Of several, the first signs and all are accepted, so that secrets can be changed. */
  secret: Secret | Secret[]
  /** Attributes of the session cookie, or a function that gives them for a request. */
  cookie?: CookieOptions | ((req: Request) => CookieOptions) | undefined
  /** Makes the id of a new session. Default: 192 random bits. */
  genid?(req: Request): string
  /** The cookie's name. Default: 'connect.sid'. */
  name?: string | undefined
  /** The former name of `name`. */
  key?: string | undefined
  /**
   * Whether X-Forwarded-Proto tells if the connection is secure: true, false, or undefined for what Express's
   * `trust proxy` says. Behind Drover's own balancer, which sets that header itself, undefined means true.
   */
  proxy?: boolean | undefined
  /** Saves sessions that were not changed, too. Default: true, but say which you want; false suits every store that has `touch`. */
  resave?: boolean | undefined
  /** Sends the cookie with each answer, so that its time to live begins again. Default: false. */
  rolling?: boolean | undefined
  /** Stores new sessions into which nothing was put, and sends their cookie. Default: true, but say which you want. */
  saveUninitialized?: boolean | undefined
  /** What `req.session = null` does to the stored session. Default: 'keep'. */
  unset?: 'destroy' | 'keep' | undefined
  /**
   * Where sessions rest: a store written for express-session, a SessionStore of Drover's, or the URL of one
   * (`sqlite:PATH`, `redis://…`, `postgres://…`, and the others that `sessions()` takes).
   * Default: the environment variable SESSION_STORE, else `sqlite:.drover/sessions.db`.
   */
  store?: ClassicStore | SessionStore | string | undefined
  /**
   * What an answer becomes whose session could not be saved. 'fail', the default: 503 for a store that does not answer, 409
   * for a session that was ended meanwhile, 500 otherwise, without the cookie. 'ignore': as with express-session, the
   * app's own answer, after which the error goes to the next error handler.
   */
  saveErrors?: 'fail' | 'ignore' | undefined
  /** How long a request waits for a store that says nothing; then it is answered 503. Default: 10 seconds. */
  storeTimeout?: Duration | undefined
  /** Told of failures that a client sees only as an error answer. Default: a process warning. */
  onError?: ((error: unknown) => void) | undefined
  /** On Drover's stores: a session whose cookie ends with the browser ends when unused for this long. Default: 1 day. */
  idle?: Duration | undefined
  /** On Drover's stores: a session ends this long after it began, however busy it is. Default: never. */
  absolute?: Duration | undefined
}

/** The options as the middleware uses them. Methods, because an app's own functions expect a request of Express. */
export interface Settings {
  readonly name: string
  readonly store: ClassicStore
  readonly secrets: readonly Secret[] | undefined
  readonly resave: boolean
  readonly rolling: boolean
  readonly saveUninitialized: boolean
  readonly destroysUnset: boolean
  readonly ignoresSaveErrors: boolean
  readonly proxy: boolean | undefined
  readonly storeTimeoutMs: number
  /** One timer for all requests that wait. */
  readonly patience: TimeLimit
  genid(req: SessionRequest): string
  cookie(req: SessionRequest): CookieOptions
  report(error: unknown): void
}

/** 192 bits, 32 characters, as express-session's own. */
const idBytes = 24

export function readOptions(given: Partial<SessionOptions>): Settings {
  const { genid = newId, unset, cookie = {}, saveErrors = 'fail', onError = warn } = given
  if (typeof genid !== 'function') throw new TypeError('genid option must be a function')
  if (unset && unset !== 'destroy' && unset !== 'keep')
    throw new TypeError('unset option must be "destroy" or "keep"')
  if (saveErrors !== 'fail' && saveErrors !== 'ignore') {
    throw new DroverError(
      'OPTION_INVALID',
      `Cannot use saveErrors ${JSON.stringify(saveErrors)}: wanted "fail" or "ignore"`,
    )
  }
  const storeTimeoutMs = durationOption('storeTimeout', given.storeTimeout ?? '10s')
  return {
    storeTimeoutMs,
    patience: new TimeLimit(storeTimeoutMs),
    name: given.name || given.key || 'connect.sid',
    resave: defaulted('resave', given.resave),
    rolling: Boolean(given.rolling),
    saveUninitialized: defaulted('saveUninitialized', given.saveUninitialized),
    destroysUnset: unset === 'destroy',
    ignoresSaveErrors: saveErrors === 'ignore',
    secrets: readSecrets(given.secret),
    proxy: given.proxy ?? (process.env[instanceVariable] === undefined ? undefined : true),
    genid,
    cookie: typeof cookie === 'function' ? cookie : () => cookie,
    report: onError,
    store: readStore(given),
  }
}

function newId(): string {
  return randomBytes(idBytes).toString('base64url')
}

function defaulted(name: 'resave' | 'saveUninitialized', value: boolean | undefined): boolean {
  if (value !== undefined) return value
  deprecate(`undefined ${name} option; provide ${name} option`)
  return true
}

function readSecrets(secret: SessionOptions['secret'] | undefined): readonly Secret[] | undefined {
  if (Array.isArray(secret) && secret.length === 0)
    throw new TypeError('secret option array must contain one or more strings')
  if (secret) return Array.isArray(secret) ? secret : [secret]
  deprecate('req.secret; provide secret option')
  return undefined
}

function readStore(given: Partial<SessionOptions>): ClassicStore {
  const store = given.store || (process.env['SESSION_STORE'] ?? defaultStoreUrl)
  if (typeof store === 'object' && 'get' in store && 'set' in store) return store
  const { idle = '1d', absolute, onError = warn } = given
  return nativeStore(store, {
    idleMs: durationOption('idle', idle),
    absoluteMs: absolute === undefined ? Number.POSITIVE_INFINITY : durationOption('absolute', absolute),
    report: onError,
  })
}
