// Idempotency keys for Fastify 5.
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Idempotency } from '../../idempotency/idempotency.ts'
import { beginNodeRequest, fieldsByName } from './node-keys.ts'
import type { IdempotencyRouteOptions } from './options.ts'
import { replayedHeader } from './refused.ts'

/** A `preHandler` hook. */
export type FastifyIdempotencyHook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>

/**
 * Honours the `Idempotency-Key` of requests, as `expressIdempotency` does, as a `preHandler` hook: of one route, or of all with
 * `app.addHook('preHandler', fastifyIdempotency(keys, …))`, after sessions are registered. The answer is held back until its
 * key is settled, also where it streams or was hijacked.
 */
export function fastifyIdempotency(
  policy: Idempotency,
  options: IdempotencyRouteOptions<FastifyRequest>,
): FastifyIdempotencyHook {
  return async (request, reply) => {
    const instead = await beginNodeRequest({ policy, request, options }, request.raw, reply.raw)
    if (instead.kind === 'none') return undefined
    if (instead.kind === 'refused') {
      const { status, headers, body } = instead.answer
      return reply.code(status).headers(headers).send(body)
    }
    const { status, body } = instead.response
    for (const [name, value] of fieldsByName(instead.response)) void reply.header(name, value)
    void reply.code(status).header(replayedHeader, 'true')
    // Of nothing, Fastify would make a body with a type.
    return body.byteLength === 0 ? reply.send() : reply.send(Buffer.from(body))
  }
}
