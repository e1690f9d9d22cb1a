// Refresh tokens: texts that only we can make. No JWT: nobody but the issuer has to read them.
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { hash } from 'node:crypto'
import { isFamilyKey } from './claims.ts'
import type { KeyRing } from './key-ring.ts'
import { invalidToken } from './refusal.ts'

/** Which token of which family. */
export interface RefreshToken {
  readonly family: string
  readonly generation: number
}

/**
 * `r1.<id of the secret>.<family>.<generation>.<HMAC-SHA-256 of all that>`. The next one cannot be computed without the secret, and a leaked
 * store brings forth none. All racers get the same successor, on whichever instance.
 */
const pattern = /^(r1\.([\w-]{8})\.([\w-]{16}\.[\w-]{32})\.([1-9]\d{0,9}))\.([\w-]{43})$/
const purpose = 'refresh tokens'
const longest = 160
const randomLength = 24
const tagLength = 16

export function writeRefreshToken({ family, generation }: RefreshToken, secrets: KeyRing): string {
  const body = `r1.${secrets.currentId}.${family}.${generation}`
  return `${body}.${macOf(body, secrets, secrets.currentId).toString('base64url')}`
}

/** Throws TOKEN_INVALID for what is none of ours, and KEY_UNKNOWN when this instance lacks its secret: that is no logout (R6). */
export function readRefreshToken(text: unknown, secrets: KeyRing): RefreshToken {
  const match = typeof text === 'string' && text.length <= longest ? pattern.exec(text) : null
  if (match === null) throw invalidToken('it is no refresh token')
  const [, body = '', secretId = '', family = '', generation = '', mac = ''] = match
  if (!timingSafeEqual(Buffer.from(mac, 'base64url'), macOf(body, secrets, secretId)))
    throw invalidToken('it is no refresh token of ours')
  return { family, generation: Number(generation) }
}

/** What all families of a principal begin with: 96 bits of its SHA-256. */
export function principalTag(principal: string): string {
  return hash('sha256', `drover principal ${principal}`, 'base64url').slice(0, tagLength)
}

/** The key of a new family: 192 random bits behind the tag. */
export function newFamilyKey(principal: string): string {
  return `${principalTag(principal)}.${randomBytes(randomLength).toString('base64url')}`
}

/** The tag of a principal is known where its family's key is. */
export function asFamilyKey(word: string): string {
  if (!isFamilyKey(word)) throw invalidToken('it names no family')
  return word
}

function macOf(body: string, secrets: KeyRing, secretId: string): Buffer {
  return createHmac('sha256', secrets.derive(secretId, purpose)).update(body).digest()
}
