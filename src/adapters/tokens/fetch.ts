// Tokens for fetch-style handlers: (Request, …) => Response.
import { DroverError } from '../../base/errors.ts'
import type { AccessToken } from '../../tokens/access-checks.ts'
import type { TokenReader } from '../../tokens/tokens.ts'
import { errorAnswer } from '../error-answer.ts'
import { errorResponse, privateResponse } from '../fetch-session.ts'
import { admitToken, heldToken, requiredToken } from './admit.ts'
import type { TokenRequest, TokenRouteOptions } from './admit.ts'

type Handler<Rest extends readonly unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>

/** Wraps a handler so that only requests with a good access token reach it, as `expressTokens` does. */
export function fetchTokens<Claims extends object>(
  reader: TokenReader<Claims>,
  options: TokenRouteOptions = {},
): <Rest extends readonly unknown[]>(
  handler: Handler<Rest>,
) => (request: Request, ...rest: Rest) => Promise<Response> {
  return (handler) =>
    async (request, ...rest) => {
      const admission = await admitToken(reader, request, requestOf(request), options)
      if (!('isAdmitted' in admission)) return errorResponse(admission)
      try {
        const response = await handler(request, ...rest)
        return admission.isPrivate ? privateResponse(response, []) : response
      } catch (error) {
        if (!(error instanceof DroverError)) throw error
        reader.report(error)
        return errorResponse(errorAnswer(error))
      }
    }
}

export function requestOf({ method, headers }: Request): TokenRequest {
  return { method, header: (name) => headers.get(name) ?? undefined }
}

/** The request's token, with the type of `reader`. Throws TOKEN_MISSING (401) when `fetchTokens(reader)` has seen none with this very Request. */
export function tokenOf<Claims extends object>(
  request: Request,
  reader: TokenReader<Claims>,
): AccessToken<Claims> {
  return requiredToken(request, reader)
}

/** The request's token, or undefined for a visitor, where tokens are not required. */
export function tokenIfAny<Claims extends object>(
  request: Request,
  reader: TokenReader<Claims>,
): AccessToken<Claims> | undefined {
  return heldToken(request, reader)
}
