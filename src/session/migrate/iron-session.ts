// Sessions of iron-session, taken over: its sealed cookies are opened by that library itself, which such an app has.
import type { Clock } from '../../base/clock.ts'
import { durationOption } from '../../base/durations.ts'
import type { Duration } from '../../base/durations.ts'
import { DroverError } from '../../base/errors.ts'
import { refusePeer } from '../../base/peer.ts'
import { cookieIn } from '../cookie.ts'
import type { LegacyReader, LegacyRecord } from '../legacy.ts'

export interface IronSessionMigration {
  /** Which library it is. */
  readonly from: 'iron-session'
  /** iron-session's `password`: one, or several by their ids. */
  readonly password: string | Readonly<Record<string, string>>
  /** iron-session's `cookieName`. */
  readonly cookieName: string
  /** iron-session's `ttl`. Default: its own default, 14 days. */
  readonly ttl?: Duration
  /** Who is signed in, by the session's data. Default: nobody. */
  readonly principal?: (data: Readonly<Record<string, unknown>>) => string | undefined
}

type IronSession = typeof import('iron-session')

/** A seal of iron-session's, whatever follows. */
const sealPattern = /^Fe26\.2\*[\w*%.~-]+$/

/** Checks the options; throws OPTION_INVALID naming the one that is wrong. */
export function ironSessionReader(options: IronSessionMigration, clock: Clock): LegacyReader {
  const { password, cookieName } = options
  if (!isPassword(password) || typeof cookieName !== 'string' || cookieName === '') {
    throw new DroverError(
      'OPTION_INVALID',
      'Cannot use migrate: wanted the password and cookieName of iron-session',
    )
  }
  const ttlMs = durationOption('migrate.ttl', options.ttl ?? '14d')
  const principalOf = options.principal ?? (() => undefined)
  return {
    find(cookieHeader) {
      const seal = cookieIn(cookieHeader, cookieName, (word) => sealPattern.test(word))
      if (seal === undefined) return undefined
      return {
        seed: seal,
        isKept: false,
        async read(): Promise<LegacyRecord | undefined> {
          const data = await unseal(decodeURIComponent(seal), password, ttlMs)
          if (Object.keys(data).length === 0) return undefined
          // Until then the seal can be opened, so until then it must be known as used.
          return { data, principal: principalOf(data), expiresAtMs: clock.now() + ttlMs }
        },
        // The seal was all there is.
        forget: () => Promise.resolve(),
        clearingCookie: (secure) => `${cookieName}=; Path=/; Max-Age=0; HttpOnly${secure ? '; Secure' : ''}`,
      }
    },
  }
}

function isPassword(password: unknown): boolean {
  const words = typeof password === 'object' && password !== null ? Object.values(password) : [password]
  return words.length > 0 && words.every((word) => typeof word === 'string' && word.length >= 32)
}

/** An empty object for a seal that is over, was tampered with or belongs to another password. */
async function unseal(
  seal: string,
  password: IronSessionMigration['password'],
  ttlMs: number,
): Promise<Record<string, unknown>> {
  const { unsealData } = await loadIronSession()
  const passwords = typeof password === 'string' ? password : { ...password }
  return unsealData<Record<string, unknown>>(seal, { password: passwords, ttl: Math.ceil(ttlMs / 1_000) })
}

async function loadIronSession(): Promise<IronSession> {
  try {
    return await import('iron-session')
  } catch (error) {
    return refusePeer(error, 'Cannot read cookies of iron-session', 'iron-session')
  }
}
