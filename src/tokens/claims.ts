// What a token says, and whether it counts now: pure functions of its payload, of what is expected, and of the time.
import { DroverError } from '../base/errors.ts'
import { isType } from './compact.ts'
import type { CompactToken } from './compact.ts'
import { readJsonObject } from './json-object.ts'
import type { JsonObject } from './json-object.ts'
import { invalidToken } from './refusal.ts'

/** Of access tokens (RFC 9068 section 2.1), so that no other token of this issuer is taken for one (RFC 8725 section 3.11). */
export const accessType = 'at+jwt'

/** What tokens say by themselves. An app's own claims have other names. */
export const reservedClaims = [
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'sid',
  'mark',
  'scope',
  'auth_time',
  'client_id',
] as const

const reserved: ReadonlySet<string> = new Set(reservedClaims)

/** What an access token must say here. */
export interface Expected {
  readonly issuer: string
  /** The token must be for one of these. */
  readonly audiences: readonly string[]
  /** By how much clocks may differ. */
  readonly skewMs: number
  /** Tokens that live longer are not taken: a revocation could be forgotten before they end. */
  readonly longestMs: number
  /** Whether a token must belong to a family, so that it can be revoked. */
  readonly needsFamily: boolean
}

/** An access token's own words, checked. */
export interface AccessClaims {
  readonly principal: string
  readonly tokenId: string
  /** The family's key and the principal's mark; undefined where another issuer has none. */
  readonly family: { readonly key: string; readonly mark: number } | undefined
  readonly scopes: readonly string[]
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  readonly authenticatedAtMs: number | undefined
  /** All but the reserved ones. */
  readonly own: JsonObject
}

/** Of an authentic token. Throws TOKEN_INVALID or TOKEN_EXPIRED. */
export function readAccessClaims(token: CompactToken, expected: Expected, nowMs: number): AccessClaims {
  if (!isType(token.typ, accessType)) throw invalidToken(`its typ is not ${accessType}`)
  const payload = readJsonObject(token.payload)
  if (payload === undefined) throw invalidToken('its payload is no JSON object, or names a member twice')
  checkParties(payload, expected)
  const { issuedAtMs, expiresAtMs, authenticatedAtMs } = readTimes(payload, expected, nowMs)
  return {
    issuedAtMs,
    expiresAtMs,
    authenticatedAtMs,
    principal: text(payload, 'sub'),
    tokenId: text(payload, 'jti'),
    family: readFamily(payload, expected.needsFamily),
    scopes: readScopes(payload['scope']),
    own: ownOf(payload),
  }
}

function ownOf(payload: JsonObject): JsonObject {
  const own: Record<string, unknown> = {}
  for (const name of Object.keys(payload)) {
    // An assignment to this one would be something else; no honest claim has the name.
    if (name === '__proto__') throw invalidToken('it has a claim named __proto__')
    if (!reserved.has(name)) own[name] = payload[name]
  }
  return own
}

function checkParties({ iss, aud }: JsonObject, { issuer, audiences }: Expected): void {
  if (iss !== issuer) throw invalidToken('it is from another issuer')
  const meant: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  if (!meant.some((one) => audiences.some((ours) => ours === one)))
    throw invalidToken('it is for another audience')
}

function readTimes(
  payload: JsonObject,
  { skewMs, longestMs }: Expected,
  nowMs: number,
): Pick<AccessClaims, 'issuedAtMs' | 'expiresAtMs' | 'authenticatedAtMs'> {
  const expiresAtMs = timeMs(payload, 'exp')
  const issuedAtMs = timeMs(payload, 'iat')
  const notBeforeMs = payload['nbf'] === undefined ? issuedAtMs : timeMs(payload, 'nbf')
  const authenticatedAtMs = payload['auth_time'] === undefined ? undefined : timeMs(payload, 'auth_time')
  if (nowMs >= expiresAtMs + skewMs)
    throw new DroverError('TOKEN_EXPIRED', 'Cannot accept the token: its time is over')
  if (nowMs < Math.max(notBeforeMs, issuedAtMs) - skewMs) throw invalidToken('its time has not come')
  if (expiresAtMs - issuedAtMs > longestMs) throw invalidToken('it lives longer than tokens may here')
  return { issuedAtMs, expiresAtMs, authenticatedAtMs }
}

/** RFC 7519 section 2, NumericDate: seconds, perhaps with a fraction. */
function timeMs(payload: JsonObject, name: string): number {
  const seconds = payload[name]
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0)
    throw invalidToken(`its ${name} is no time`)
  return seconds * 1_000
}

function text(payload: JsonObject, name: string): string {
  const value = payload[name]
  if (typeof value !== 'string' || value === '') throw invalidToken(`it has no ${name}`)
  return value
}

const familyPattern = /^[\w-]{16}\.[\w-]{32}$/

export function isFamilyKey(word: string): boolean {
  return familyPattern.test(word)
}

function readFamily({ sid, mark }: JsonObject, needsFamily: boolean): AccessClaims['family'] {
  const isWhole = typeof mark === 'number' && Number.isSafeInteger(mark) && mark >= 0
  if (typeof sid === 'string' && isFamilyKey(sid) && isWhole) return { key: sid, mark }
  if (needsFamily) throw invalidToken('it belongs to no family')
  return undefined
}

/** RFC 6749 section 3.3: words between single spaces. */
function readScopes(scope: unknown): readonly string[] {
  if (scope === undefined || scope === '') return []
  if (typeof scope !== 'string') throw invalidToken('its scope is no text')
  return scope.split(' ').filter((word) => word !== '')
}

/** Throws TOKEN_SCOPE_MISSING unless the token has every scope. */
export function checkScopes(scopes: readonly string[], wanted: readonly string[]): void {
  if (wanted.every((scope) => scopes.includes(scope))) return
  const missing = wanted.filter((scope) => !scopes.includes(scope))
  const words = wanted.join(' ')
  throw new DroverError(
    'TOKEN_SCOPE_MISSING',
    `Cannot accept the token: it lacks ${JSON.stringify(missing.join(' '))}`,
    { headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${words}"` } },
  )
}
