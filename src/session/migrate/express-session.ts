// Sessions of express-session, taken over: its signed cookies, and its records on the same Redis or in any connect-* store.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { DroverError } from '../../base/errors.ts'
import { cookieIn } from '../cookie.ts'
import type { LegacyReader, LegacyRecord, LegacySession } from '../legacy.ts'
import type { SessionStore, TextStore } from '../store.ts'

/** What any store of express-session can do. */
export interface ConnectStore {
  get(sid: string, done: (error: unknown, session?: unknown) => void): void
  destroy(sid: string, done?: (error?: unknown) => void): void
}

export interface ExpressSessionMigration {
  /** Which library it is. */
  readonly from: 'express-session'
  /** express-session's `secret`: one, or several of which any may have signed a cookie. */
  readonly secret: string | readonly string[]
  /** express-session's `name`. Default: 'connect.sid'. */
  readonly cookieName?: string
  /** What connect-redis's keys begin with, where its records are in the Redis of `sessions({ store })`. Default: 'sess:'. */
  readonly prefix?: string
  /** The connect-* store that has the records, where they are elsewhere. */
  readonly store?: ConnectStore
  /** Who is signed in, by the record's data. Default: Passport's `passport.user`, where it is a string or a number. */
  readonly principal?: (data: Readonly<Record<string, unknown>>) => string | undefined
  /**
   * Leaves record and cookie in place until the session is signed out, for as long as servers run the former library beside
   * this one. Default: false, and then a session that was taken over is known to Drover alone.
   */
  readonly keep?: boolean
}

/** Records without an end of their own: what connect-redis takes for them. */
const fallbackLifetimeMs = 86_400_000

interface Records {
  read(sid: string): Promise<unknown>
  remove(sid: string): Promise<void>
}

/** Checks the options; throws OPTION_INVALID naming the one that is wrong. */
export function expressSessionReader(
  options: ExpressSessionMigration,
  store: SessionStore & Partial<TextStore>,
  clock: Clock,
): LegacyReader {
  const secrets = [options.secret].flat()
  if (secrets.length === 0 || secrets.some((secret) => typeof secret !== 'string' || secret === '')) {
    throw new DroverError(
      'OPTION_INVALID',
      'Cannot use migrate.secret: wanted the secret, or secrets, of express-session',
    )
  }
  const records =
    options.store === undefined
      ? redisRecords(store, options.prefix ?? 'sess:')
      : connectRecords(options.store)
  const name = options.cookieName ?? 'connect.sid'
  const principalOf = options.principal ?? passportUser
  return {
    find(cookieHeader) {
      const value = cookieIn(cookieHeader, name, (word) => signedId(word, secrets) !== undefined)
      const sid = value === undefined ? undefined : signedId(value, secrets)
      if (value === undefined || sid === undefined) return undefined
      return legacySession({ value, sid, name, records, principalOf, clock, isKept: options.keep ?? false })
    },
  }
}

interface Former {
  readonly value: string
  readonly sid: string
  readonly name: string
  readonly records: Records
  readonly principalOf: NonNullable<ExpressSessionMigration['principal']>
  readonly clock: Clock
  readonly isKept: boolean
}

function legacySession({ value, sid, name, records, principalOf, clock, isKept }: Former): LegacySession {
  return {
    // With the signature: whoever has stolen the store knows the sid, and must not get in with that.
    seed: value,
    isKept,
    read: async () => recordOf(await records.read(sid), principalOf, clock.now()),
    forget: () => records.remove(sid),
    clearingCookie: (secure) => `${name}=; Path=/; Max-Age=0; HttpOnly${secure ? '; Secure' : ''}`,
  }
}

/** The sid of `s:<sid>.<signature>`, URL-encoded, when one of the secrets signed it (HMAC-SHA-256, base64 without padding). */
function signedId(word: string, secrets: readonly string[]): string | undefined {
  const text = decoded(word)
  const dot = text.lastIndexOf('.')
  if (!text.startsWith('s:') || dot < 3) return undefined
  const sid = text.slice(2, dot)
  const signature = Buffer.from(text.slice(dot + 1))
  const isSigned = secrets.some((secret) => {
    const wanted = Buffer.from(createHmac('sha256', secret).update(sid).digest('base64').replace(/=+$/, ''))
    return wanted.length === signature.length && timingSafeEqual(wanted, signature)
  })
  return isSigned ? sid : undefined
}

function decoded(word: string): string {
  try {
    return decodeURIComponent(word)
  } catch {
    // Not URL-encoded, so not a cookie of express-session's.
    return ''
  }
}

function recordOf(
  record: unknown,
  principalOf: Former['principalOf'],
  nowMs: number,
): LegacyRecord | undefined {
  if (typeof record !== 'object' || record === null) return undefined
  const { cookie, ...data }: Record<string, unknown> = { ...record }
  const expiresAtMs = endOf(cookie) ?? nowMs + fallbackLifetimeMs
  return expiresAtMs <= nowMs ? undefined : { data, principal: principalOf(data), expiresAtMs }
}

/** A record from a store's text has the date as text, one from memory may have a Date. */
function endOf(cookie: unknown): number | undefined {
  const expires: unknown =
    typeof cookie === 'object' && cookie !== null ? Reflect.get(cookie, 'expires') : undefined
  if (expires instanceof Date) return expires.getTime()
  const endMs = typeof expires === 'string' ? Date.parse(expires) : Number.NaN
  return Number.isNaN(endMs) ? undefined : endMs
}

function passportUser(data: Readonly<Record<string, unknown>>): string | undefined {
  const { passport } = data
  const user: unknown =
    typeof passport === 'object' && passport !== null ? Reflect.get(passport, 'user') : undefined
  return typeof user === 'string' || typeof user === 'number' ? String(user) : undefined
}

function redisRecords(store: SessionStore & Partial<TextStore>, prefix: string): Records {
  const { readText, deleteText } = store
  if (readText === undefined || deleteText === undefined) {
    throw new DroverError(
      'OPTION_INVALID',
      'Cannot read the records of express-session from this store: wanted a Redis store, or migrate.store',
    )
  }
  return {
    async read(sid) {
      const text = await readText.call(store, prefix + sid)
      return text === undefined ? undefined : parsed(text)
    },
    remove: (sid) => deleteText.call(store, prefix + sid),
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw unreadable('the stored text is not JSON', cause)
  }
}

function connectRecords(store: ConnectStore): Records {
  return {
    read: (sid) =>
      new Promise((resolve, reject) => {
        store.get(sid, (error, session) => {
          if (error === undefined || error === null) resolve(session)
          else reject(unreadable('its store failed', error))
        })
      }),
    remove: (sid) =>
      new Promise((resolve, reject) => {
        store.destroy(sid, (error) => {
          if (error === undefined || error === null) resolve()
          else reject(unreadable('its store failed', error))
        })
      }),
  }
}

function unreadable(state: string, cause: unknown): DroverError {
  return new DroverError('STORE_UNAVAILABLE', `Cannot take over session of express-session: ${state}`, {
    cause,
  })
}
