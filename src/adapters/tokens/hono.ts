// Tokens for Hono.
import type { Context, MiddlewareHandler } from 'hono'
import { DroverError } from '../../base/errors.ts'
import type { AccessToken } from '../../tokens/access-checks.ts'
import type { TokenReader } from '../../tokens/tokens.ts'
import { errorAnswer } from '../error-answer.ts'
import { errorResponse, privateResponse } from '../fetch-session.ts'
import { admitToken, heldToken, requiredToken } from './admit.ts'
import type { TokenRouteOptions } from './admit.ts'
import { requestOf } from './fetch.ts'

/** Lets only requests with a good access token pass, as `expressTokens` does. */
export function honoTokens<Claims extends object>(
  reader: TokenReader<Claims>,
  options: TokenRouteOptions = {},
): MiddlewareHandler {
  return async (c, next) => {
    const admission = await admitToken(reader, c, requestOf(c.req.raw), options)
    if (!('isAdmitted' in admission)) return errorResponse(admission)
    await next()
    // Hono answers an error 500 unless told otherwise, but a missing token is 401 and an outage 503 (R3).
    const isUncaught = c.error instanceof DroverError && c.res.status === 500
    const response = isUncaught ? errorResponse(errorAnswer(c.error)) : c.res
    const given = admission.isPrivate ? privateResponse(response, []) : response
    if (given === c.res) return undefined
    // Assigning over a response would add the headers of the former one to it.
    c.res = undefined
    c.res = given
    return undefined
  }
}

/** The request's token, with the type of `reader`. Throws TOKEN_MISSING (401) when it brought none that `honoTokens(reader)` has seen. */
export function tokenOf<Claims extends object>(c: Context, reader: TokenReader<Claims>): AccessToken<Claims> {
  return requiredToken(c, reader)
}

/** The request's token, or undefined for a visitor, where tokens are not required. */
export function tokenIfAny<Claims extends object>(
  c: Context,
  reader: TokenReader<Claims>,
): AccessToken<Claims> | undefined {
  return heldToken(c, reader)
}
