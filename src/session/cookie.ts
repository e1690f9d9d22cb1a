// The session cookie: found in a Cookie header, written as Set-Cookie (RFC 6265bis).
import { isSessionId } from './id.ts'

/** How far into a Cookie header the session is looked for. Node itself refuses heads above 16 KB unless told otherwise. */
const longestCookieHeader = 65_536

/**
 * The cookie's name on the wire. With `__Host-` a browser accepts it only over HTTPS, for this very host and every path,
 * so no sibling domain can plant one (RFC 6265bis section 4.1.3.2).
 */
export function wireName(name: string, secure: boolean): string {
  return secure ? `__Host-${name}` : name
}

/**
 * The session id in a Cookie header, or undefined. Of several cookies of that name the first well-formed one counts:
 * browsers send the most specific path first, and any fixed rule beats one that differs between instances.
 */
export function sessionIdIn(cookieHeader: string | undefined, name: string): string | undefined {
  const header = cookieHeader?.slice(0, longestCookieHeader) ?? ''
  for (let start = 0; start < header.length;) {
    const semicolon = header.indexOf(';', start)
    const end = semicolon === -1 ? header.length : semicolon
    const pair = header.slice(start, end)
    start = end + 1
    const equals = pair.indexOf('=')
    if (equals === -1 || pair.slice(0, equals).trim() !== name) continue
    const value = pair.slice(equals + 1).trim()
    if (isSessionId(value)) return value
  }
  return undefined
}

/** The Set-Cookie line that gives a client its session id for `maxAgeMs` at most. */
export function issueCookie(name: string, sessionId: string, maxAgeMs: number, secure: boolean): string {
  // Rounded up: a cookie that ends before its session would sign the user out early.
  return cookieLine(name, sessionId, Math.max(1, Math.ceil(maxAgeMs / 1_000)), secure)
}

/** The Set-Cookie line that takes the cookie away; a browser matches it by the same name, path and prefix rules. */
export function clearCookie(name: string, secure: boolean): string {
  return cookieLine(name, '', 0, secure)
}

function cookieLine(name: string, value: string, maxAgeSeconds: number, secure: boolean): string {
  const line = `${wireName(name, secure)}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax`
  return secure ? `${line}; Secure` : line
}
