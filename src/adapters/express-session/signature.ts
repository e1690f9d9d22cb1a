// The signed session cookie of express-session: `s:<sid>.<HMAC-SHA-256 in base64 without padding>`, URL-encoded.
import { createHmac, timingSafeEqual } from 'node:crypto'
import type { CipherKey } from 'node:crypto'

/** Whatever node:crypto takes as a key. */
export type Secret = CipherKey

const mark = 's:'

/** The cookie's value before it is URL-encoded. */
export function signSid(sid: string, secret: Secret): string {
  return `${mark}${sid}.${signatureOf(sid, secret)}`
}

/** The sid of a value that one of the secrets signed, or undefined. */
export function signedSid(value: string, secrets: readonly Secret[]): string | undefined {
  const dot = value.lastIndexOf('.')
  if (!value.startsWith(mark) || dot < mark.length) return undefined
  const sid = value.slice(mark.length, dot)
  const given = Buffer.from(value.slice(dot + 1))
  const isSigned = secrets.some((secret) => {
    const wanted = Buffer.from(signatureOf(sid, secret))
    return wanted.length === given.length && timingSafeEqual(wanted, given)
  })
  return isSigned ? sid : undefined
}

function signatureOf(sid: string, secret: Secret): string {
  return createHmac('sha256', secret).update(sid).digest('base64').replace(/=+$/, '')
}
