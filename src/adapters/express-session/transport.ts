// What a request says of itself: which path was asked for, whether it came over HTTPS, and which session it brings.
import { cookieIn } from '../../session/cookie.ts'
import { deprecate } from './deprecation.ts'
import type { SessionRequest } from './request.ts'
import { signedSid } from './signature.ts'
import type { Secret } from './signature.ts'

/** The path that the client asked for, also below a mount point. */
export function pathOf({ originalUrl, url }: SessionRequest): string {
  const target = originalUrl ?? url ?? ''
  if (target.startsWith('/')) return /^[^?#]*/.exec(target)?.[0] ?? '/'
  return URL.parse(target)?.pathname || target || '/'
}

/** By the socket, else by what `proxy` believes: X-Forwarded-Proto, Express, or nobody. */
export function isSecure(req: SessionRequest, proxy: boolean | undefined): boolean {
  if (Reflect.get(req.socket, 'encrypted')) return true
  if (proxy === undefined) return req.secure === true
  if (!proxy) return false
  const header = String(req.headers['x-forwarded-proto'] ?? '')
  // The leftmost protocol is the browser's own; later ones are hops between proxies.
  return header.split(',')[0]?.trim().toLowerCase() === 'https'
}

/** The id that the request's cookie brings, if one of the secrets signed it. */
export function sidOf(req: SessionRequest, name: string, secrets: readonly Secret[]): string | undefined {
  const signed = cookieIn(req.headers.cookie, name, (word) => sidIn(word, secrets) !== undefined)
  return signed === undefined ? sidOfParser(req, name, secrets) : sidIn(signed, secrets)
}

/** What the middleware cookie-parser left, where it took the Cookie header for its own. */
function sidOfParser(req: SessionRequest, name: string, secrets: readonly Secret[]): string | undefined {
  const value = entryOf(req.cookies, name)
  const sid = entryOf(req.signedCookies, name) ?? (value && signedSid(value, secrets))
  if (sid) deprecate('cookie should be available in req.headers.cookie')
  return sid || undefined
}

function entryOf(cookies: unknown, name: string): string | undefined {
  const value: unknown =
    typeof cookies === 'object' && cookies !== null ? Reflect.get(cookies, name) : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

function sidIn(word: string, secrets: readonly Secret[]): string | undefined {
  const unquoted = word.startsWith('"') && word.endsWith('"') ? word.slice(1, -1) : word
  return signedSid(decoded(unquoted), secrets) || undefined
}

function decoded(word: string): string {
  if (!word.includes('%')) return word
  try {
    return decodeURIComponent(word)
  } catch {
    return word
  }
}
