// What an app decides about its sessions: lifetimes, cookie, size. Read once, frozen, then trusted.
import { DroverError } from '../base/errors.ts'
import { durationOption } from '../base/durations.ts'
import type { Duration } from '../base/durations.ts'
import type { Lifetime } from './expiry.ts'

export interface SessionPolicyOptions {
  /** A session unused for this long ends. Default: 1 day. */
  readonly idle?: Duration
  /** A session ends this long after it began or signed in, however busy it is. Default: 30 days. */
  readonly absolute?: Duration
  /** The cookie's name; on a secure connection it is sent as `__Host-<name>`. Default: `sid`. */
  readonly cookieName?: string
  /**
   * Whether cookies are Secure. Default 'auto': per request, when it came over HTTPS as the framework sees it, or as
   * X-Forwarded-Proto says when the app runs behind Drover's balancer.
   */
  readonly secure?: 'auto' | boolean
  /** Field names and JSON of one session together, in bytes of UTF-8. Default: 65536. */
  readonly maxBytes?: number
}

export interface SessionPolicy extends Lifetime {
  readonly cookieName: string
  readonly secure: 'auto' | boolean
  readonly maxBytes: number
}

export const sessionDefaults = {
  idle: '1d',
  /** NIST SP 800-63B, AAL1: sign in again every 30 days at the latest. */
  absolute: '30d',
  cookieName: 'sid',
  secure: 'auto',
  /** A session is read whole by each request that touches it: at 64 KB, 1,000 such requests a second move 64 MB. */
  maxBytes: 65_536,
} as const

/** A token (RFC 9110 section 5.6.2) without a prefix that browsers read as a rule (RFC 6265bis section 4.1.3). */
const cookieNamePattern = /^(?!__(?:host|secure|http)-)[\w!#$%&'*+.^`|~-]{1,64}$/i

/** Checks the options and fills in the defaults; throws OPTION_INVALID naming option, value and what was wanted. */
export function readPolicy(options: SessionPolicyOptions): SessionPolicy {
  const wanted = { ...sessionDefaults, ...withoutUndefined(options) }
  const idleMs = durationOption('idle', wanted.idle)
  const absoluteMs = durationOption('absolute', wanted.absolute)
  if (idleMs > absoluteMs) {
    throw invalid('idle', wanted.idle, `at most absolute, which is ${JSON.stringify(wanted.absolute)}`)
  }
  const { cookieName, secure, maxBytes } = wanted
  if (typeof cookieName !== 'string' || !cookieNamePattern.test(cookieName)) {
    throw invalid(
      'cookieName',
      cookieName,
      'a cookie name of at most 64 characters without a __Host- prefix, such as "sid"',
    )
  }
  if (secure !== 'auto' && typeof secure !== 'boolean')
    throw invalid('secure', secure, '"auto", true or false')
  if (!Number.isSafeInteger(maxBytes) || maxBytes < 1)
    throw invalid('maxBytes', maxBytes, 'a whole number of bytes above zero')
  return Object.freeze({ idleMs, absoluteMs, cookieName, secure, maxBytes })
}

function withoutUndefined(options: SessionPolicyOptions): SessionPolicyOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function invalid(name: string, value: unknown, wanted: string): DroverError {
  return new DroverError('OPTION_INVALID', `Cannot use ${name} ${JSON.stringify(value)}: wanted ${wanted}`)
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
