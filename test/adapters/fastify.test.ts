// drover/fastify through the shared suite.
import { Readable } from 'node:stream'
import fastify from 'fastify'
import type { FastifyReply } from 'fastify'
import { fastifySessions, sessionOf } from '../../src/adapters/fastify.ts'
import { maxHeaderSize } from './adapter.ts'
import type { Adapter, Reply } from './adapter.ts'
import { nodeSuite } from './node-suite.ts'
import { adapterSuite } from './suite.ts'

function send(
  reply: FastifyReply,
  { status = 200, headers = {}, cookies = [], body, redirect }: Reply,
): unknown {
  for (const cookie of cookies) void reply.header('set-cookie', cookie)
  if (redirect !== undefined) return reply.redirect(redirect)
  return reply
    .code(status)
    .headers(headers)
    .send(typeof body === 'object' ? Readable.from(body) : body)
}

const fastify5: Adapter = {
  name: 'Fastify',
  serve: async ({ shops, handle, trustProxy }) => {
    const app = fastify({ trustProxy, forceCloseConnections: true, http: { maxHeaderSize } })
    for (const shop of shops) await app.register(fastifySessions(shop))
    app.all('/*', async (request, reply) => {
      const given = await handle({
        method: request.method,
        path: request.url,
        sessionOf: (shop) => sessionOf(request, shop),
        res: () => {
          reply.hijack()
          return reply.raw
        },
      })
      return given === undefined ? reply : send(reply, given)
    })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    return { port: Number(new URL(url).port), close: () => app.close() }
  },
}

adapterSuite(fastify5)
nodeSuite(fastify5)
