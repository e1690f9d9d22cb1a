// The shared key ring as it rests in the store: public keys as they are, private ones sealed with the app's secrets.
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import { generateKeyPair, exportJWK } from 'jose'
import type { JWK } from 'jose'
import { DroverError } from '../base/errors.ts'
import { isJsonObject, readJsonObject } from './json-object.ts'
import type { KeyRing } from './key-ring.ts'
import { hmacKey, keyPair, publicPart } from './signing.ts'
import type { SigningKey, TokenAlgorithm } from './signing.ts'

/** One key of the ring. */
export interface RingKey {
  readonly kid: string
  readonly alg: TokenAlgorithm
  readonly createdAtMs: number
  /** From here on it signs, until a newer one does. Before, it only verifies, so that all know it in time. */
  readonly signsFromMs: number
  /** For whoever verifies; undefined for a secret. */
  readonly publicJwk: JWK | undefined
  /** `<id of the secret>.<base64url of nonce, ciphertext, tag>`: the private JWK, for AES-256-GCM with the kid beside it. */
  readonly sealed: string
}

export interface RingRecord {
  /** Made with the ring: the same for all who share it. */
  readonly id: string
  /** The oldest first. */
  readonly keys: readonly RingKey[]
}

const format = 1
const idBytes = 12
const secretBytes = 32
const nonceBytes = 12
const tagBytes = 16
const purpose = 'token signing keys'
const algorithms: readonly unknown[] = ['EdDSA', 'ES256', 'HS256'] satisfies TokenAlgorithm[]

export function newRingId(): string {
  return randomBytes(idBytes).toString('base64url')
}

export async function newRingKey(
  alg: TokenAlgorithm,
  secrets: KeyRing,
  createdAtMs: number,
  signsFromMs: number,
): Promise<RingKey> {
  const kid = newRingId()
  const jwk = await newJwk(alg)
  const publicJwk = alg === 'HS256' ? undefined : publicPart(jwk)
  return { kid, alg, createdAtMs, signsFromMs, publicJwk, sealed: seal(secrets, kid, JSON.stringify(jwk)) }
}

async function newJwk(alg: TokenAlgorithm): Promise<JWK> {
  if (alg === 'HS256') return { kty: 'oct', k: randomBytes(secretBytes).toString('base64url') }
  const { privateKey } = await generateKeyPair(alg, { extractable: true })
  return exportJWK(privateKey)
}

/** Rejects with KEY_UNKNOWN when this instance lacks the secret that it was sealed with, and names that (R6). */
export async function openRingKey({ kid, alg, sealed }: RingKey, secrets: KeyRing): Promise<SigningKey> {
  const jwk = readJsonObject(Buffer.from(open(secrets, kid, sealed)))
  if (jwk === undefined) throw damaged('a key of it is no JWK')
  return alg === 'HS256' ? hmacKey(kid, Buffer.from(String(jwk['k']), 'base64url')) : keyPair(kid, alg, jwk)
}

export function writeRingRecord({ id, keys }: RingRecord): string {
  return JSON.stringify({ format, id, keys })
}

/** Throws STORE_UNAVAILABLE for what is no ring: nobody is to take that for a missing one, and make another. */
export function readRingRecord(text: string): RingRecord {
  const record = readJsonObject(Buffer.from(text))
  if (record?.['format'] !== format) throw damaged('it is of another format')
  const { id, keys } = record
  if (typeof id !== 'string' || !Array.isArray(keys) || !keys.every(isRingKey))
    throw damaged('it has not the form of one')
  return { id, keys }
}

function isRingKey(value: unknown): value is RingKey {
  if (!isJsonObject(value)) return false
  const { kid, alg, createdAtMs, signsFromMs, sealed } = value
  const texts = [kid, sealed].every((text) => typeof text === 'string')
  const times = [createdAtMs, signsFromMs].every((time) => Number.isFinite(time))
  return texts && times && algorithms.includes(alg)
}

function seal(secrets: KeyRing, kid: string, text: string): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', secrets.derive(secrets.currentId, purpose), nonce)
  cipher.setAAD(Buffer.from(kid))
  const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  return `${secrets.currentId}.${sealed.toString('base64url')}`
}

function open(secrets: KeyRing, kid: string, text: string): string {
  const [secretId = '', body = ''] = text.split('.')
  const key = secrets.derive(secretId, purpose)
  const sealed = Buffer.from(body, 'base64url')
  try {
    const nonce = sealed.subarray(0, nonceBytes)
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(kid))
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    return decipher.update(sealed.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
  } catch (cause) {
    throw damaged('a key of it was damaged', cause)
  }
}

function damaged(what: string, cause?: unknown): DroverError {
  const options = cause === undefined ? {} : { cause }
  return new DroverError('STORE_UNAVAILABLE', `Cannot read the key ring: ${what}`, options)
}
