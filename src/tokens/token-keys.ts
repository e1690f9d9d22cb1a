// What tokens ask of their keys, wherever these come from: the shared ring, the environment, a hook, another's JWKS.
import type { JWK } from 'jose'
import type { SigningKey, VerifyKey } from './signing.ts'

/** Finds the key that a token names. */
export interface KeyFinder {
  /** Undefined when there is none. Rejects with STORE_UNAVAILABLE, KEYS_UNAVAILABLE or KEY_UNKNOWN when that cannot be told. */
  find(kid: string): VerifyKey | undefined | Promise<VerifyKey | undefined>
  /** Stops looking for newer keys. Idempotent. */
  close(): void
}

export interface RotateOptions {
  /** For a key that leaked: the new one signs at once, and what the others signed is refused from now on. Default: false. */
  readonly dropOthers?: boolean
}

/** Keys that sign, too. */
export interface TokenKeys extends KeyFinder {
  signingKey(): SigningKey | Promise<SigningKey>
  /** What others may verify by, the newest first. */
  publicKeys(): Promise<readonly JWK[]>
  /** The same on all instances that share these keys (R6); tells nothing of them. */
  fingerprint(): Promise<string>
  /** Rejects with OPTION_INVALID where the keys are given. */
  rotate(options: RotateOptions): Promise<void>
}
