// Tokens for Express 4 and 5.
import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'
import type { AccessToken } from '../../tokens/access-checks.ts'
import type { TokenReader } from '../../tokens/tokens.ts'
import { sendErrorAnswer } from '../error-answer.ts'
import type { ErrorAnswer } from '../error-answer.ts'
import { heldToken, requiredToken } from './admit.ts'
import type { TokenRouteOptions } from './admit.ts'
import { admitNodeToken } from './node-tokens.ts'

/**
 * Lets only requests with a good access token pass: `app.use('/api', expressTokens(api))`, or of one route with its scopes. Others
 * are answered 401 (missing, invalid, expired, revoked), 403 (scope, forged), or 503 where it cannot be told, with WWW-Authenticate as RFC 6750 has it.
 */
export function expressTokens<Claims extends object>(
  reader: TokenReader<Claims>,
  options: TokenRouteOptions = {},
): RequestHandler {
  return async (req, res, next) => {
    let answer: ErrorAnswer | undefined
    try {
      answer = await admitNodeToken(reader, req, res, options)
    } catch (error) {
      next(error)
      return
    }
    if (answer === undefined) next()
    else sendErrorAnswer(res, answer)
  }
}

/** The request's token, with the type of `reader`. Throws TOKEN_MISSING (401) when it brought none that `expressTokens(reader)` has seen. */
export function tokenOf<Claims extends object>(
  req: IncomingMessage,
  reader: TokenReader<Claims>,
): AccessToken<Claims> {
  return requiredToken(req, reader)
}

/** The request's token, or undefined for a visitor, where tokens are not required. */
export function tokenIfAny<Claims extends object>(
  req: IncomingMessage,
  reader: TokenReader<Claims>,
): AccessToken<Claims> | undefined {
  return heldToken(req, reader)
}
