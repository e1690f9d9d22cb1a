// Compares what somebody says with a secret.
import { hash, timingSafeEqual } from 'node:crypto'

/** In a time that tells neither how much of the secret was right nor how long it is. */
export function isSameSecret(word: string, secret: string): boolean {
  return timingSafeEqual(hash('sha256', word, 'buffer'), hash('sha256', secret, 'buffer'))
}
