// Keys that an app gives: a JWK set in the environment, a file or a list, or from a hook, such as a key management service.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { calculateJwkThumbprint } from 'jose'
import type { JWK } from 'jose'
import { DroverError } from '../base/errors.ts'
import { isJsonObject, readJsonObject } from './json-object.ts'
import { hmacKey, keyPair, publicKey, publicPart, remoteKey } from './signing.ts'
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
}

const mostKeys = 16
const leastSecretBytes = 32
/** A hook is asked again this often, so that keys can be changed without a restart. */
const askAgainMs = 300_000

export class GivenRing implements TokenKeys {
  readonly #source: () => Promise<readonly GivenKey[]>
  readonly #algorithm: TokenAlgorithm
  readonly #report: (error: unknown) => void
  readonly #isAskedAgain: boolean
  #keys: ReadKeys | undefined
  #reading: Promise<ReadKeys> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  /** Throws OPTION_INVALID for a variable or a file that holds no JWK set. */
  constructor(
    keys: GivenKeys,
    algorithm: TokenAlgorithm,
    report: (error: unknown) => void,
    env: NodeJS.ProcessEnv = process.env,
  ) {
    this.#isAskedAgain = typeof keys === 'function'
    const given = typeof keys === 'function' ? keys : readGiven(keys, env)
    this.#source = typeof given === 'function' ? given : () => Promise.resolve(given)
    this.#algorithm = algorithm
    this.#report = report
  }

  signingKey(): SigningKey | Promise<SigningKey> {
    return this.#keys?.signing ?? this.#read().then(({ signing }) => signing)
  }

  find(kid: string): VerifyKey | undefined | Promise<VerifyKey | undefined> {
    return this.#keys === undefined ? this.#read().then(({ all }) => all.get(kid)) : this.#keys.all.get(kid)
  }

  async publicKeys(): Promise<readonly JWK[]> {
    return (this.#keys ?? (await this.#read())).publicJwks
  }

  async fingerprint(): Promise<string> {
    const { all } = this.#keys ?? (await this.#read())
    return fingerprintOf([...all.keys()])
  }

  rotate(): Promise<void> {
    return Promise.reject(invalid('wanted a ring in the store: given keys are changed where they are given'))
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
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
  return { all, signing, publicJwks: keys.flatMap(({ jwk }) => (jwk === undefined ? [] : [jwk])) }
}

interface ReadKey {
  readonly key: VerifyKey | SigningKey
  readonly jwk: JWK | undefined
}

async function readKey(given: GivenKey, index: number, algorithm: TokenAlgorithm): Promise<ReadKey> {
  const value: unknown = given
  if (!isJsonObject(value)) throw invalid(`key ${index + 1} is no JWK`)
  const { jwk, sign } = splitKey(given)
  const alg = algorithmOf(jwk, index, algorithm)
  try {
    if (alg === 'HS256') return { key: secretKey(jwk), jwk: undefined }
    const kid = jwk.kid ?? (await calculateJwkThumbprint(jwk))
    const shown = { ...publicPart(jwk), kid, alg, use: 'sig' }
    if (sign !== undefined) return { key: await remoteKey(kid, alg, jwk, sign), jwk: shown }
    const key = 'd' in jwk ? await keyPair(kid, alg, jwk) : await publicKey(kid, alg, jwk)
    return { key, jwk: shown }
  } catch (cause) {
    if (cause instanceof DroverError) throw cause
    throw invalid(`key ${index + 1} cannot be used for ${alg}`, cause)
  }
}

function splitKey(given: GivenKey): { readonly jwk: JWK; readonly sign: RemoteSign | undefined } {
  return 'sign' in given && typeof given.sign === 'function'
    ? { jwk: given.jwk as JWK, sign: given.sign as RemoteSign }
    : { jwk: given as JWK, sign: undefined }
}

function secretKey({ kid, k }: JWK): SigningKey {
  const secret = Buffer.from(String(k ?? ''), 'base64url')
  if (secret.length < leastSecretBytes) throw invalid(`a secret has less than ${leastSecretBytes} bytes`)
  // Made from the secret, so that two instances name it alike; of the secret it tells nothing.
  const id = createHash('sha256').update('drover token key ').update(secret).digest('base64url').slice(0, 16)
  return hmacKey(kid ?? id, secret)
}

/** A JWK may say its algorithm, or it is the one that the app has chosen; it must be of the kind of the key. */
function algorithmOf({ alg, kty, crv }: JWK, index: number, chosen: TokenAlgorithm): TokenAlgorithm {
  const ofKind = { OKP: 'EdDSA', EC: 'ES256', oct: 'HS256' } as const
  const own = Object.entries(ofKind).find(([kind]) => kind === kty)?.[1]
  const fits = own !== 'EdDSA' || crv === 'Ed25519'
  if (own === undefined || !fits || (alg !== undefined && alg !== own))
    throw invalid(`key ${index + 1} is none of EdDSA (Ed25519), ES256 or HS256`)
  if (index === 0 && own !== chosen) throw invalid(`the first one is for ${own}, wanted one for ${chosen}`)
  return own
}

function fingerprintOf(kids: readonly string[]): string {
  return createHash('sha256')
    .update(`drover given keys ${kids.join(' ')}`)
    .digest('base64url')
    .slice(0, 16)
}

function invalid(what: string, cause?: unknown): DroverError {
  return new DroverError('OPTION_INVALID', `Cannot use keys: ${what}`, cause === undefined ? {} : { cause })
}
