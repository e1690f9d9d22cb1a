// The session cookie: found in a Cookie header, written as Set-Cookie (RFC 6265bis).
import { cookieIn } from '../base/cookies.ts'
import { isSessionId } from './id.ts'

export { cookieIn } from '../base/cookies.ts'

/** What a session cookie looks like, whoever it is for. */
export interface CookieShape {
  readonly cookieName: string
  readonly sameSite: 'lax' | 'strict' | 'none'
  /** Also for all subdomains of this one; undefined: for the very host that set it. */
  readonly domain: string | undefined
  /** One cookie jar per top-level site (CHIPS), for apps in frames of others. */
  readonly partitioned: boolean
}

/**
 * The cookie's name on the wire. With `__Host-` a browser accepts it only over HTTPS, for this very host and every path,
 * so no sibling domain can plant one (RFC 6265bis section 4.1.3.2); for a whole domain `__Secure-` is what remains.
 */
export function wireName({ cookieName, domain }: CookieShape, secure: boolean): string {
  if (!secure) return cookieName
  return domain === undefined ? `__Host-${cookieName}` : `__Secure-${cookieName}`
}

/**
 * The session id in a Cookie header, or undefined. Of several cookies of that name the first well-formed one counts:
 * browsers send the most specific path first, and any fixed rule beats one that differs between instances.
 */
export function sessionIdIn(cookieHeader: string | undefined, name: string): string | undefined {
  return cookieIn(cookieHeader, name, isSessionId)
}

/** The Set-Cookie line that gives a client its session id for `maxAgeMs` at most. */
export function issueCookie(
  shape: CookieShape,
  sessionId: string,
  maxAgeMs: number,
  secure: boolean,
): string {
  // Rounded up: a cookie that ends before its session would sign the user out early.
  return cookieLine(shape, sessionId, Math.max(1, Math.ceil(maxAgeMs / 1_000)), secure)
}

/** The Set-Cookie line that takes the cookie away; a browser matches it by the same name, domain, path and prefix rules. */
export function clearCookie(shape: CookieShape, secure: boolean): string {
  return cookieLine(shape, '', 0, secure)
}

const sameSiteWords = { lax: 'Lax', strict: 'Strict', none: 'None' } as const

function cookieLine(shape: CookieShape, value: string, maxAgeSeconds: number, secure: boolean): string {
  const { domain, partitioned } = shape
  // Browsers drop a SameSite=None cookie that is not Secure; on a plain connection, as in development, Lax works.
  const sameSite = shape.sameSite === 'none' && !secure ? 'lax' : shape.sameSite
  let line = `${wireName(shape, secure)}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=${sameSiteWords[sameSite]}`
  if (domain !== undefined) line += `; Domain=${domain}`
  if (!secure) return line
  return partitioned ? `${line}; Secure; Partitioned` : `${line}; Secure`
}
