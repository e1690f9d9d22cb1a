const { randomBytes } = require('node:crypto')
const fastify = require('fastify')()

// One per open page: what it has not fetched yet, and the request that waits for it.
const connections = new Map() // state:declared

fastify.post('/connect', async () => {
  const sid = randomBytes(9).toString('base64url')
  connections.set(sid, { queue: ['welcome'], waiting: undefined }) // state:written
  return { sid }
})

fastify.post('/send/:sid', async (request, reply) => {
  const connection = connections.get(request.params.sid)
  if (!connection) return reply.code(400).send({ code: 1, message: 'Session ID unknown' })
  connection.queue.push(`echo ${request.body.text}`) // state:written
  connection.waiting?.()
  return { ok: true }
})

fastify.get('/poll/:sid', async (request, reply) => {
  const connection = connections.get(request.params.sid)
  if (!connection) return reply.code(400).send({ code: 1, message: 'Session ID unknown' })
  if (connection.queue.length === 0) {
    await new Promise((resolve) => {
      connection.waiting = resolve
      setTimeout(resolve, 2000)
    })
  }
  return { messages: connection.queue.splice(0) } // state:written
})

fastify.listen({ port: Number(process.env.PORT) })
