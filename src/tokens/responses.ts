// How tokens are handed to a client: as JSON for apps, or as cookies for browsers.
import { cookieIn } from '../base/cookies.ts'
import { DroverError } from '../base/errors.ts'
import type { TokenPair } from './issued.ts'

/** RFC 6749 section 5.1. */
export interface TokenBody {
  readonly access_token: string
  readonly token_type: 'Bearer'
  /** Seconds. */
  readonly expires_in: number
  readonly refresh_token?: string
  readonly scope?: string
}

/** What a client gets as JSON; send it with `cache-control: no-store`. */
export function tokenBody(pair: TokenPair, nowMs: number = Date.now()): TokenBody {
  const { accessToken, refreshToken, accessExpiresAt, scopes } = pair
  return {
    access_token: accessToken,
    token_type: 'Bearer',
    expires_in: Math.max(0, Math.floor((accessExpiresAt.getTime() - nowMs) / 1_000)),
    ...(refreshToken === undefined ? {} : { refresh_token: refreshToken }),
    ...(scopes.length === 0 ? {} : { scope: scopes.join(' ') }),
  }
}

export interface TokenCookieOptions {
  /** The names are `__Host-<name>` and `__Host-<name>-refresh`. Default: 'token'. */
  readonly name?: string
  /** When other sites' pages may cause cookies to be sent. Default: 'lax'. */
  readonly sameSite?: 'lax' | 'strict'
  /** false for http on a developer's machine: then names have no `__Host-`. Default: true. */
  readonly secure?: boolean
}

const defaultName = 'token'
const mostCookieBytes = 4_096

/** How the cookies are called. */
function tokenCookieNames({ name = defaultName, secure = true }: TokenCookieOptions = {}): {
  readonly access: string
  readonly refresh: string
} {
  const access = secure ? `__Host-${name}` : name
  return { access, refresh: `${access}-refresh` }
}

/**
 * The Set-Cookie lines that give a browser its tokens: HttpOnly, for this very host. The access cookie lives as long as the
 * sign-in, so that an expired one is answered "expired" and not "missing". Throws TOKEN_TOO_LARGE when a browser would drop one.
 */
export function tokenCookies(
  pair: TokenPair,
  options: TokenCookieOptions = {},
  nowMs: number = Date.now(),
): readonly string[] {
  const names = tokenCookieNames(options)
  const endsAt = pair.refreshExpiresAt ?? pair.accessExpiresAt
  const seconds = Math.max(1, Math.ceil((endsAt.getTime() - nowMs) / 1_000))
  const lines = [cookieLine(names.access, pair.accessToken, seconds, options)]
  if (pair.refreshToken !== undefined)
    lines.push(cookieLine(names.refresh, pair.refreshToken, seconds, options))
  return lines
}

/** The Set-Cookie lines that take the tokens away. For a sign-out, and for nothing else: never for a refresh that failed. */
export function clearingTokenCookies(options: TokenCookieOptions = {}): readonly string[] {
  const names = tokenCookieNames(options)
  return [names.access, names.refresh].map((name) => cookieLine(name, '', 0, options))
}

function cookieLine(
  name: string,
  value: string,
  seconds: number,
  { sameSite = 'lax', secure = true }: TokenCookieOptions,
): string {
  // RFC 6265bis section 5.6: name and value together.
  if (name.length + value.length > mostCookieBytes)
    throw new DroverError(
      'TOKEN_TOO_LARGE',
      `Cannot set the cookie ${name}: wanted at most ${mostCookieBytes} bytes, got ${name.length + value.length}`,
    )
  const site = sameSite === 'strict' ? 'Strict' : 'Lax'
  return `${name}=${value}; Path=/; Max-Age=${seconds}; HttpOnly; SameSite=${site}${secure ? '; Secure' : ''}`
}

/** The refresh token in a Cookie header, or undefined. */
export function refreshTokenIn(
  cookieHeader: string | undefined,
  options: TokenCookieOptions = {},
): string | undefined {
  return cookieIn(cookieHeader, tokenCookieNames(options).refresh, (value) => value !== '')
}

/** The access token in a Cookie header, or undefined. */
export function accessTokenIn(
  cookieHeader: string | undefined,
  options: TokenCookieOptions = {},
): string | undefined {
  return cookieIn(cookieHeader, tokenCookieNames(options).access, (value) => value !== '')
}
