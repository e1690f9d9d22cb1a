// What an app may say about its tokens: read, checked and completed once.
import { systemClock } from '../base/clock.ts'
import type { Clock } from '../base/clock.ts'
import { durationOption } from '../base/durations.ts'
import type { Duration } from '../base/durations.ts'
import { DroverError, invalidOption } from '../base/errors.ts'
import { hasMethods } from '../base/methods.ts'
import type { StandardSchema } from '../base/standard-schema.ts'
import { warn } from '../base/warning.ts'
import type { GivenKeys } from './given-ring.ts'
import { readKeyRing } from './key-ring.ts'
import type { KeyRing, KeySource } from './key-ring.ts'
import type { TokenAlgorithm } from './signing.ts'
import type { TokenStore } from './token-store.ts'

/**
 * What to do with a token while the feed of revocations is cut or lags. 'look up': ask the store whether its family lives.
 * 'refuse': 503. `{ acceptFor }`: take it, unless it is known to be revoked, for so long after the feed was last heard of.
 */
export type WhenCut = 'look up' | 'refuse' | { readonly acceptFor: Duration }

/** What a refresh may change of a sign-in. */
export interface RefreshedFamily<Claims> {
  readonly principal: string
  readonly claims: Claims
  readonly scopes: readonly string[]
}

export interface TokensOptions<Claims extends object = Record<string, unknown>> {
  /** Where key ring, families and revocations rest: `redisTokenStore`, `postgresTokenStore`, `sqliteTokenStore`, or your own. */
  readonly store: TokenStore
  /**
   * Base64 secrets of at least 32 bytes, or `env:NAME` or `file:PATH` with such a list: the first one seals the ring's private keys and
   * makes refresh tokens, all open and check them. The same list may serve `encryptionKeys` of sessions: each use has its own key.
   */
  readonly secrets: KeySource
  /** Who issues: the `iss` of tokens, usually a URL. */
  readonly issuer: string
  /** Whom tokens are for: their `aud`. A token is taken if it is for one of these. */
  readonly audience: string | readonly string[]
  /** The shape of an app's own claims: any Standard Schema. Checked before they are issued, and when they are read. Default: none. */
  readonly claims?: StandardSchema<Claims>
  /** How long an access token lives; 1 day at most. Default: 5 min. */
  readonly access?: Duration
  /** How long a refresh token that is not used lives; false: there are none. Default: 30 days. */
  readonly refresh?: Duration | false
  /** A sign-in ends after this long, however busy it is; 400 days at most. Default: 90 days. */
  readonly absolute?: Duration
  /**
   * How long a refresh token still works after it was replaced, for requests that raced and answers that got lost: they get the same
   * successor. Later it is a replay. Default: 30 s.
   */
  readonly grace?: Duration
  /** By how much the clocks of those who issue and verify may differ. Default: 5 s. */
  readonly skew?: Duration
  /** The largest token, in bytes. Default: 4096. */
  readonly maxBytes?: number
  /** Of keys that are made from now on. HS256 is for who issues and verifies alike: it has no JWKS. Default: 'EdDSA'. */
  readonly algorithm?: TokenAlgorithm
  /**
   * Keys of your own in place of a ring in the store: a JWK set in the environment or a file (`env:NAME`, `file:PATH`), a list,
   * or a hook. The first one signs, all verify. Default: a ring in the store, made by whoever comes first.
   */
  readonly keys?: GivenKeys
  /** The ring's name in the store, where apps share one. Default: 'main'. */
  readonly ring?: string
  /** A key of the ring is replaced at this age. Default: 30 days. */
  readonly rotate?: Duration
  /** A new key is published this long before it signs; the JWKS may be cached for half of it. Default: 10 min. */
  readonly propagation?: Duration
  /** Where the feed of revocations is cut or lags. Routes may say otherwise. Default: 'look up'. */
  readonly whenCut?: WhenCut
  /** A feed that is further behind counts as cut. Default: 5 s. */
  readonly longestLag?: Duration
  /** So many revocations are remembered, of families and of principals each; with more, the feed counts as cut. Default: 1,000,000. */
  readonly mostRevocations?: number
  /** The claims and scopes of a sign-in that is refreshed, so that a changed role is in the next access token. Default: as issued. */
  readonly onRefresh?: (
    family: RefreshedFamily<Claims>,
  ) => Partial<RefreshedFamily<Claims>> | Promise<Partial<RefreshedFamily<Claims>>>
  /** Told of what fails in the background. Default: a process warning. */
  readonly onError?: (error: unknown) => void
  /** The time, for tests. Default: the system's. */
  readonly clock?: Clock
}

