// Session cookies that hold the session itself: AES-256-GCM by the app's key ring, bound to the cookie's name.
import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { cookieIn } from '../base/cookies.ts'
import type { KeyRing } from '../tokens/key-ring.ts'
import type { RandomBytes } from './id.ts'

/** A sealed cookie: `t1.<key id>.<base64url of salt, nonce, ciphertext, tag>`. */
const mark = 't1'
const purpose = 'session cookies'
const saltBytes = 12
const nonceBytes = 12
const tagBytes = 16
const head = /^t1\.([\w-]{8})\./
const headLength = 12
/** In base64url. */
const leastBodyLength = Math.ceil(((saltBytes + nonceBytes + tagBytes) * 4) / 3)

/** Whatever has the form of a sealed cookie of this name. */
export function sealedCookieIn(cookieHeader: string | undefined, name: string): string | undefined {
  return cookieIn(
    cookieHeader,
    name,
    (value) => value.length >= headLength + leastBodyLength && head.test(value),
  )
}

/** Seals and opens cookies. `name` is the cookie's on the wire: one that a plain connection brought is none of a secure one. */
export class CookieSeal {
  readonly #ring: KeyRing
  readonly #randomBytes: RandomBytes

  constructor(ring: KeyRing, randomBytes: RandomBytes) {
    this.#ring = ring
    this.#randomBytes = randomBytes
  }

  seal(name: string, text: string): string {
    const { currentId } = this.#ring
    const salt = this.#randomBytes(saltBytes)
    const nonce = this.#randomBytes(nonceBytes)
    const cipher = createCipheriv('aes-256-gcm', this.#keyOf(currentId, salt), nonce)
    cipher.setAAD(Buffer.from(name))
    const parts = [salt, nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]
    return `${mark}.${currentId}.${Buffer.concat(parts).toString('base64url')}`
  }

  /**
   * The text, or undefined for one that no instance of ours has sealed for this name. Throws KEY_UNKNOWN where it is sealed by a key
   * that this instance lacks: that is no logout (R6).
   */
  open(name: string, cookie: string): string | undefined {
    const keyId = head.exec(cookie)?.[1] ?? ''
    // What is no base64url is no authentic text either: looking for it first would cost a tenth of a read.
    const sealed = Buffer.from(cookie.slice(headLength), 'base64url')
    const textAt = saltBytes + nonceBytes
    if (sealed.length < textAt + tagBytes) return undefined
    const key = this.#keyOf(keyId, sealed.subarray(0, saltBytes))
    const nonce = sealed.subarray(saltBytes, textAt)
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
    decipher.setAAD(Buffer.from(name))
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    try {
      return decipher.update(sealed.subarray(textAt, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
    } catch {
      // Somebody made it up, or changed it: no session of ours.
      return undefined
    }
  }

  /**
   * Each cookie has a key of its own, made from the ring's and its salt: every response may bring a new cookie, and random nonces under
   * one key would come to their bound of 2^32 (NIST SP 800-38D, 8.3) within weeks.
   */
  #keyOf(id: string, salt: Uint8Array): KeyObject {
    // Not as bytes: a cipher takes 20 µs to make a key of them, which is 2 µs here.
    return createSecretKey(createHmac('sha256', this.#ring.derive(id, purpose)).update(salt).digest())
  }
}
