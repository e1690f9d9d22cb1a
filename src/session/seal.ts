// Values encrypted at rest: AES-256-GCM, each bound to its session and its field, so that no text can be moved to another.
import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from 'node:crypto'
import type { KeyObject } from 'node:crypto'
import { DroverError } from '../base/errors.ts'
import type { KeyRing } from '../tokens/key-ring.ts'
import type { FieldTexts } from './fields.ts'
import type { RandomBytes } from './id.ts'

/** How field texts rest in the store. */
export interface Sealing {
  /** Whether the store's texts differ from the plain ones, so that a store cannot add to them. */
  readonly isSealed: boolean
  seal(key: string, name: string, text: string): string
  /** Throws KEY_UNKNOWN, or STORE_UNAVAILABLE for a text that was damaged or moved here from elsewhere. */
  open(key: string, texts: FieldTexts): FieldTexts
}

export const unsealed: Sealing = {
  isSealed: false,
  seal: (_key, _name, text) => text,
  open: (_key, texts) => texts,
}

/** A sealed text: `e1.<key id>.<base64url of nonce, ciphertext, tag>`. */
const mark = 'e1'
const nonceBytes = 12
const tagBytes = 16

/**
 * Each session has a key of its own, made from the ring's and the store's key of the session: random nonces stay far below
 * their bound of 2^32 per key (NIST SP 800-38D, 8.3), and a text of another session cannot be opened.
 */
export function sealing(ring: KeyRing, randomBytes: RandomBytes): Sealing {
  return {
    isSealed: true,
    seal(key, name, text) {
      const nonce = randomBytes(nonceBytes)
      const cipher = createCipheriv('aes-256-gcm', sessionKey(ring, ring.currentId, key), nonce)
      cipher.setAAD(Buffer.from(name))
      const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${mark}.${ring.currentId}.${sealed.toString('base64url')}`
    },
    open(key, texts) {
      const opened = new Map<string, string>()
      for (const [name, text] of texts) opened.set(name, openText(ring, key, name, text))
      return opened
    },
  }
}

function openText(ring: KeyRing, key: string, name: string, text: string): string {
  const [kind, keyId, body] = text.split('.')
  // Written before encryption was switched on; sealed by the next write of the field.
  if (kind !== mark || keyId === undefined || body === undefined) return text
  const sealed = Buffer.from(body, 'base64url')
  try {
    const decipher = createDecipheriv(
      'aes-256-gcm',
      sessionKey(ring, keyId, key),
      sealed.subarray(0, nonceBytes),
      {
        authTagLength: tagBytes,
      },
    )
    decipher.setAAD(Buffer.from(name))
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    return decipher.update(sealed.subarray(nonceBytes, -tagBytes), undefined, 'utf8') + decipher.final('utf8')
  } catch (cause) {
    if (cause instanceof DroverError) throw cause
    throw new DroverError(
      'STORE_UNAVAILABLE',
      `Cannot open session field ${JSON.stringify(name)}: its text was damaged, or sealed for another session`,
      { cause },
    )
  }
}

function sessionKey(ring: KeyRing, keyId: string, key: string): KeyObject {
  // Not as bytes: a cipher takes 20 µs to make a key of them, which is 2 µs here.
  return createSecretKey(createHmac('sha256', ring.derive(keyId, 'session values')).update(key).digest())
}
