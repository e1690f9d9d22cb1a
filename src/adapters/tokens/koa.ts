// Tokens for Koa.
import type { Context, Middleware } from 'koa'
import type { AccessToken } from '../../tokens/access-checks.ts'
import type { TokenReader } from '../../tokens/tokens.ts'
import { heldToken, requiredToken } from './admit.ts'
import type { TokenRouteOptions } from './admit.ts'
import { admitNodeToken } from './node-tokens.ts'

/** Lets only requests with a good access token pass, as `expressTokens` does. */
export function koaTokens<Claims extends object>(
  reader: TokenReader<Claims>,
  options: TokenRouteOptions = {},
): Middleware {
  return async (ctx, next) => {
    const answer = await admitNodeToken(reader, ctx.req, ctx.res, options)
    if (answer === undefined) return next()
    ctx.status = answer.status
    ctx.set({ ...answer.headers })
    ctx.body = answer.body
    return undefined
  }
}

/** The request's token, with the type of `reader`. Throws TOKEN_MISSING (401) when it brought none that `koaTokens(reader)` has seen. */
export function tokenOf<Claims extends object>(
  ctx: Pick<Context, 'req'>,
  reader: TokenReader<Claims>,
): AccessToken<Claims> {
  return requiredToken(ctx.req, reader)
}

/** The request's token, or undefined for a visitor, where tokens are not required. */
export function tokenIfAny<Claims extends object>(
  ctx: Pick<Context, 'req'>,
  reader: TokenReader<Claims>,
): AccessToken<Claims> | undefined {
  return heldToken(ctx.req, reader)
}
