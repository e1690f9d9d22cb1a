// Tokens for Fastify 5.
import type { IncomingMessage } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { AccessToken } from '../../tokens/access-checks.ts'
import type { TokenReader } from '../../tokens/tokens.ts'
import { heldToken, requiredToken } from './admit.ts'
import type { TokenRouteOptions } from './admit.ts'
import { admitNodeToken } from './node-tokens.ts'

/** An `onRequest` hook. */
export type FastifyTokensHook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/**
 * Lets only requests with a good access token pass, as `expressTokens` does, as an `onRequest` hook: of one route
 * (`{ onRequest: fastifyTokens(api, { scopes: ['orders:write'] }) }`), or of all with `app.addHook('onRequest', fastifyTokens(api))`.
 */
export function fastifyTokens<Claims extends object>(
  reader: TokenReader<Claims>,
  options: TokenRouteOptions = {},
): FastifyTokensHook {
  return async (request, reply) => {
    const answer = await admitNodeToken(reader, request.raw, reply.raw, options)
    if (answer === undefined) return undefined
    return reply.code(answer.status).headers(answer.headers).send(answer.body)
  }
}

/** The request's token, with the type of `reader`. Throws TOKEN_MISSING (401) when it brought none that the hook has seen. */
export function tokenOf<Claims extends object>(
  request: FastifyRequest | IncomingMessage,
  reader: TokenReader<Claims>,
): AccessToken<Claims> {
  return requiredToken(rawOf(request), reader)
}

/** The request's token, or undefined for a visitor, where tokens are not required. */
export function tokenIfAny<Claims extends object>(
  request: FastifyRequest | IncomingMessage,
  reader: TokenReader<Claims>,
): AccessToken<Claims> | undefined {
  return heldToken(rawOf(request), reader)
}

function rawOf(request: FastifyRequest | IncomingMessage): IncomingMessage {
  return 'raw' in request ? request.raw : request
}
