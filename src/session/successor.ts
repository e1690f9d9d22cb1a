// The id that follows a renewed one, kept where only whoever presents the old id can read it: the answer that carried the
// new cookie may have been lost, and the client must not be signed out for it.
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { isSessionId } from './id.ts'
import type { RandomBytes } from './id.ts'

const nonceBytes = 12
const tagBytes = 16

/** AES-256-GCM under a key made from the old id, which the store never sees: base64url of nonce, ciphertext and tag. */
export function sealId(newId: string, oldId: string, randomBytes: RandomBytes): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', keyFrom(oldId), nonce)
  const parts = [nonce, cipher.update(newId, 'utf8'), cipher.final(), cipher.getAuthTag()]
  return Buffer.concat(parts).toString('base64url')
}

/** The new id, or undefined for a text that was not sealed by this old id. */
export function openId(sealedId: string, oldId: string): string | undefined {
  const sealed = Buffer.from(sealedId, 'base64url')
  if (sealed.length <= nonceBytes + tagBytes) return undefined
  try {
    const nonce = sealed.subarray(0, nonceBytes)
    const decipher = createDecipheriv('aes-256-gcm', keyFrom(oldId), nonce, { authTagLength: tagBytes })
    decipher.setAuthTag(sealed.subarray(-tagBytes))
    const text = decipher.update(sealed.subarray(nonceBytes, -tagBytes), undefined, 'utf8')
    const newId = text + decipher.final('utf8')
    return isSessionId(newId) ? newId : undefined
  } catch {
    // Damaged or foreign: the session is found all the same, only its new cookie cannot be sent again.
    return undefined
  }
}

function keyFrom(oldId: string): Buffer {
  return Buffer.from(hkdfSync('sha256', oldId, '', 'drover successor', 32))
}
