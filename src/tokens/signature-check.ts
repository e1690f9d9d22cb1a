// Whether a signature is by a public key: by node:crypto at once, since the way to another thread and back costs as much again as is saved by it.
import { constants, verify } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import type { VerifyAlgorithm } from './signing.ts'

/** Whether these bytes are the raw signature (RFC 7518 section 3, RFC 8037 section 3.1) of `input`, which is ASCII. */
export type SignatureCheck = (input: string, signature: Buffer) => boolean

/** `key` is one of `alg`. */
export function signatureCheck(alg: VerifyAlgorithm, key: KeyObject): SignatureCheck {
  switch (alg) {
    case 'EdDSA':
    case 'Ed25519':
      return (input, signature) => verify(null, bytesOf(input), key, signature)
    case 'ES256':
      return ecdsaCheck('sha256', key, 32)
    case 'ES384':
      return ecdsaCheck('sha384', key, 48)
    case 'RS256':
      return (input, signature) => verify('sha256', bytesOf(input), key, signature)
    case 'PS256':
      return pssCheck(key)
    case 'HS256':
      throw new TypeError('wanted an algorithm with a public key, got HS256')
  }
}

/** RFC 7518 section 3.4: R and S, each of `size` bytes. */
function ecdsaCheck(hash: string, key: KeyObject, size: number): SignatureCheck {
  return (input, signature) =>
    signature.length === 2 * size && verify(hash, bytesOf(input), key, derOf(signature, size))
}

/** RFC 7518 section 3.5: the salt is as long as the hash. */
function pssCheck(key: KeyObject): SignatureCheck {
  const { RSA_PKCS1_PSS_PADDING: padding, RSA_PSS_SALTLEN_DIGEST: saltLength } = constants
  const pss = { key, padding, saltLength }
  return (input, signature) => verify('sha256', bytesOf(input), pss, signature)
}

function bytesOf(input: string): Buffer {
  return Buffer.from(input, 'latin1')
}

const [sequenceTag, integerTag] = [0x30, 0x02]

/**
 * R and S as the DER of RFC 3279 section 2.2.3. node:crypto takes the raw form too (`ieee-p1363`), for another 45 µs a check of 105 µs;
 * this is 0.3 µs.
 */
function derOf(signature: Buffer, size: number): Buffer {
  const r = integerOf(signature.subarray(0, size))
  const s = integerOf(signature.subarray(size))
  // Below 128 bytes in all, up to ES384: lengths are a byte each.
  return Buffer.concat([Buffer.of(sequenceTag, r.length + s.length), r, s])
}

/** Without needless zeros in front, and with one where it would be negative. */
function integerOf(bytes: Buffer): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1
  const isNegative = (bytes[start] ?? 0) >= 0x80
  const length = bytes.length - start + (isNegative ? 1 : 0)
  const der = Buffer.alloc(length + 2)
  der[0] = integerTag
  der[1] = length
  bytes.copy(der, der.length - (bytes.length - start), start)
  return der
}