/** The options of `tokens()`, read. */
export interface TokenPolicy {
  readonly store: TokenStore
  readonly secrets: KeyRing
  readonly issuer: string
  readonly audiences: readonly string[]
  readonly accessMs: number
  /** Undefined: no refresh tokens. */
  readonly refreshMs: number | undefined
  readonly absoluteMs: number
  readonly graceMs: number
  readonly skewMs: number
  /** No token that is taken lives longer, and no revocation is forgotten earlier. */
  readonly longestAccessMs: number
  readonly maxBytes: number
  readonly algorithm: TokenAlgorithm
  readonly ring: string
  readonly rotateMs: number
  readonly propagationMs: number
  readonly feed: FeedPolicy
  readonly report: (error: unknown) => void
  readonly clock: Clock
}

export interface FeedPolicy {
  readonly whenCut: CutRule
  readonly longestLagMs: number
  readonly mostRevocations: number
}

/** `WhenCut`, read. */
export type CutRule = 'look up' | 'refuse' | { readonly acceptForMs: number }

export const tokenDefaults = {
  access: '5m',
  refresh: '30d',
  absolute: '90d',
  grace: '30s',
  skew: '5s',
  /** What a browser keeps of one cookie, and far more than a token should have. */
  maxBytes: 4_096,
  algorithm: 'EdDSA',
  ring: 'main',
  rotate: '30d',
  propagation: '10m',
  whenCut: 'look up',
  longestLag: '5s',
  mostRevocations: 1_000_000,
} as const

const optionNames: Readonly<Record<keyof TokensOptions, true>> = {
  store: true,
  secrets: true,
  issuer: true,
  audience: true,
  claims: true,
  access: true,
  refresh: true,
  absolute: true,
  grace: true,
  skew: true,
  maxBytes: true,
  algorithm: true,
  keys: true,
  ring: true,
  rotate: true,
  propagation: true,
  whenCut: true,
  longestLag: true,
  mostRevocations: true,
  onRefresh: true,
  onError: true,
  clock: true,
}

const longestAccessMs = 86_400_000
const longestAbsoluteMs = 400 * 86_400_000
/** Revocations are kept for an hour even where tokens live shorter, so that instances with another `access` agree during a deploy. */
const leastKeptMs = 3_600_000

/** Checks the options and fills in the defaults; throws OPTION_INVALID naming option, value and what was wanted. */
export function readTokensOptions(options: Omit<TokensOptions, 'claims' | 'onRefresh'>): TokenPolicy {
  refuseUnknown(options, optionNames)
  const { store, issuer, onError: report = warn, clock = systemClock } = options
  checkStore(store)
  const accessMs = atMost('access', options.access ?? tokenDefaults.access, longestAccessMs)
  const absoluteMs = atMost('absolute', options.absolute ?? tokenDefaults.absolute, longestAbsoluteMs)
  const refreshMs = readRefresh(options.refresh ?? tokenDefaults.refresh, accessMs, absoluteMs)
  const algorithm = options.algorithm ?? tokenDefaults.algorithm
  if (!['EdDSA', 'ES256', 'HS256'].includes(algorithm))
    throw invalidOption('algorithm', algorithm, '"EdDSA", "ES256" or "HS256"')
  return Object.freeze({
    store,
    secrets: readKeyRing('secrets', options.secrets),
    issuer: textOption('issuer', issuer),
    audiences: audiencesOption(options.audience),
    accessMs,
    refreshMs,
    absoluteMs,
    graceMs: durationOption('grace', options.grace ?? tokenDefaults.grace),
    skewMs: skewOption(options.skew),
    longestAccessMs: Math.max(accessMs, leastKeptMs),
    maxBytes: maxBytesOption(options.maxBytes),
    algorithm,
    ring: textOption('ring', options.ring ?? tokenDefaults.ring),
    rotateMs: durationOption('rotate', options.rotate ?? tokenDefaults.rotate),
    propagationMs: durationOption('propagation', options.propagation ?? tokenDefaults.propagation),
    feed: readFeedPolicy(options),
    report,
    clock,
  })
}

