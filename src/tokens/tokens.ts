// The tokens of one app: issued by any instance, checked by each without asking, refreshed, and revoked everywhere at once.
import type { StandardSchema } from '../base/standard-schema.ts'
import { AccessChecks } from './access-checks.ts'
import type { AccessToken, VerifyOptions } from './access-checks.ts'
import { DroverError, invalidOption } from '../base/errors.ts'
import { tellToken } from './events.ts'
import { readSignIn, writeSignIn } from './family-text.ts'
import type { SignIn } from './family-text.ts'
import { checkClaims, checkScopeWords, signAccess } from './issued.ts'
import type { TokenPair } from './issued.ts'
import { jwksAnswer } from './jwks.ts'
import type { JwksAnswer } from './jwks.ts'
import type { TokenPolicy, TokensOptions } from './options.ts'
import { isVouchedFor } from './own-claims.ts'
import { invalidToken, revokedToken } from './refusal.ts'
import {
  asFamilyKey,
  newFamilyKey,
  principalTag,
  readRefreshToken,
  writeRefreshToken,
} from './refresh-token.ts'
import { Revocations } from './revocations.ts'
import type { FeedState } from './revocations.ts'
import type { RotateOptions, TokenKeys } from './token-keys.ts'
import type { LiveFamily } from './token-store.ts'

export interface IssueOptions<Claims extends object> {
  /** The app's own claims. Every token carries them: keep them few. */
  readonly claims?: Claims
  /** What the tokens are good for (RFC 6749 section 3.3). Default: nothing in particular. */
  readonly scopes?: readonly string[]
  /** When the user proved who they are, if that was earlier. Default: now. */
  readonly authenticatedAt?: Date
}

export interface RevokeAllTokensOptions {
  /** A token, or its family, that stays. */
  readonly except?: string | AccessToken<object> | TokenPair
}

/** What verifies tokens: `Tokens`, or `tokenVerifier()`. */
export interface TokenReader<Claims extends object> {
  /**
   * The token, when it is authentic, for us, in time, not revoked, and has the scopes. Rejects with TOKEN_INVALID, TOKEN_EXPIRED,
   * TOKEN_REVOKED (401), TOKEN_SCOPE_MISSING (403), and with 503 where it cannot be told: STORE_UNAVAILABLE, REVOCATIONS_UNKNOWN,
   * KEYS_UNAVAILABLE.
   */
  verify(accessToken: unknown, options?: VerifyOptions): Promise<AccessToken<Claims>>
  /**
   * For what stays open with a token that `verify` has accepted, to be asked again and again: whether it still is in time and not revoked,
   * and by one of our keys. Its signature, the dear part, is checked once for as long as its key is the same. Scopes and the app's own claims
   * are not looked at. What it returns rejects as `verify` does.
   */
  recheck(accessToken: string, options?: VerifyOptions): () => Promise<void>
  /** For adapters: tells the operator of a failure that the client only sees as an error answer. */
  report(error: unknown): void
}

export interface TokensParts<Claims extends object> {
  readonly policy: TokenPolicy
  readonly keys: TokenKeys
  readonly schema: StandardSchema<Claims> | undefined
  readonly onRefresh: TokensOptions<Claims>['onRefresh']
}

/** An app's tokens. Hand them to an adapter, such as `expressTokens` of `drover/express`. */
export class Tokens<Claims extends object = Record<string, unknown>> implements TokenReader<Claims> {
  readonly #parts: TokensParts<Claims>
  readonly #revocations: Revocations
  readonly #checks: AccessChecks<Claims>

