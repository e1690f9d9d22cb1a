// Keys that an app gives: a JWK set in the environment, a file or a list, or from a hook, such as a key management service.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { calculateJwkThumbprint } from 'jose'
import type { JWK } from 'jose'
import type { Clock } from '../base/clock.ts'
import { DroverError } from '../base/errors.ts'
import { isJsonObject, readJsonObject } from './json-object.ts'
import { hmacKey, isForSigning, keyPair, publicKey, publicPart, remoteKey } from './signing.ts'
import type { RemoteSign, SigningKey, TokenAlgorithm, VerifyKey } from './signing.ts'
import type { TokenKeys } from './token-keys.ts'

/** A key whose private half stays where it is, say in a key management service. */
export interface RemoteKey {
  /** The public half, with the `kid` and the `alg` that tokens are to have. */
  readonly jwk: JWK
  /** The raw signature of these bytes by `alg`: 64 bytes. */
  readonly sign: RemoteSign
}

export type GivenKey = JWK | RemoteKey

/** The first one signs, all verify; a public JWK only verifies. In `env:NAME` and `file:PATH`: `{"keys":[…]}` (RFC 7517 section 5). */
export type GivenKeys =
  | readonly GivenKey[]
  | `env:${string}`
  | `file:${string}`
  | (() => Promise<readonly GivenKey[]>)

interface ReadKeys {
  readonly all: ReadonlyMap<string, VerifyKey>
  readonly signing: SigningKey
  readonly publicJwks: readonly JWK[]
  /** Made from the keys themselves: two that only have one name differ. */
  readonly fingerprint: string
}

const mostKeys = 16
const leastSecretBytes = 32
/** A hook is asked again this often, so that keys can be changed without a restart; and when a token names a key that is not known. */
const askAgainMs = 300_000
/** Such tokens have it asked this often at most, however many they are. */
const askPauseMs = 1_000

export class GivenRing implements TokenKeys {
  readonly #source: () => Promise<readonly GivenKey[]>
  readonly #algorithm: TokenAlgorithm
  readonly #clock: Clock
  readonly #report: (error: unknown) => void
  readonly #isAskedAgain: boolean
  #askedAtMs = -Infinity
  #keys: ReadKeys | undefined
  #reading: Promise<ReadKeys> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  /** Throws OPTION_INVALID for a variable or a file that holds no JWK set. */
  constructor(
    keys: GivenKeys,
    algorithm: TokenAlgorithm,
    { clock, report }: { readonly clock: Clock; readonly report: (error: unknown) => void },
    env: NodeJS.ProcessEnv = process.env,
  ) {
    this.#isAskedAgain = typeof keys === 'function'
    const given = typeof keys === 'function' ? keys : readGiven(keys, env)
    this.#source = typeof given === 'function' ? given : () => Promise.resolve(given)
    this.#algorithm = algorithm
    this.#clock = clock
    this.#report = report
  }

  signingKey(): SigningKey | Promise<SigningKey> {
    return this.#keys?.signing ?? this.#read().then(({ signing }) => signing)
  }

  find(kid: string): VerifyKey | undefined | Promise<VerifyKey | undefined> {
    const known = this.#keys?.all.get(kid)
    if (known !== undefined || !this.#mayKnowMore()) return known
    return this.#read().then(({ all }) => all.get(kid))
  }

  async publicKeys(): Promise<readonly JWK[]> {
    return (this.#keys ?? (await this.#read())).publicJwks
  }

  async fingerprint(): Promise<string> {
    return (this.#keys ?? (await this.#read())).fingerprint
  }

  rotate(): Promise<void> {
    return Promise.reject(invalid('wanted a ring in the store: given keys are changed where they are given'))
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  /** Another instance may have been told of a key that its hook did not have yet when this one asked. */
  #mayKnowMore(): boolean {
    if (this.#keys === undefined) return true
    return this.#isAskedAgain && Math.abs(this.#clock.now() - this.#askedAtMs) >= askPauseMs
  }

  #read(): Promise<ReadKeys> {
    this.#reading ??= this.#readOnce().finally(() => {
      this.#reading = undefined
      if (this.#isAskedAgain && !this.#isClosed) {
        clearTimeout(this.#timer)
        this.#timer = setTimeout(() => void this.#read().catch(this.#report), askAgainMs).unref()
      }
    })
    return this.#reading
  }

  async #readOnce(): Promise<ReadKeys> {
    this.#askedAtMs = this.#clock.now()
    this.#keys = await readKeys(await ask(this.#source), this.#algorithm)
    return this.#keys
  }
}

async function ask(source: () => Promise<readonly GivenKey[]>): Promise<readonly GivenKey[]> {
  try {
    return await source()
  } catch (cause) {
    throw new DroverError('KEYS_UNAVAILABLE', 'Cannot get the token keys: their hook failed', { cause })
  }
}

function readGiven(keys: Exclude<GivenKeys, () => unknown>, env: NodeJS.ProcessEnv): readonly GivenKey[] {
  if (typeof keys !== 'string') return keys
  const [, kind, name = ''] = /^(env|file):(.+)$/.exec(keys) ?? []
  if (kind === undefined) throw invalid('wanted a list of JWKs, "env:NAME", "file:PATH" or a function')
  const place = kind === 'env' ? `the environment variable ${name}` : `the file ${JSON.stringify(name)}`
  const text = kind === 'env' ? env[name] : textOf(name)
  const listed = readJsonObject(Buffer.from(text ?? ''))?.['keys']
  if (!Array.isArray(listed)) throw invalid(`${place} holds no JWK set: wanted {"keys":[…]}`)
  return listed as readonly GivenKey[]
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw invalid(`the file ${JSON.stringify(path)} cannot be read`, cause)
  }
}