export function readFeedPolicy(
  options: Pick<TokensOptions, 'whenCut' | 'longestLag' | 'mostRevocations'>,
): FeedPolicy {
  const { mostRevocations = tokenDefaults.mostRevocations } = options
  if (!Number.isSafeInteger(mostRevocations) || mostRevocations < 1)
    throw invalidOption('mostRevocations', mostRevocations, 'a whole number above zero')
  return {
    whenCut: readWhenCut(options.whenCut ?? tokenDefaults.whenCut),
    longestLagMs: durationOption('longestLag', options.longestLag ?? tokenDefaults.longestLag),
    mostRevocations,
  }
}

export function readWhenCut(whenCut: WhenCut): CutRule {
  if (whenCut === 'look up' || whenCut === 'refuse') return whenCut
  const given: unknown = whenCut
  if (typeof given === 'object' && given !== null && 'acceptFor' in given)
    return { acceptForMs: durationOption('whenCut.acceptFor', given.acceptFor) }
  throw invalidOption('whenCut', whenCut, '"look up", "refuse" or { acceptFor: "30s" }')
}

export function refuseUnknown(options: object, known: Readonly<Record<string, true>>): void {
  const unknown = Object.keys(options).find((name) => known[name] !== true)
  if (unknown === undefined) return
  const names = Object.keys(known).join(', ')
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot use option ${JSON.stringify(unknown)}: wanted one of ${names}`,
  )
}

export function textOption(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw invalidOption(name, value, 'a text')
}

export function audiencesOption(audience: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(audience) ? audience : [audience]
  if (list.length === 0) throw invalidOption('audience', audience, 'a text, or a list of them')
  return list.map((one) => textOption('audience', one))
}

export function maxBytesOption(maxBytes: number = tokenDefaults.maxBytes): number {
  if (Number.isSafeInteger(maxBytes) && maxBytes >= 256) return maxBytes
  throw invalidOption('maxBytes', maxBytes, 'a whole number of bytes from 256 up')
}

/** Zero is a skew too, where one server does everything. */
export function skewOption(skew: Duration = tokenDefaults.skew): number {
  return skew === 0 ? 0 : atMost('skew', skew, 600_000)
}

function readRefresh(refresh: Duration | false, accessMs: number, absoluteMs: number): number | undefined {
  if (refresh === false) return undefined
  const refreshMs = atMost('refresh', refresh, absoluteMs)
  if (refreshMs < accessMs) throw invalidOption('refresh', refresh, 'at least as long as access')
  return refreshMs
}

function atMost(name: string, value: unknown, mostMs: number): number {
  const durationMs = durationOption(name, value)
  if (durationMs <= mostMs) return durationMs
  throw invalidOption(name, value, `at most ${mostMs / 60_000} minutes`)
}

const storeMethods = [
  'loadKeys',
  'saveKeys',
  'createFamily',
  'loadFamily',
  'advanceFamily',
  'endFamily',
  'endFamilies',
  'follow',
  'close',
] as const satisfies readonly (keyof TokenStore)[]

export function checkStore(store: unknown): void {
  if (hasMethods(store, storeMethods)) return
  throw new DroverError(
    'OPTION_INVALID',
    'Cannot keep tokens in store: wanted a TokenStore, such as redisTokenStore("redis://HOST:PORT") of drover/redis',
  )
}
