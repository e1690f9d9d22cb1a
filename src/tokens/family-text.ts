// What a family keeps of its sign-in, for the refreshes to come.
import { DroverError } from '../base/errors.ts'
import { readJsonObject } from './json-object.ts'
import type { JsonObject } from './json-object.ts'

export interface SignIn {
  readonly principal: string
  readonly claims: JsonObject
  readonly scopes: readonly string[]
  readonly authenticatedAtMs: number
}

export function writeSignIn(signIn: SignIn): string {
  return JSON.stringify(signIn)
}

/** Throws STORE_UNAVAILABLE for what is none: that is no logout. */
export function readSignIn(text: string): SignIn {
  const { principal, claims, scopes, authenticatedAtMs } = readJsonObject(Buffer.from(text)) ?? {}
  const isSignIn =
    typeof principal === 'string' &&
    typeof claims === 'object' &&
    claims !== null &&
    Array.isArray(scopes) &&
    scopes.every((scope) => typeof scope === 'string') &&
    typeof authenticatedAtMs === 'number'
  if (isSignIn) return { principal, claims: { ...claims }, scopes, authenticatedAtMs }
  throw new DroverError('STORE_UNAVAILABLE', 'Cannot read the token family: it has not the form of one')
}
