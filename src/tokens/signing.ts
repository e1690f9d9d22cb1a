// Keys that sign and verify, each with its one algorithm: a token never chooses how it is checked (RFC 8725 section 3.1).
import { createPublicKey, KeyObject, timingSafeEqual } from 'node:crypto'
import { CompactSign, importJWK } from 'jose'
import type { CryptoKey, JWK } from 'jose'
import { DroverError } from '../base/errors.ts'
import { signatureOf } from './compact.ts'
import type { CompactToken } from './compact.ts'
import { hmac } from './hmac.ts'
import { invalidToken } from './refusal.ts'
import { signatureCheck } from './signature-check.ts'

/** How tokens are signed: Ed25519, ECDSA on P-256, or a secret that whoever verifies must share. */
export type TokenAlgorithm = 'EdDSA' | 'ES256' | 'HS256'

/** What others may sign with whose keys we only verify by. */
export type VerifyAlgorithm = TokenAlgorithm | 'Ed25519' | 'ES384' | 'RS256' | 'PS256'

/** The header of what we sign. */
export interface TokenHeader {
  readonly alg: string
  readonly kid: string
  readonly typ: string
}

export interface VerifyKey {
  readonly kid: string
  readonly alg: VerifyAlgorithm
  /** Whether the signature is by this key. Says nothing of what is signed. */
  readonly verify: (token: CompactToken) => boolean
}

export interface SigningKey extends VerifyKey {
  readonly alg: TokenAlgorithm
  /** The compact token. */
  readonly sign: (header: TokenHeader, payload: string) => string | Promise<string>
}

/** Signs elsewhere, as a key management service does: the raw signature of these bytes (64 bytes; R and S for ES256). */
export type RemoteSign = (input: Uint8Array) => Promise<Uint8Array>

/** `secret` has 32 bytes or more (RFC 7518 section 3.2). */
export function hmacKey(kid: string, secret: Uint8Array): SigningKey {
  const macOf = hmac(secret)
  return {
    kid,
    alg: 'HS256',
    verify: ({ input, signature }) => areSame(signature, macOf(input)),
    sign: (header, payload) => {
      const input = signingInput(header, payload)
      return `${input}.${macOf(input)}`
    },
  }
}

/** An HMAC-SHA-256 in base64url. */
const macLength = 43
const [shown, wanted] = [Buffer.alloc(macLength), Buffer.alloc(macLength)]

/** In a time that does not tell how much of it is right. The texts, so that there is but one for each token. */
function areSame(signature: string, mac: string): boolean {
  if (signature.length !== macLength) return false
  shown.write(signature, 'latin1')
  wanted.write(mac, 'latin1')
  // Characters that are no bytes were written as others.
  return timingSafeEqual(shown, wanted) && signature === mac
}

/** A public key, which verifies. Rejects with a TypeError or an error of jose for a JWK that is none of `alg`. */
export async function publicKey(kid: string, alg: VerifyAlgorithm, jwk: JWK): Promise<VerifyKey> {
  return { kid, alg, verify: verifier(alg, await imported(alg, jwk)) }
}

/** A key pair. */
export async function keyPair(kid: string, alg: TokenAlgorithm, jwk: JWK): Promise<SigningKey> {
  const privateKey = await imported(alg, jwk)
  const sign = (header: TokenHeader, payload: string) =>
    new CompactSign(Buffer.from(payload)).setProtectedHeader({ ...header }).sign(privateKey)
  return { ...(await publicKey(kid, alg, publicPart(jwk))), alg, sign }
}

/** A key pair whose private half is elsewhere. */
export async function remoteKey(
  kid: string,
  alg: TokenAlgorithm,
  jwk: JWK,
  remoteSign: RemoteSign,
): Promise<SigningKey> {
  const sign = async (header: TokenHeader, payload: string) => {
    const input = signingInput(header, payload)
    const signature = await rawSignature(remoteSign, Buffer.from(input))
    return `${input}.${Buffer.from(signature).toString('base64url')}`
  }
  return { ...(await publicKey(kid, alg, publicPart(jwk))), alg, sign }
}

/** Of both algorithms that can sign elsewhere. Services that answer with DER (RFC 3279) must have it unpacked first. */
const rawSignatureBytes = 64

async function rawSignature(remoteSign: RemoteSign, input: Buffer): Promise<Uint8Array> {
  let signature: Uint8Array
  try {
    signature = await remoteSign(input)
  } catch (cause) {
    throw new DroverError('KEYS_UNAVAILABLE', 'Cannot sign: the hook of the key failed', { cause })
  }
  if (signature.length === rawSignatureBytes) return signature
  throw new DroverError(
    'KEYS_UNAVAILABLE',
    `Cannot sign: the hook of the key gave ${signature.length} bytes, wanted the ${rawSignatureBytes} of a raw signature`,
  )
}

/** Whether a JWK's own words allow that it signs or verifies (RFC 7517 sections 4.2 and 4.3). */
export function isForSigning({ use, key_ops: operations }: JWK): boolean {
  const isAllowed =
    operations === undefined ||
    (Array.isArray(operations) && operations.some((one) => one === 'sign' || one === 'verify'))
  return isAllowed && (use === undefined || use === 'sig')
}

/** What of a JWK everybody may know. */
export function publicPart({ kty, crv, x, y, n, e }: JWK): JWK {
  const members = Object.entries({ kty, crv, x, y, n, e })
  return Object.fromEntries(members.filter(([, value]) => value !== undefined))
}

/** Throws TOKEN_INVALID unless `key` signed the token, and with the algorithm that is the key's. */
export function checkSignature(token: CompactToken, key: VerifyKey): void {
  if (token.alg !== key.alg) throw invalidToken(`its alg is not that of key ${JSON.stringify(key.kid)}`)
  if (!key.verify(token)) throw invalidToken('its signature is not by its key')
}

function signingInput(header: TokenHeader, payload: string): string {
  return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`
}

function verifier(alg: VerifyAlgorithm, key: CryptoKey): VerifyKey['verify'] {
  const isSigned = signatureCheck(alg, KeyObject.from(key))
  return (token) => isSigned(token.input, signatureOf(token))
}

async function imported(alg: VerifyAlgorithm, jwk: JWK): Promise<CryptoKey> {
  if (jwk.kty === 'RSA') checkRsa(jwk)
  const key = await importJWK(jwk, alg)
  if (key instanceof Uint8Array) throw new TypeError('wanted a key pair, got a secret')
  return key
}

const leastModulusBits = 2_048

/** RFC 7518 section 3.3; and with an exponent of one, whatever is shown is its own signature. */
function checkRsa({ n = '', e = '' }: JWK): void {
  const { asymmetricKeyDetails } = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' })
  const { modulusLength = 0, publicExponent = 1n } = asymmetricKeyDetails ?? {}
  if (modulusLength < leastModulusBits || publicExponent < 3n)
    throw new TypeError(`wanted an RSA key of ${leastModulusBits} bits or more, with an exponent above 1`)
}
