import Fastify, { type FastifyReply, type FastifyRequest } from 'fastify'

function tokenBucket(capacity: number, perSecond: number) {
  const buckets: Record<string, { tokens: number; at: number }> = {} // state:declared
  return async (request: FastifyRequest, reply: FastifyReply) => {
    const now = Date.now()
    const bucket = (buckets[request.ip] ??= { tokens: capacity, at: now }) // state:written
    bucket.tokens = Math.min(capacity, bucket.tokens + ((now - bucket.at) / 1000) * perSecond) // state:written
    bucket.at = now // state:written
    if (bucket.tokens < 1) return reply.code(429).send({ error: 'Slow down' })
    bucket.tokens -= 1 // state:written
  }
}

const app = Fastify()
app.addHook('onRequest', tokenBucket(4, 0.001)) // state:declared

app.get('/search', async (request) => ({ hits: [], query: request.query }))

await app.listen({ port: Number(process.env['PORT']) })
