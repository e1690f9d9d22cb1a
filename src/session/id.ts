// Session ids: made from random bytes, known to the client alone; a store only ever sees their hash.
import { hash } from 'node:crypto'

/** 256 bits: far beyond guessing (OWASP ASVS 5, 7.2.3). */
const idBytes = 32
const idPattern = /^[A-Za-z0-9_-]{43}$/

/** Cryptographically strong random bytes, as a port. */
export type RandomBytes = (size: number) => Uint8Array

/** A new session id: 256 random bits in base64url, 43 characters. */
export function newSessionId(randomBytes: RandomBytes): string {
  return Buffer.from(randomBytes(idBytes)).toString('base64url')
}

/** Whether a word has the shape of a session id. Anything else is absent without asking a store. */
export function isSessionId(word: string): boolean {
  return idPattern.test(word)
}

/** The store's key of a session: SHA-256 of its id in base64url, so that a leaked store signs nobody in. */
export function keyOf(sessionId: string): string {
  return hash('sha256', sessionId, 'base64url')
}
