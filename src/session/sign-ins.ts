// The SignIns port: what sessions in cookies ask of those who know which sign-ins have ended, on whichever server.
import { hash } from 'node:crypto'
import type { Duration } from '../base/durations.ts'
import type { RandomBytes } from './id.ts'

/** What to do where it is not known which sign-ins have ended: ask the store, answer 503, or take them for a while. */
export type CutChoice = 'look up' | 'refuse' | { readonly acceptFor: Duration }

/**
 * Sign-ins by their keys: 16 characters of base64url that all of one principal have, a dot, and 32 random ones. Each method that asks a store
 * rejects with STORE_UNAVAILABLE; what has resolved is known to all servers within milliseconds.
 */
export interface SignIns {
  /** Begins one that lives until then at most, and gives the principal's mark, by which `endAll` tells earlier ones from later ones. */
  begin(key: string, absoluteDeadlineMs: number): Promise<number>
  /**
   * From memory where that is fresh enough, else as `whenCut` says, or the app's own choice. Rejects, or throws, where it cannot be told:
   * STORE_UNAVAILABLE, REVOCATIONS_UNKNOWN. OPTION_INVALID for what is no choice.
   */
  isEnded(key: string, mark: number, whenCut?: CutChoice): boolean | Promise<boolean>
  /** Ends one. `untilMs`: it cannot be alive after that. */
  end(key: string, untilMs: number): Promise<void>
  /** Ends all with this tag that have begun, but `exceptKey`. */
  endAll(tag: string, untilMs: number, exceptKey?: string): Promise<void>
  close(): Promise<void>
}

const tagLength = 16
const randomLength = 24

/** The tag of a principal's sign-ins; not that of their API tokens, which may be in the same store and end by themselves. */
export function signInTag(principal: string): string {
  return hash('sha256', `drover session cookies of ${principal}`, 'base64url').slice(0, tagLength)
}

/** A new key: that of a sign-in, or a visitor's, which has no tag. */
export function newCookieKey(randomBytes: RandomBytes, principal: string | undefined): string {
  const random = Buffer.from(randomBytes(randomLength)).toString('base64url')
  return principal === undefined ? random : `${signInTag(principal)}.${random}`
}

export function isSignInKey(word: unknown): word is string {
  return typeof word === 'string' && /^[\w-]{16}\.[\w-]{32}$/.test(word)
}
