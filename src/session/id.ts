// Session ids: made from random bytes, known to the client alone; a store only ever sees their hash.
import { hash } from 'node:crypto'

/** 256 bits: far beyond guessing (OWASP ASVS 5, 7.2.3). */
const idBytes = 32
/** A signed-in session's id begins with its principal's tag, so that both are found on one shard of a store. */
const idPattern = /^(?:[A-Za-z0-9_-]{16}\.)?[A-Za-z0-9_-]{43}$/
const tagLength = 16
const tagMark = '.'

/** Cryptographically strong random bytes, as a port. */
export type RandomBytes = (size: number) => Uint8Array

/** A new session id: 256 random bits in base64url, 43 characters; `<tag>.` before them for a signed-in session. */
export function newSessionId(randomBytes: RandomBytes, tag?: string): string {
  const secret = Buffer.from(randomBytes(idBytes)).toString('base64url')
  return tag === undefined ? secret : tag + tagMark + secret
}

/** Whether a word has the shape of a session id. Anything else is absent without asking a store. */
export function isSessionId(word: string): boolean {
  return idPattern.test(word)
}

/**
 * The store's key of a session: SHA-256 of its id in base64url, so that a leaked store signs nobody in; a tag stays
 * readable before it. Takes any text: ids of other libraries have other shapes.
 */
export function keyOf(sessionId: string): string {
  const digest = hash('sha256', sessionId, 'base64url')
  return sessionId.charAt(tagLength) === tagMark && isSessionId(sessionId)
    ? sessionId.slice(0, tagLength + 1) + digest
    : digest
}

/**
 * What all ids and keys of a principal's sessions begin with: 96 bits of its SHA-256. Not keyed: a key that rotates would
 * lose the principal's list, and only who holds one of the ids ever sees it.
 */
export function principalTag(principal: string): string {
  return hash('sha256', `drover principal ${principal}`, 'base64url').slice(0, tagLength)
}

/** The tag of a signed-in session's key, or undefined for a visitor's. */
export function tagOf(key: string): string | undefined {
  return key.charAt(tagLength) === tagMark ? key.slice(0, tagLength) : undefined
}
