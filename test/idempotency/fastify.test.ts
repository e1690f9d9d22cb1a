// Idempotency keys in Fastify 5.
import { Readable } from 'node:stream'
import fastify from 'fastify'
import { fastifyIdempotency } from '../../src/adapters/fastify.ts'
import type { Mount } from './app.ts'
import { idempotencySuite } from './suite.ts'

const mount: Mount = async ({ policy, app: handle, principalFromHeader = false, save }) => {
  const app = fastify({ forceCloseConnections: true })
  const userOf = (field: string | string[] | undefined) => (typeof field === 'string' ? field : undefined)
  app.addHook(
    'preHandler',
    fastifyIdempotency(policy, {
      principal: principalFromHeader ? (request) => userOf(request.headers['x-user']) : 'anonymous',
      ...(save === undefined ? {} : { save }),
    }),
  )
  app.all('/*', async (request, reply) => {
    const { status, headers = {}, body } = await handle({ path: request.url })
    const payload = typeof body === 'object' ? Readable.from(body) : body
    return reply.code(status).headers(headers).send(payload)
  })
  return { url: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() }
}

idempotencySuite('Fastify', mount)
