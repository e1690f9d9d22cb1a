// The keys an app's instances share: the first one seals, all of them open, so that keys change without a flag day (R6).
import { createHash, createSecretKey, hkdfSync } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { DroverError } from '../base/errors.ts'

/** One secret of the ring. Its id is made from the secret, so that two instances name the same key alike. */
interface RingKey {
  readonly id: string
  readonly secret: Buffer
}

/** Below 32 bytes a secret is weaker than the AES-256 key that is made from it. */
const leastSecretBytes = 32
const idLength = 8
const mostKeys = 16

/** Where the keys are: a list of base64 secrets, the newest first; or `env:NAME` or `file:PATH` holding such a list. */
export type KeySource = readonly string[] | `env:${string}` | `file:${string}`

/**
 * The shared keys. `id`s and the fingerprint may be shown; secrets never are, also not by console.log or JSON.
 */
export class KeyRing {
  readonly #keys: readonly RingKey[]
  readonly #derived: Map<string, KeyObject> = new Map()

  constructor(secrets: readonly Buffer[]) {
    this.#keys = secrets.map((secret) => ({ id: idOf(secret), secret }))
  }

  /** The id of the key that seals. */
  get currentId(): string {
    return this.#keys[0]?.id ?? ''
  }

  /** Same on two instances exactly when they have the same keys in the same order. */
  get fingerprint(): string {
    const ids = this.#keys.map((key) => key.id).join(' ')
    return createHash('sha256').update(`drover key ring ${ids}`).digest('base64url').slice(0, idLength)
  }

  /**
   * 32 bytes for one purpose, made from key `id` (HKDF-SHA-256, RFC 5869), so that no two uses share a key.
   * As a KeyObject: node:crypto takes five times as long over a key in bytes (19 µs against 4 for an HMAC). Throws KEY_UNKNOWN when the ring has no such key.
   */
  derive(id: string, purpose: string): KeyObject {
    const name = `${id} ${purpose}`
    const known = this.#derived.get(name)
    if (known !== undefined) return known
    const key = this.#keys.find((one) => one.id === id)
    if (key === undefined) throw unknown(id, this.#keys)
    const derived = createSecretKey(Buffer.from(hkdfSync('sha256', key.secret, '', `drover ${purpose}`, 32)))
    this.#derived.set(name, derived)
    return derived
  }
}

/** Reads a ring; throws OPTION_INVALID saying what was wanted, without showing any part of a secret. */
export function readKeyRing(option: string, source: unknown, env: NodeJS.ProcessEnv = process.env): KeyRing {
  const texts = secretTexts(option, source, env)
  if (texts.length === 0 || texts.length > mostKeys)
    throw invalid(option, `wanted 1 to ${mostKeys} keys, got ${texts.length}`)
  const secrets = texts.map((text, index) => secretOf(option, text, index))
  const ids = new Set(secrets.map(idOf))
  if (ids.size < secrets.length) throw invalid(option, 'wanted different keys, got one of them twice')
  return new KeyRing(secrets)
}

function secretTexts(option: string, source: unknown, env: NodeJS.ProcessEnv): readonly unknown[] {
  if (Array.isArray(source)) return source
  const [, kind, name = ''] = /^(env|file):(.+)$/.exec(typeof source === 'string' ? source : '') ?? []
  if (kind === 'env') return listed(option, env[name], `the environment variable ${name}`)
  if (kind === 'file') return listed(option, textOf(option, name), `the file ${JSON.stringify(name)}`)
  throw invalid(option, 'wanted a list of base64 secrets, "env:NAME" or "file:PATH"')
}

function listed(option: string, text: string | undefined, place: string): readonly string[] {
  const words = (text ?? '').split(/[\s,]+/).filter((word) => word !== '')
  if (words.length === 0) throw invalid(option, `${place} holds no key`)
  return words
}

function textOf(option: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw invalid(option, `the file ${JSON.stringify(path)} cannot be read`, cause)
  }
}

function secretOf(option: string, text: unknown, index: number): Buffer {
  const wanted = `wanted at least ${leastSecretBytes} random bytes in base64 (openssl rand -base64 32)`
  if (typeof text !== 'string' || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) {
    throw invalid(option, `key ${index + 1} is not base64: ${wanted}`)
  }
  const secret = Buffer.from(text, 'base64')
  if (secret.length < leastSecretBytes)
    throw invalid(option, `key ${index + 1} has ${secret.length} bytes: ${wanted}`)
  return secret
}

function idOf(secret: Buffer): string {
  return createHash('sha256').update('drover key id ').update(secret).digest('base64url').slice(0, idLength)
}

function unknown(id: string, keys: readonly RingKey[]): DroverError {
  const known = keys.map((key) => key.id).join(', ')
  return new DroverError('KEY_UNKNOWN', `Cannot find key ${JSON.stringify(id)}: this instance has ${known}`)
}

function invalid(option: string, what: string, cause?: unknown): DroverError {
  return new DroverError(
    'OPTION_INVALID',
    `Cannot use ${option}: ${what}`,
    cause === undefined ? {} : { cause },
  )
}
