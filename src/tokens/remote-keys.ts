// Another service's public keys, by the address of its JWKS: fetched when needed, kept as long as its answer says.
import type { JWK } from 'jose'
import type { Clock } from '../base/clock.ts'
import { DroverError } from '../base/errors.ts'
import { readJsonObject, isJsonObject } from './json-object.ts'
import { isForSigning, publicKey } from './signing.ts'
import type { VerifyAlgorithm, VerifyKey } from './signing.ts'
import type { KeyFinder } from './token-keys.ts'

export interface RemoteKeysSettings {
  readonly url: URL
  readonly algorithms: readonly VerifyAlgorithm[]
  readonly timeoutMs: number
  /** Without an answer for so long, keys are not believed any more. */
  readonly longestStaleMs: number
  readonly fetch: typeof fetch
  readonly clock: Clock
  readonly report: (error: unknown) => void
}

interface FetchedKeys {
  readonly keys: ReadonlyMap<string, VerifyKey>
  readonly fetchedAtMs: number
  readonly freshUntilMs: number
}

const mostBytes = 65_536
const mostKeys = 64
/** Tokens that name unknown keys cause no more than this many fetches. */
const leastPauseMs = 5_000
const [leastFreshMs, mostFreshMs, defaultFreshMs] = [10_000, 3_600_000, 300_000]

export class RemoteKeys implements KeyFinder {
  readonly #settings: RemoteKeysSettings
  #fetched: FetchedKeys | undefined
  #fetching: Promise<FetchedKeys> | undefined
  #triedAtMs = -Infinity

  constructor(settings: RemoteKeysSettings) {
    this.#settings = settings
  }

  find(kid: string): VerifyKey | undefined | Promise<VerifyKey | undefined> {
    const nowMs = this.#settings.clock.now()
    const fetched = this.#fetched
    if (fetched === undefined || nowMs - fetched.fetchedAtMs > this.#settings.longestStaleMs)
      return this.#fetch().then(({ keys }) => keys.get(kid))
    const key = fetched.keys.get(kid)
    const isPaused = nowMs - this.#triedAtMs < leastPauseMs
    if (key === undefined && !isPaused) return this.#fetch().then(({ keys }) => keys.get(kid))
    // What is stale is fetched beside, so that no request waits for it.
    if (nowMs >= fetched.freshUntilMs && !isPaused) void this.#fetch().catch(this.#settings.report)
    return key
  }

  close(): void {
    // There is no timer: keys are fetched only when they are asked for.
  }

  #fetch(): Promise<FetchedKeys> {
    this.#fetching ??= this.#fetchOnce().finally(() => {
      this.#fetching = undefined
    })
    return this.#fetching
  }

  async #fetchOnce(): Promise<FetchedKeys> {
    const { clock, url, timeoutMs } = this.#settings
    this.#triedAtMs = clock.now()
    try {
      // A redirect could lead anywhere: the address is the one that was configured (RFC 8725 section 3.10).
      const response = await this.#settings.fetch(url, {
        headers: { accept: 'application/jwk-set+json, application/json' },
        redirect: 'error',
        signal: AbortSignal.timeout(timeoutMs),
      })
      if (!response.ok) throw new Error(`it answered ${response.status}`)
      const keys = await this.#import(readKeySet(await bodyOf(response)))
      const freshMs = freshnessOf(response.headers.get('cache-control'))
      const fetchedAtMs = clock.now()
      this.#fetched = { keys, fetchedAtMs, freshUntilMs: fetchedAtMs + freshMs }
      return this.#fetched
    } catch (cause) {
      throw new DroverError('KEYS_UNAVAILABLE', `Cannot get the keys of ${url.origin}${url.pathname}`, {
        cause,
      })
    }
  }

  /** Only signing keys with a name and an algorithm that is wanted; others are somebody else's, and one whose private half is shown is everybody's. */
  async #import(jwks: readonly JWK[]): Promise<ReadonlyMap<string, VerifyKey>> {
    const wanted = jwks.flatMap((jwk) => {
      const alg = this.#settings.algorithms.find((one) => one === (jwk.alg ?? algorithmOf(jwk)))
      const isForUs = isForSigning(jwk) && typeof jwk.kid === 'string' && !('d' in jwk)
      return alg === undefined || !isForUs ? [] : [publicKey(jwk.kid ?? '', alg, jwk)]
    })
    const keys = await Promise.allSettled(wanted)
    return new Map(keys.flatMap((key) => (key.status === 'fulfilled' ? [[key.value.kid, key.value]] : [])))
  }
}

/** A key without `alg` has one of its kind; RSA keys must say theirs. */
function algorithmOf({ kty, crv }: JWK): string | undefined {
  if (kty === 'OKP' && crv === 'Ed25519') return 'EdDSA'
  if (kty !== 'EC') return undefined
  return crv === 'P-256' ? 'ES256' : 'ES384'
}

function readKeySet(body: Buffer): readonly JWK[] {
  const keys = readJsonObject(body)?.['keys']
  if (!Array.isArray(keys) || keys.length > mostKeys)
    throw new Error('it is no JWK set, or has too many keys')
  return keys.filter(isJsonObject)
}

async function bodyOf(response: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body ?? []) {
    size += chunk.length
    if (size > mostBytes) throw new Error(`it has more than ${mostBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function freshnessOf(cacheControl: string | null): number {
  if (/\bno-(?:store|cache)\b/i.test(cacheControl ?? '')) return leastFreshMs
  const seconds = /\bmax-age=(\d{1,9})\b/i.exec(cacheControl ?? '')?.[1]
  if (seconds === undefined) return defaultFreshMs
  return Math.min(mostFreshMs, Math.max(leastFreshMs, Number(seconds) * 1_000))
}
