// Makes access tokens: what they say, checked before it is signed.
import { randomBytes } from 'node:crypto'
import { DroverError } from '../base/errors.ts'
import type { StandardSchema } from '../base/standard-schema.ts'
import { issuesText } from '../base/standard-schema.ts'
import { accessType, reservedClaims } from './claims.ts'
import type { SignIn } from './family-text.ts'
import { isJsonObject } from './json-object.ts'
import type { JsonObject } from './json-object.ts'
import type { TokenPolicy } from './options.ts'
import type { SigningKey } from './signing.ts'

/** What a sign-in or a refresh gives to the client. */
export interface TokenPair {
  readonly accessToken: string
  /** Undefined with `refresh: false`. */
  readonly refreshToken: string | undefined
  readonly accessExpiresAt: Date
  /** A refresh token that is not used ends then. */
  readonly refreshExpiresAt: Date | undefined
  readonly scopes: readonly string[]
  /** The family: the `sid` of its access tokens. `revoke` takes it. */
  readonly family: string
}

/** The part of the policy that shapes an access token. */
type Shape = Pick<TokenPolicy, 'issuer' | 'audiences' | 'maxBytes'>

export interface AccessGrant extends SignIn {
  readonly family: string
  readonly mark: number
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

const tokenIdBytes = 12
const scopePattern = /^[\x21\x23-\x5b\x5d-\x7e]+$/

/** Rejects with TOKEN_CLAIMS_INVALID, or TOKEN_TOO_LARGE. */
export async function signAccess(grant: AccessGrant, key: SigningKey, shape: Shape): Promise<string> {
  const token = await key.sign({ alg: key.alg, kid: key.kid, typ: accessType }, payloadOf(grant, shape))
  if (token.length <= shape.maxBytes) return token
  throw new DroverError(
    'TOKEN_TOO_LARGE',
    `Cannot issue the token: it has ${token.length} bytes, wanted at most ${shape.maxBytes}`,
  )
}

/** RFC 9068 section 2.2. Times are whole seconds: the end is not rounded up. */
function payloadOf(grant: AccessGrant, { issuer, audiences }: Shape): string {
  const [audience = ''] = audiences
  return JSON.stringify({
    ...grant.claims,
    iss: issuer,
    sub: grant.principal,
    aud: audiences.length === 1 ? audience : audiences,
    client_id: audience,
    iat: Math.floor(grant.issuedAtMs / 1_000),
    exp: Math.floor(grant.expiresAtMs / 1_000),
    jti: randomBytes(tokenIdBytes).toString('base64url'),
    sid: grant.family,
    mark: grant.mark,
    auth_time: Math.floor(grant.authenticatedAtMs / 1_000),
    ...(grant.scopes.length === 0 ? {} : { scope: grant.scopes.join(' ') }),
  })
}

/** Claims as JSON has them. Rejects with TOKEN_CLAIMS_INVALID. */
export async function checkClaims(
  claims: object,
  schema: StandardSchema<object> | undefined,
): Promise<JsonObject> {
  const own = asJson(claims)
  if (!isJsonObject(own)) throw unfit('wanted an object')
  // Looked for in what JSON makes of them: a toJSON may say more than its object.
  const reserved = reservedClaims.find((name) => Object.hasOwn(own, name))
  if (reserved !== undefined) throw unfit(`${reserved} is a claim of the token itself`)
  // As it will be read: what JSON changes, as it does a Date, must fit then.
  const result = await schema?.['~standard'].validate(own)
  if (result?.issues !== undefined)
    throw unfit(`they do not fit their schema at ${issuesText(result.issues)}`)
  return own
}

function asJson(claims: object): unknown {
  try {
    return JSON.parse(JSON.stringify(claims))
  } catch (cause) {
    throw unfit('JSON has no text for them', cause)
  }
}

/** RFC 6749 section 3.3. */
export function checkScopeWords(scopes: readonly string[]): readonly string[] {
  const wrong = scopes.find((scope) => typeof scope !== 'string' || !scopePattern.test(scope))
  if (wrong !== undefined) throw unfit(`the scope ${JSON.stringify(wrong)} is no word of printable ASCII`)
  return [...new Set(scopes)]
}

function unfit(what: string, cause?: unknown): DroverError {
  const options = cause === undefined ? {} : { cause }
  return new DroverError('TOKEN_CLAIMS_INVALID', `Cannot issue claims: ${what}`, options)
}
