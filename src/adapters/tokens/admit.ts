// Finds the token of a request and has it verified: what every adapter does the same way.
import { DroverError } from '../../base/errors.ts'
import { instanceVariable } from '../../base/wire.ts'
import { isSafe, judgeOrigin } from '../../session/csrf.ts'
import type { AccessToken, VerifyOptions } from '../../tokens/access-checks.ts'
import { accessTokenIn } from '../../tokens/responses.ts'
import type { TokenCookieOptions } from '../../tokens/responses.ts'
import type { TokenReader } from '../../tokens/tokens.ts'
import { errorAnswer } from '../error-answer.ts'
import type { ErrorAnswer } from '../error-answer.ts'
import { judgedMethod } from '../incoming.ts'

export interface TokenRouteOptions extends VerifyOptions {
  /** Whether a request without a token is refused (401). One that brings a token must bring a good one. Default: true. */
  readonly required?: boolean
  /**
   * Whether the token may come in the cookie of `tokenCookies`, as that was made. A request that changes something, and was caused by a page
   * of another site, is then refused (403). Default: false, only in the Authorization header.
   */
  readonly cookies?: boolean | TokenCookieOptions
  /** With cookies: origins, such as `https://admin.example`, whose pages may do what the app's own may. Default: none. */
  readonly trustedOrigins?: readonly string[]
}

/** What an adapter tells of a request. */
export interface TokenRequest {
  readonly method: string
  /** A header by its lower-case name. */
  readonly header: (name: string) => string | undefined
}

/** What is to become of the request. */
export type Admission = { readonly isAdmitted: true; readonly isPrivate: boolean } | ErrorAnswer

/** RFC 6750 section 2.1; the scheme without regard to case (RFC 9110 section 11.1). */
const bearer = /^bearer +([\w.~+/-]+=*) *$/i

/**
 * Verifies the request's token, and keeps it with `holder`, where `tokenOf` finds it. An answer instead where it is not admitted. Rejects only with what is no
 * error of ours.
 */
export async function admitToken<Claims extends object>(
  reader: TokenReader<Claims>,
  holder: object,
  request: TokenRequest,
  options: TokenRouteOptions,
): Promise<Admission> {
  try {
    const { isCookie } = await judgeToken(reader, holder, request, options)
    return { isAdmitted: true, isPrivate: isCookie }
  } catch (error) {
    if (!(error instanceof DroverError)) throw error
    reportOutage(reader, error)
    return errorAnswer(error)
  }
}

/** Refusals are everyday; what only looks like one to a client is for the operator. */
export function reportOutage(reader: TokenReader<object>, error: unknown): void {
  if (!(error instanceof DroverError) || error.status >= 500) reader.report(error)
}

/** The same, with what the request brought; rejects where it is not admitted. */
export async function judgeToken<Claims extends object>(
  reader: TokenReader<Claims>,
  holder: object,
  request: TokenRequest,
  options: TokenRouteOptions,
): Promise<JudgedToken<Claims>> {
  const { text, isCookie } = tokenIn(request, options)
  if (text === undefined && options.required !== false) throw missing()
  const token = text === undefined ? undefined : await reader.verify(text, options)
  keep(reader, holder, token)
  return { text, token, isCookie }
}

export interface JudgedToken<Claims extends object> extends FoundToken {
  /** Undefined for a visitor. */
  readonly token: AccessToken<Claims> | undefined
}

interface FoundToken {
  readonly text: string | undefined
  /** Whether the answer depends on a cookie, so that no shared cache may store it. */
  readonly isCookie: boolean
}

function tokenIn(request: TokenRequest, options: TokenRouteOptions): FoundToken {
  const authorization = request.header('authorization')
  // A scheme of ours with something else behind it is no visitor's: it brings a token that is none.
  const isOurs = authorization !== undefined && /^bearer(?: |$)/i.test(authorization)
  const inHeader = isOurs ? (bearer.exec(authorization)?.[1] ?? '') : undefined
  const { cookies = false } = options
  if (inHeader !== undefined || cookies === false) return { text: inHeader, isCookie: false }
  const text = accessTokenIn(request.header('cookie'), cookies === true ? {} : cookies)
  if (text !== undefined) refuseForged(request, options)
  return { text, isCookie: true }
}

/** A browser adds cookies to requests that other pages cause; nothing adds an Authorization header. */
function refuseForged(request: TokenRequest, { trustedOrigins = [] }: TokenRouteOptions): void {
  const { header } = request
  const method = judgedMethod(request.method, header)
  if (isSafe(method)) return
  const forwardedHost = process.env[instanceVariable] === undefined ? undefined : header('x-forwarded-host')
  const verdict = judgeOrigin(
    { site: header('sec-fetch-site'), origin: header('origin'), host: forwardedHost ?? header('host') },
    new Set(trustedOrigins),
  )
  if (verdict === 'foreign')
    throw new DroverError('CSRF_REFUSED', `Cannot accept ${method}: a page of another site has caused it`)
}

/** Where a request keeps the token of each reader. Not by the request in a WeakMap: those live until a full collection. */
const places = new WeakMap<object, symbol>()

function keep(reader: object, holder: object, token: AccessToken<object> | undefined): void {
  let place = places.get(reader)
  if (place === undefined) places.set(reader, (place = Symbol('token')))
  Object.defineProperty(holder, place, { configurable: true, value: token })
}

/** The token that `reader` has verified for this request; undefined when it brought none. */
export function heldToken<Claims extends object>(
  holder: object,
  reader: TokenReader<Claims>,
): AccessToken<Claims> | undefined {
  const place = places.get(reader)
  const held: unknown = place === undefined ? undefined : Reflect.get(holder, place)
  return isTokenOf(reader, held) ? held : undefined
}

/** Only `keep` writes there, and what it writes is of this reader. */
function isTokenOf<Claims extends object>(
  _reader: TokenReader<Claims>,
  held: unknown,
): held is AccessToken<Claims> {
  return held !== undefined
}

/** The same, where there must be one: throws TOKEN_MISSING. */
export function requiredToken<Claims extends object>(
  holder: object,
  reader: TokenReader<Claims>,
): AccessToken<Claims> {
  const token = heldToken(holder, reader)
  if (token === undefined) throw missing()
  return token
}

function missing(): DroverError {
  return new DroverError('TOKEN_MISSING', 'Cannot serve the request: it brings no access token')
}
