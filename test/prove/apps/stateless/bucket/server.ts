import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'

function sharedLimit(capacity: number) {
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const at = `${process.env['STORE_URL']}/used-${request.ip.replaceAll(':', '_')}?op=incr`
    const used = Number(await (await fetch(at, { method: 'POST' })).json())
    if (used > capacity) return reply.code(429).send({ error: 'Slow down' })
  }
}

const app = Fastify()
app.addHook('onRequest', sharedLimit(4))

app.get('/search', async (request) => ({ hits: [], query: request.query }))

await app.listen({ port: Number(process.env['PORT']) })
