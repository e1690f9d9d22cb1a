// Turns options into tokens.
import { DroverError } from '../base/errors.ts'
import { GivenRing } from './given-ring.ts'
import { readTokensOptions } from './options.ts'
import type { TokenPolicy, TokensOptions } from './options.ts'
import { SharedRing } from './shared-ring.ts'
import type { TokenKeys } from './token-keys.ts'
import { Tokens } from './tokens.ts'

/**
 * The tokens of an app. Options are checked at once: throws OPTION_INVALID naming the option, its value and what was wanted.
 * The feed of revocations is followed from now on; `ready()` says when it is known, `close()` lets go of the store.
 */
export function tokens<Claims extends object = Record<string, unknown>>(
  options: TokensOptions<Claims>,
): Tokens<Claims> {
  const policy = readTokensOptions(options)
  const { claims: schema, onRefresh } = options
  const validate: unknown = Reflect.get(Object(schema), '~standard')?.validate
  if (schema !== undefined && typeof validate !== 'function')
    throw new DroverError(
      'OPTION_INVALID',
      'Cannot use claims: wanted a Standard Schema, such as one of zod, valibot or arktype',
    )
  return new Tokens({ policy, keys: keysOf(options, policy), schema, onRefresh })
}

function keysOf({ keys }: Pick<TokensOptions, 'keys'>, policy: TokenPolicy): TokenKeys {
  const { store, ring, algorithm, secrets, clock, report, rotateMs, propagationMs } = policy
  if (keys !== undefined) return new GivenRing(keys, algorithm, { clock, report })
  // Until no token of the former key is alive, and no cache of the JWKS lacks the new one.
  const overlapMs = policy.longestAccessMs + policy.skewMs + propagationMs
  return new SharedRing({
    store,
    name: ring,
    algorithm,
    secrets,
    clock,
    report,
    rotateMs,
    propagationMs,
    overlapMs,
  })
}
