// Everything that is asked of an access token, in order: shape, key, signature, claims, revocation, scopes.
import type { Clock } from '../base/clock.ts'
import { durationOption } from '../base/durations.ts'
import type { Duration } from '../base/durations.ts'
import { DroverError } from '../base/errors.ts'
import type { SchemaResult, StandardSchema } from '../base/standard-schema.ts'
import { issuesText } from '../base/standard-schema.ts'
import { checkScopes, readAccessClaims } from './claims.ts'
import type { AccessClaims, Expected } from './claims.ts'
import { parseCompact } from './compact.ts'
import type { CompactToken } from './compact.ts'
import { readWhenCut } from './options.ts'
import type { CutRule, WhenCut } from './options.ts'
import { readOwnClaims } from './own-claims.ts'
import { invalidToken, revokedToken } from './refusal.ts'
import { isRevoked } from './revoked.ts'
import type { RevocationSource } from './revoked.ts'
import { checkSignature } from './signing.ts'
import type { VerifyKey } from './signing.ts'
import type { KeyFinder } from './token-keys.ts'

/** An access token that counts. */
export interface AccessToken<Claims extends object = Record<string, unknown>> {
  /** The signed-in user: `sub`. */
  readonly principal: string
  /** The app's own claims. */
  readonly claims: Claims
  readonly scopes: readonly string[]
  /** The family: `sid`. `revoke` takes it. Undefined for tokens of other issuers. */
  readonly family: string | undefined
  /** `jti`. */
  readonly tokenId: string
  readonly issuedAt: Date
  readonly expiresAt: Date
  /** When the user signed in: `auth_time`. */
  readonly authenticatedAt: Date | undefined
}

export interface VerifyOptions {
  /** Scopes that the token must all have. Default: none. */
  readonly scopes?: readonly string[]
  /** For this route, where the feed of revocations is cut or lags. Default: that of the tokens. */
  readonly whenCut?: WhenCut
  /** The user must have signed in within this time, as before something dangerous (RFC 9470). Default: any time. */
  readonly signedInWithin?: Duration
}

export interface AccessSettings<Claims extends object> {
  readonly keys: KeyFinder
  readonly expected: Expected
  readonly maxBytes: number
  readonly schema: StandardSchema<Claims> | undefined
  readonly revocations: RevocationSource | undefined
  readonly whenCut: CutRule
  readonly clock: Clock
}

export class AccessChecks<Claims extends object> {
  readonly #settings: AccessSettings<Claims>
  /** Read once for each options object: routes keep theirs. */
  readonly #rules = new WeakMap<VerifyOptions, CutRule>()

  constructor(settings: AccessSettings<Claims>) {
    this.#settings = settings
  }

  async verify(text: unknown, options: VerifyOptions = {}): Promise<AccessToken<Claims>> {
    const { maxBytes, expected, clock } = this.#settings
    const token = parseCompact(text, maxBytes)
    const signed = this.#checkSigned(token)
    if (signed instanceof Promise) await signed
    const nowMs = clock.now()
    const claims = readAccessClaims(token, expected, nowMs)
    const read = this.#own(claims)
    const own = read instanceof Promise ? await read : read
    const revoked = this.#checkRevoked(claims, this.#ruleOf(options), nowMs)
    if (revoked instanceof Promise) await revoked
    checkScopes(claims.scopes, options.scopes ?? [])
    checkAge(claims, options, nowMs)
    return shown(claims, own)
  }

  /** See TokenReader. */
  recheck(text: string, options: VerifyOptions = {}): () => Promise<void> {
    const { maxBytes, expected, clock } = this.#settings
    let signedBy: VerifyKey | undefined
    return async () => {
      const token = parseCompact(text, maxBytes)
      const key = await this.#keyOf(token)
      if (key !== signedBy) checkSignature(token, key)
      signedBy = key
      const nowMs = clock.now()
      const claims = readAccessClaims(token, expected, nowMs)
      await this.#checkRevoked(claims, this.#ruleOf(options), nowMs)
    }
  }

  #checkSigned(token: CompactToken): void | Promise<void> {
    const key = this.#keyOf(token)
    return key instanceof Promise
      ? key.then((found) => checkSignature(token, found))
      : checkSignature(token, key)
  }

  #keyOf({ kid }: CompactToken): VerifyKey | Promise<VerifyKey> {
    if (kid === undefined) throw invalidToken('it names no key')
    const key = this.#settings.keys.find(kid)
    return key instanceof Promise ? key.then((found) => found ?? unknownKey()) : (key ?? unknownKey())
  }

  #own({ own }: AccessClaims): Claims | Promise<Claims> {
    const read = readOwnClaims(own, this.#settings.schema)
    return read instanceof Promise ? read.then(fitting) : fitting(read)
  }

  #checkRevoked({ family }: AccessClaims, rule: CutRule, nowMs: number): void | Promise<void> {
    const { revocations } = this.#settings
    if (revocations === undefined || family === undefined) return
    const isOver = isRevoked(revocations, family, rule, nowMs)
    if (isOver instanceof Promise) return isOver.then(refuseRevoked)
    refuseRevoked(isOver)
  }

  #ruleOf(options: VerifyOptions): CutRule {
    if (options.whenCut === undefined) return this.#settings.whenCut
    const known = this.#rules.get(options)
    if (known !== undefined) return known
    const rule = readWhenCut(options.whenCut)
    this.#rules.set(options, rule)
    return rule
  }
}

function fitting<Claims>(result: SchemaResult<Claims>): Claims {
  if (result.issues === undefined) return result.value
  throw invalidToken(`its claims do not fit at ${issuesText(result.issues)}`)
}

function refuseRevoked(isOver: boolean): void {
  if (isOver) throw revokedToken()
}

/** Tokens cannot bring keys, or have them fetched (RFC 8725 section 3.10). */
function unknownKey(): never {
  throw invalidToken('its key is none of ours')
}

function checkAge(
  { authenticatedAtMs, issuedAtMs }: AccessClaims,
  { signedInWithin }: VerifyOptions,
  nowMs: number,
): void {
  if (signedInWithin === undefined) return
  const ageMs = nowMs - (authenticatedAtMs ?? issuedAtMs)
  if (ageMs <= durationOption('signedInWithin', signedInWithin)) return
  throw new DroverError('TOKEN_EXPIRED', 'Cannot accept the token: its sign-in is too long ago', {
    headers: { 'www-authenticate': 'Bearer error="insufficient_user_authentication"' },
  })
}

function shown<Claims extends object>(claims: AccessClaims, own: Claims): AccessToken<Claims> {
  const { principal, scopes, family, tokenId, issuedAtMs, expiresAtMs, authenticatedAtMs } = claims
  return {
    principal,
    claims: own,
    scopes,
    family: family?.key,
    tokenId,
    issuedAt: new Date(issuedAtMs),
    expiresAt: new Date(expiresAtMs),
    authenticatedAt: authenticatedAtMs === undefined ? undefined : new Date(authenticatedAtMs),
  }
}
