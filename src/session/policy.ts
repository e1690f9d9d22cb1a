// What an app decides about its sessions: lifetimes, cookie, size, whom to trust. Read once, frozen, then trusted.
import { invalidOption } from '../base/errors.ts'
import { durationOption } from '../base/durations.ts'
import type { Duration } from '../base/durations.ts'
import type { CookieShape } from './cookie.ts'
import type { Lifetime } from './expiry.ts'

export interface SessionPolicyOptions {
  /** A session unused for this long ends. Default: 1 day. */
  readonly idle?: Duration
  /** A session ends this long after it began or signed in, however busy it is; 400 days at most. Default: 30 days. */
  readonly absolute?: Duration
  /** How long the old id still works after `renew()`, for requests under way and answers that got lost. Default: 30 s. */
  readonly renewalGrace?: Duration
  /** The cookie's name; on a secure connection it is sent as `__Host-<name>`. Default: `sid`. */
  readonly cookieName?: string
  /** When other sites' pages may cause the cookie to be sent (RFC 6265bis section 4.1.2.7). Default: 'lax'. */
  readonly sameSite?: 'lax' | 'strict' | 'none'
  /** A domain whose subdomains share the session. The cookie is then `__Secure-<name>`. Default: the host alone. */
  readonly domain?: string
  /** One cookie jar per top-level site (CHIPS), for an app in frames of other sites. Default: false. */
  readonly partitioned?: boolean
  /**
   * Whether cookies are Secure. Default 'auto': per request, when it came over HTTPS as the framework sees it, or as
   * X-Forwarded-Proto says when the app runs behind Drover's balancer.
   */
  readonly secure?: 'auto' | boolean
  /** Field names and JSON of one session together, in bytes of UTF-8. Default: 65536. */
  readonly maxBytes?: number
  /**
   * Refuses requests that change something, carry the session's cookie and come from a page of another site. 'origin'
   * (default): as the browser tells in Sec-Fetch-Site or Origin; clients that tell nothing are let through. 'token': those
   * must bring `session.csrfToken()` in the header X-CSRF-Token. false: nothing is refused.
   */
  readonly csrf?: 'origin' | 'token' | false
  /** Origins, such as `https://admin.example`, whose pages may do what the app's own may. Default: none. */
  readonly trustedOrigins?: readonly string[]
}

export interface SessionPolicy extends Lifetime, CookieShape {
  readonly renewalGraceMs: number
  readonly secure: 'auto' | boolean
  readonly maxBytes: number
  readonly csrf: 'origin' | 'token' | false
  readonly trustedOrigins: ReadonlySet<string>
}

export const sessionDefaults = {
  idle: '1d',
  /** NIST SP 800-63B, AAL1: sign in again every 30 days at the latest. */
  absolute: '30d',
  renewalGrace: '30s',
  cookieName: 'sid',
  sameSite: 'lax',
  partitioned: false,
  secure: 'auto',
  /** A session is read whole by each request that touches it: at 64 KB, 1,000 such requests a second move 64 MB. */
  maxBytes: 65_536,
  csrf: 'origin',
  trustedOrigins: [],
} as const

/** Browsers keep no cookie longer (RFC 6265bis section 5.5); stores rely on it to forget what was revoked. */
const longestAbsoluteMs = 400 * 86_400_000

/** A token (RFC 9110 section 5.6.2) without a prefix that browsers read as a rule (RFC 6265bis section 4.1.3). */
const cookieNamePattern = /^(?!__(?:host|secure|http)-)[\w!#$%&'*+.^`|~-]{1,64}$/i
const domainPattern = /^(?=.{1,253}$)[a-z0-9-]+(?:\.[a-z0-9-]+)+$/i

/** Checks the options and fills in the defaults; throws OPTION_INVALID naming option, value and what was wanted. */
export function readPolicy(options: SessionPolicyOptions): SessionPolicy {
  const wanted = { ...sessionDefaults, ...withoutUndefined(options) }
  const { maxBytes } = wanted
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1)
    throw invalidOption('maxBytes', maxBytes, 'a whole number of bytes above zero')
  const renewalGraceMs = durationOption('renewalGrace', wanted.renewalGrace)
  return Object.freeze({
    ...readLifetime(wanted.idle, wanted.absolute),
    ...readCookie(wanted),
    renewalGraceMs,
    maxBytes,
    csrf: oneOf('csrf', wanted.csrf, ['origin', 'token', false]),
    trustedOrigins: readOrigins(wanted.trustedOrigins),
  })
}

function readLifetime(idle: Duration, absolute: Duration): Lifetime {
  const idleMs = durationOption('idle', idle)
  const absoluteMs = durationOption('absolute', absolute)
  if (absoluteMs > longestAbsoluteMs) throw invalidOption('absolute', absolute, 'at most "400d"')
  if (idleMs > absoluteMs)
    throw invalidOption('idle', idle, `at most absolute, which is ${JSON.stringify(absolute)}`)
  return { idleMs, absoluteMs }
}

type CookieOptions = Pick<
  SessionPolicyOptions,
  'cookieName' | 'sameSite' | 'domain' | 'partitioned' | 'secure'
>

function readCookie(wanted: CookieOptions): CookieShape & Pick<SessionPolicy, 'secure'> {
  const { cookieName, domain } = wanted
  if (typeof cookieName !== 'string' || !cookieNamePattern.test(cookieName)) {
    throw invalidOption(
      'cookieName',
      cookieName,
      'a cookie name of at most 64 characters without a __Host- prefix, such as "sid"',
    )
  }
  if (domain !== undefined && (typeof domain !== 'string' || !domainPattern.test(domain)))
    throw invalidOption('domain', domain, 'a domain such as "example.com"')
  return {
    cookieName,
    domain,
    sameSite: oneOf('sameSite', wanted.sameSite, ['lax', 'strict', 'none']),
    partitioned: oneOf('partitioned', wanted.partitioned, [true, false]),
    secure: oneOf('secure', wanted.secure, ['auto', true, false]),
  }
}

function readOrigins(origins: unknown): ReadonlySet<string> {
  const list: readonly unknown[] = Array.isArray(origins) ? origins : [origins]
  return new Set(
    list.map((origin) => {
      if (typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin)
        return origin
      throw invalidOption('trustedOrigins', origin, 'origins such as "https://admin.example", without a path')
    }),
  )
}

function oneOf<const Value>(name: string, value: unknown, allowed: readonly Value[]): Value {
  const found = allowed.find((one) => one === value)
  if (found !== undefined) return found
  throw invalidOption(
    name,
    value,
    allowed
      .map((one) => JSON.stringify(one))
      .join(', ')
      .replace(/, ([^,]*)$/, ' or $1'),
  )
}

function withoutUndefined(options: SessionPolicyOptions): SessionPolicyOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

/** How a request reached the app. */
export interface Transport {
  /** Whether the framework holds the connection for HTTPS, by its own rules about trusted proxies. */
  readonly encrypted: boolean
  /** The X-Forwarded-Proto header, as received. */
  readonly forwardedProto: string | undefined
}

/**
 * Whether this request's cookie is the Secure one. Forwarded headers count only behind the balancer, which sets them
 * itself: anywhere else a client could write them.
 */
export function isSecure(secure: 'auto' | boolean, transport: Transport, behindBalancer: boolean): boolean {
  if (secure !== 'auto') return secure
  if (transport.encrypted) return true
  // The leftmost protocol is the browser's own; later ones are hops between proxies.
  return behindBalancer && transport.forwardedProto?.split(',')[0]?.trim().toLowerCase() === 'https'
}