async function readKeys(given: readonly GivenKey[], algorithm: TokenAlgorithm): Promise<ReadKeys> {
  if (!Array.isArray(given) || given.length === 0 || given.length > mostKeys)
    throw invalid(`wanted 1 to ${mostKeys} keys`)
  const keys = await Promise.all(given.map((key, index) => readKey(key, index, algorithm)))
  const all = new Map(keys.map(({ key }) => [key.kid, key]))
  if (all.size < keys.length) throw invalid('wanted different keys, got one kid twice')
  const signing = keys[0]?.key
  if (signing === undefined || !('sign' in signing))
    throw invalid('the first one has no private half to sign with')
  return {
    all,
    signing,
    publicJwks: keys.flatMap(({ jwk }) => (jwk === undefined ? [] : [jwk])),
    fingerprint: fingerprintOf(keys.map(({ key, print }) => `${key.kid} ${print}`)),
  }
}

interface ReadKey {
  readonly key: VerifyKey | SigningKey
  readonly jwk: JWK | undefined
  /** A hash of the key: of a secret it tells nothing. */
  readonly print: string
}

async function readKey(given: GivenKey, index: number, algorithm: TokenAlgorithm): Promise<ReadKey> {
  const value: unknown = given
  if (!isJsonObject(value)) throw invalid(`key ${index + 1} is no JWK`)
  const { jwk, sign } = splitKey(given)
  const alg = algorithmOf(jwk, index, algorithm)
  try {
    if (alg === 'HS256') return readSecret(jwk)
    // RFC 7638.
    const print = await calculateJwkThumbprint(jwk)
    const kid = jwk.kid ?? print
    const shown = { ...publicPart(jwk), kid, alg, use: 'sig' }
    if (sign !== undefined) return { key: await remoteKey(kid, alg, jwk, sign), jwk: shown, print }
    const key = 'd' in jwk ? await keyPair(kid, alg, jwk) : await publicKey(kid, alg, jwk)
    return { key, jwk: shown, print }
  } catch (cause) {
    if (cause instanceof DroverError) throw cause
    throw invalid(`key ${index + 1} cannot be used for ${alg}`, cause)
  }
}

function isRemoteKey(given: GivenKey): given is RemoteKey {
  return 'sign' in given && typeof given.sign === 'function'
}

function splitKey(given: GivenKey): { readonly jwk: JWK; readonly sign: RemoteSign | undefined } {
  return isRemoteKey(given) ? given : { jwk: given, sign: undefined }
}

function readSecret({ kid, k }: JWK): ReadKey {
  const secret = Buffer.from(k ?? '', 'base64url')
  if (secret.length < leastSecretBytes) throw invalid(`a secret has less than ${leastSecretBytes} bytes`)
  // Made from the secret, so that two instances name it alike; of the secret it tells nothing.
  const print = createHash('sha256')
    .update('drover token key ')
    .update(secret)
    .digest('base64url')
    .slice(0, 16)
  return { key: hmacKey(kid ?? print, secret), jwk: undefined, print }
}

/** A JWK may say its algorithm, or it is the one that the app has chosen; it must be of the kind of the key. */
function algorithmOf(jwk: JWK, index: number, chosen: TokenAlgorithm): TokenAlgorithm {
  const { alg, kty, crv } = jwk
  const ofKind = { OKP: 'EdDSA', EC: 'ES256', oct: 'HS256' } as const
  const own = Object.entries(ofKind).find(([kind]) => kind === kty)?.[1]
  const fits = own !== 'EdDSA' || crv === 'Ed25519'
  if (own === undefined || !fits || (alg !== undefined && alg !== own))
    throw invalid(`key ${index + 1} is none of EdDSA (Ed25519), ES256 or HS256`)
  if (!isForSigning(jwk)) throw invalid(`key ${index + 1} is not for signatures: its use or key_ops say so`)
  if (index === 0 && own !== chosen) throw invalid(`the first one is for ${own}, wanted one for ${chosen}`)
  return own
}

function fingerprintOf(prints: readonly string[]): string {
  return createHash('sha256')
    .update(`drover given keys ${prints.join(' ')}`)
    .digest('base64url')
    .slice(0, 16)
}

function invalid(what: string, cause?: unknown): DroverError {
  return new DroverError('OPTION_INVALID', `Cannot use keys: ${what}`, cause === undefined ? {} : { cause })
}
