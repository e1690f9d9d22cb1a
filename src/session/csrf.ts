// Cross-site request forgery: judged first by what the browser itself says of a request's origin, which no page can forge;
// a token is for clients that say nothing.
import { timingSafeEqual } from 'node:crypto'
import type { RandomBytes } from './id.ts'

/** What a request tells of where it came from. */
export interface RequestOrigin {
  /** Sec-Fetch-Site (W3C Fetch Metadata). */
  readonly site: string | undefined
  readonly origin: string | undefined
  /** The host the client asked for, with its port where there is one. */
  readonly host: string | undefined
}

/** 'unknown': the client said nothing, so it is no browser of this decade, or no browser at all. */
export type OriginVerdict = 'same' | 'foreign' | 'unknown'

/** These change nothing (RFC 9110 section 9.2.1). */
const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** Whether a method changes nothing, so that nobody gains by forging it. */
export function isSafe(method: string): boolean {
  return safeMethods.has(method)
}

/**
 * Whether a request that changes something may have been made by a page of somebody else. `trusted`: origins such as
 * `https://admin.example`.
 */
export function judgeOrigin(request: RequestOrigin, trusted: ReadonlySet<string>): OriginVerdict {
  const { site, origin, host } = request
  if (origin !== undefined && trusted.has(origin)) return 'same'
  // 'none': typed, bookmarked or dropped by the user. A sibling subdomain ('same-site') may be somebody else's.
  if (site !== undefined) return site === 'same-origin' || site === 'none' ? 'same' : 'foreign'
  if (origin === undefined) return 'unknown'
  // The scheme is not compared: behind a TLS terminator the app does not know its own.
  return host !== undefined && hostOf(origin) === host.toLowerCase() ? 'same' : 'foreign'
}

/** 'null', as sandboxed pages send, has none. */
function hostOf(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined
}

const tokenBytes = 16

/** A session's own secret, as base64url. */
export function newCsrfSecret(randomBytes: RandomBytes): string {
  return Buffer.from(randomBytes(tokenBytes)).toString('base64url')
}

/** A token for one page: other text each time, so that a compressed answer does not give it away (BREACH). */
export function csrfToken(secret: string, randomBytes: RandomBytes): string {
  const pad = Buffer.from(randomBytes(tokenBytes))
  return Buffer.concat([pad, xor(Buffer.from(secret, 'base64url'), pad)]).toString('base64url')
}

export function isCsrfToken(token: unknown, secret: string): boolean {
  if (typeof token !== 'string' || token.length > 64) return false
  const bytes = Buffer.from(token, 'base64url')
  const wanted = Buffer.from(secret, 'base64url')
  if (bytes.length !== 2 * tokenBytes || wanted.length !== tokenBytes) return false
  return timingSafeEqual(xor(bytes.subarray(tokenBytes), bytes.subarray(0, tokenBytes)), wanted)
}

function xor(bytes: Uint8Array, pad: Uint8Array): Buffer {
  return Buffer.from(bytes.map((byte, index) => byte ^ (pad[index] ?? 0)))
}