  constructor(parts: TokensParts<Claims>) {
    this.#parts = parts
    const { policy, keys, schema } = parts
    const { store, clock, report, feed, issuer, audiences, skewMs, longestAccessMs, maxBytes } = policy
    this.#revocations = new Revocations({ store, clock, report, ...feed })
    this.#checks = new AccessChecks({
      keys,
      expected: { issuer, audiences, skewMs, longestMs: longestAccessMs, needsFamily: true },
      maxBytes,
      schema,
      revocations: { known: this.#revocations, store },
      whenCut: feed.whenCut,
      clock,
    })
  }

  /**
   * Signs a principal in: a new family with its first tokens. Rejects with TOKEN_CLAIMS_INVALID, TOKEN_TOO_LARGE, and with
   * STORE_UNAVAILABLE, and then there are no tokens.
   */
  async issue(principal: string, options: IssueOptions<Claims> = {}): Promise<TokenPair> {
    if (typeof principal !== 'string' || principal === '')
      throw invalidOption('principal', principal, 'a text')
    const { policy, schema, keys } = this.#parts
    const nowMs = policy.clock.now()
    const authenticatedAtMs = options.authenticatedAt?.getTime() ?? nowMs
    if (!Number.isFinite(authenticatedAtMs))
      throw invalidOption('authenticatedAt', options.authenticatedAt, 'a valid Date')
    const signIn: SignIn = {
      principal,
      claims: await checkClaims(options.claims ?? {}, schema),
      scopes: checkScopeWords(options.scopes ?? []),
      authenticatedAtMs,
    }
    // Without a key there must be no family that nobody knows of.
    await keys.signingKey()
    const key = newFamilyKey(principal)
    const family = {
      text: writeSignIn(signIn),
      idleDeadlineMs: nowMs + (policy.refreshMs ?? policy.accessMs),
      absoluteDeadlineMs: nowMs + (policy.refreshMs === undefined ? policy.accessMs : policy.absoluteMs),
    }
    const mark = await policy.store.createFamily(key, family)
    return this.#pair(key, signIn, { ...family, generation: 1, mark })
  }

  verify(accessToken: unknown, options?: VerifyOptions): Promise<AccessToken<Claims>> {
    return this.#checks.verify(accessToken, options)
  }

  recheck(accessToken: string, options?: VerifyOptions): () => Promise<void> {
    return this.#checks.recheck(accessToken, options)
  }

  /**
   * New tokens for a refresh token, which is replaced. Requests that race with one token all get the same next one. A token that was replaced
   * longer than `grace` ago is a replay: its family is revoked everywhere, and `drover:token:replayed` is told. Rejects with TOKEN_INVALID,
   * TOKEN_REVOKED, TOKEN_REPLAYED (401), and with STORE_UNAVAILABLE or KEY_UNKNOWN (503), after which the same token
   * is to be sent again. Whatever it rejects with, do not clear cookies: by now the browser may have newer ones.
   */
  async refresh(refreshToken: unknown): Promise<TokenPair> {
    const { policy } = this.#parts
    if (policy.refreshMs === undefined) throw invalidToken('there are no refresh tokens here')
    const { family: key, generation } = readRefreshToken(refreshToken, policy.secrets)
    const before = await policy.store.loadFamily(key)
    if (before === undefined) throw revokedToken()
    const signIn = readSignIn(before.text)
    // Whatever can fail comes before the turn: who is told of an outage sends the token again, and later than the grace that would be a replay.
    const next = { ...before, generation: generation + 1 }
    const pair = await this.#pair(key, await this.#refreshed(signIn), next)
    const outcome = await policy.store.advanceFamily(key, {
      generation,
      graceMs: policy.graceMs,
      idleDeadlineMs: policy.clock.now() + policy.refreshMs,
      revokedUntilMs: this.#revokedUntilMs(),
    })
    if (outcome.status === 'gone') throw revokedToken()
    if (outcome.status === 'replayed') throw this.#replayed(key, signIn.principal)
    return { ...pair, refreshExpiresAt: new Date(outcome.family.idleDeadlineMs) }
  }

  /** Ends the family of a token on every instance. Takes what `verify`, `issue` or `refresh` gave, or the family's name. */
  async revoke(token: string | AccessToken<object> | TokenPair): Promise<void> {
    const family = familyOf(token)
    const untilMs = this.#revokedUntilMs()
    await this.#parts.policy.store.endFamily(family, untilMs)
    this.#revocations.remember({ kind: 'family', family, untilMs })
    tellToken('revoked', family)
  }

  /** Ends every family of a principal in one step; `except` stays. Later sign-ins are not touched. */
  async revokeAll(principal: string, { except }: RevokeAllTokensOptions = {}): Promise<void> {
    const kept = except === undefined ? undefined : familyOf(except)
    const { store } = this.#parts.policy
    const revocation = await store.endFamilies(principalTag(principal), this.#revokedUntilMs(), kept)
    this.#revocations.remember(revocation)
    tellToken('revoked', '*', principal)
  }

  /** The public keys, for whoever verifies elsewhere: to be answered at an address of yours, such as `/.well-known/jwks.json`. */
  async jwks(): Promise<JwksAnswer> {
    const { keys, policy } = this.#parts
    return jwksAnswer(await keys.publicKeys(), policy.propagationMs)
  }

  /** A new key, or all of them. What others verify by is known in time, unless `dropOthers` says that there is none. */
  rotateKeys(options: RotateOptions = {}): Promise<void> {
    return this.#parts.keys.rotate(options)
  }

  /** Resolves once this instance has its keys and knows what was revoked: a good time to become ready. */
  async ready(): Promise<void> {
    await this.#parts.keys.signingKey()
    await this.#revocations.ready()
  }

  /**
   * The same on every instance that shares keys, secrets and what tokens are to say (R6). Give it to `drover/instance`, so that
   * one that differs is refused by name.
   */
  async fingerprint(): Promise<string> {
    const { policy, keys } = this.#parts
    const secrets = policy.secrets.fingerprint
    return [policy.issuer, policy.audiences.join(' '), secrets, await keys.fingerprint()].join(' | ')
  }

  report(error: unknown): void {
    this.#parts.policy.report(error)
  }

  /** How well this instance knows what was revoked. */
  get feed(): FeedState {
    return this.#revocations.state
  }

  /** Follows no more, and releases the store. Idempotent. */
  async close(): Promise<void> {
    this.#revocations.close()
    this.#parts.keys.close()
    await this.#parts.policy.store.close()
  }

  async #pair(family: string, signIn: SignIn, live: Omit<LiveFamily, 'text'>): Promise<TokenPair> {
    const { policy, keys } = this.#parts
    const issuedAtMs = policy.clock.now()
    const expiresAtMs = Math.min(issuedAtMs + policy.accessMs, live.absoluteDeadlineMs)
    const grant = { ...signIn, family, mark: live.mark, issuedAtMs, expiresAtMs }
    const hasRefresh = policy.refreshMs !== undefined
    return {
      accessToken: await signAccess(grant, await keys.signingKey(), policy),
      refreshToken: hasRefresh
        ? writeRefreshToken({ family, generation: live.generation }, policy.secrets)
        : undefined,
      accessExpiresAt: new Date(expiresAtMs),
      refreshExpiresAt: hasRefresh ? new Date(live.idleDeadlineMs) : undefined,
      scopes: signIn.scopes,
      family,
    }
  }

  async #refreshed(signIn: SignIn): Promise<SignIn> {
    const { onRefresh, schema } = this.#parts
    const { principal, claims, scopes } = signIn
    // Checked as they were issued.
    if (onRefresh === undefined || !isVouchedFor(claims, schema)) return signIn
    const changed = await onRefresh({ principal, claims, scopes })
    return {
      ...signIn,
      claims: changed.claims === undefined ? claims : await checkClaims(changed.claims, schema),
      scopes: changed.scopes === undefined ? scopes : checkScopeWords(changed.scopes),
    }
  }

  #replayed(family: string, principal: string): DroverError {
    this.#revocations.remember({ kind: 'family', family, untilMs: this.#revokedUntilMs() })
    tellToken('replayed', family, principal)
    return new DroverError(
      'TOKEN_REPLAYED',
      'Cannot refresh: the token was replaced long ago, so its family is revoked',
    )
  }

  /** No token of it that is taken anywhere lives longer. */
  #revokedUntilMs(): number {
    const { clock, longestAccessMs, skewMs } = this.#parts.policy
    return clock.now() + longestAccessMs + 2 * skewMs
  }
}

function familyOf(token: string | AccessToken<object> | TokenPair): string {
  const family = typeof token === 'string' ? token : token.family
  if (family === undefined) throw invalidToken('it belongs to no family')
  return asFamilyKey(family)
}
