// Verifies tokens of another service, which has the keys: all it needs is the address of the JWKS.
import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import { durationOption } from '../base/durations.ts'
import type { Duration } from '../base/durations.ts'
import { invalidOption } from '../base/errors.ts'
import type { StandardSchema } from '../base/standard-schema.ts'
import { warn } from '../base/warning.ts'
import { AccessChecks } from './access-checks.ts'
import type { AccessToken, VerifyOptions } from './access-checks.ts'
import {
  audiencesOption,
  checkStore,
  maxBytesOption,
  readFeedPolicy,
  refuseUnknown,
  skewOption,
  textOption,
  tokenDefaults,
} from './options.ts'
import type { WhenCut } from './options.ts'
import { RemoteKeys } from './remote-keys.ts'
import { Revocations } from './revocations.ts'
import type { VerifyAlgorithm } from './signing.ts'
import type { TokenStore } from './token-store.ts'
import type { TokenReader } from './tokens.ts'

export interface TokenVerifierOptions<Claims extends object = Record<string, unknown>> {
  /** Where the issuer answers with its public keys: https, or http on this machine. */
  readonly jwksUrl: string | URL
  /** The `iss` of its tokens. */
  readonly issuer: string
  /** Who we are: a token must be for one of these. */
  readonly audience: string | readonly string[]
  /** The shape of the app's own claims. Default: none. */
  readonly claims?: StandardSchema<Claims>
  /** What may be signed with; each key has one of these. Default: EdDSA and ES256. */
  readonly algorithms?: readonly Exclude<VerifyAlgorithm, 'HS256'>[]
  /** The issuer's store, so that what it revokes is refused here within milliseconds. Default: tokens are good until they end. */
  readonly store?: TokenStore
  /** With a store: where its feed is cut or lags. Default: 'look up'. */
  readonly whenCut?: WhenCut
  /** With a store: a feed that is further behind counts as cut. Default: 5 s. */
  readonly longestLag?: Duration
  /** With a store: so many revocations are remembered. Default: 1,000,000. */
  readonly mostRevocations?: number
  /** By how much clocks may differ. Default: 5 s. */
  readonly skew?: Duration
  /** Tokens that live longer are refused. Default: 1 day. */
  readonly longestAccess?: Duration
  /** The largest token, in bytes. Default: 4096. */
  readonly maxBytes?: number
  /** How long a fetch of the keys may take. Default: 5 s. */
  readonly timeout?: Duration
  /** So long keys are believed while their address does not answer. Default: 1 day. */
  readonly longestStale?: Duration
  /** Fetches the keys. Default: the global fetch. */
  readonly fetch?: typeof fetch
  /** Told of what fails in the background. Default: a process warning. */
  readonly onError?: (error: unknown) => void
  /** The time, for tests. Default: the system's. */
  readonly clock?: Clock
}

const optionNames: Readonly<Record<keyof TokenVerifierOptions, true>> = {
  jwksUrl: true,
  issuer: true,
  audience: true,
  claims: true,
  algorithms: true,
  store: true,
  whenCut: true,
  longestLag: true,
  mostRevocations: true,
  skew: true,
  longestAccess: true,
  maxBytes: true,
  timeout: true,
  longestStale: true,
  fetch: true,
  onError: true,
  clock: true,
}

/** Verifies tokens that somebody else issues. Hand it to an adapter, such as `expressTokens` of `drover/express`. */
export class TokenVerifier<Claims extends object = Record<string, unknown>> implements TokenReader<Claims> {
  readonly #checks: AccessChecks<Claims>
  readonly #keys: RemoteKeys
  readonly #revocations: Revocations | undefined
  readonly #store: TokenStore | undefined
  readonly #report: (error: unknown) => void

  constructor(options: TokenVerifierOptions<Claims>) {
    const { store, clock = systemClock, onError: report = warn, claims } = options
    const feed = readFeedPolicy(options)
    this.#store = store
    this.#report = report
    this.#keys = remoteKeys(options, clock, report)
    this.#revocations = store && new Revocations({ store, clock, report, ...feed })
    this.#checks = new AccessChecks({
      keys: this.#keys,
      expected: {
        issuer: textOption('issuer', options.issuer),
        audiences: audiencesOption(options.audience),
        skewMs: skewOption(options.skew),
        longestMs: durationOption('longestAccess', options.longestAccess ?? '1d'),
        needsFamily: store !== undefined,
      },
      maxBytes: maxBytesOption(options.maxBytes),
      schema: claims,
      revocations: store && this.#revocations && { known: this.#revocations, store },
      whenCut: feed.whenCut,
      clock,
    })
  }

  verify(accessToken: unknown, options?: VerifyOptions): Promise<AccessToken<Claims>> {
    return this.#checks.verify(accessToken, options)
  }

  recheck(accessToken: string, options?: VerifyOptions): () => Promise<void> {
    return this.#checks.recheck(accessToken, options)
  }

  report(error: unknown): void {
    this.#report(error)
  }

  /** Resolves once this instance knows what was revoked. The keys are fetched with the first token. */
  async ready(): Promise<void> {
    await this.#revocations?.ready()
  }

  /** Follows no more, and releases the store. Idempotent. */
  async close(): Promise<void> {
    this.#revocations?.close()
    await this.#store?.close()
  }
}

/** Options are checked at once: throws OPTION_INVALID. Keys are fetched with the first token. */
export function tokenVerifier<Claims extends object = Record<string, unknown>>(
  options: TokenVerifierOptions<Claims>,
): TokenVerifier<Claims> {
  refuseUnknown(options, optionNames)
  if (options.store !== undefined) checkStore(options.store)
  return new TokenVerifier(options)
}

const known: readonly VerifyAlgorithm[] = ['EdDSA', 'Ed25519', 'ES256', 'ES384', 'RS256', 'PS256']

function remoteKeys(
  options: Pick<TokenVerifierOptions, 'jwksUrl' | 'algorithms' | 'timeout' | 'longestStale' | 'fetch'>,
  clock: Clock,
  report: (error: unknown) => void,
): RemoteKeys {
  const algorithms: readonly VerifyAlgorithm[] = options.algorithms ?? [tokenDefaults.algorithm, 'ES256']
  const unknown = algorithms.find((one) => !known.includes(one))
  if (unknown !== undefined || algorithms.length === 0)
    throw invalidOption('algorithms', options.algorithms, `some of ${known.join(', ')}`)
  return new RemoteKeys({
    url: readUrl(options.jwksUrl),
    algorithms,
    timeoutMs: durationOption('timeout', options.timeout ?? '5s'),
    longestStaleMs: durationOption('longestStale', options.longestStale ?? '1d'),
    fetch: options.fetch ?? fetch,
    clock,
    report,
  })
}

/** Keys that come over a line that others can change are anybody's keys. */
function readUrl(value: unknown): URL {
  const text = value instanceof URL ? value.href : value
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  const isLocal = url !== undefined && /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(url.hostname)
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return url
  throw invalidOption('jwksUrl', text, 'an https address, or http on this machine')
}
