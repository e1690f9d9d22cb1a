// Ids and times of their own for everything that is made, and kept outside.
import { randomUUID } from 'node:crypto'
import Fastify from 'fastify'

const app = Fastify({ genReqId: () => randomUUID() })
const at = (id) => `${process.env.STORE_URL}/thing-${id}`

app.addHook('onSend', async (request, reply) => {
  reply.header('x-request-id', request.id)
})

app.post('/things', async ({ body }, reply) => {
  const id = randomUUID()
  const now = new Date().toISOString()
  const thing = { id, name: body.name, createdAt: now, updatedAt: now, etag: randomUUID().slice(0, 8) }
  await fetch(at(id), { method: 'PUT', body: JSON.stringify(thing) })
  return reply.code(201).header('location', `/things/${id}`).send(thing)
})

app.get('/things/:id', async ({ params }, reply) => {
  const thing = await (await fetch(at(params.id))).json()
  return thing ?? reply.code(404).send({ error: 'not found', trace: randomUUID() })
})

app.patch('/things/:id', async ({ params, body }) => {
  const thing = await (await fetch(at(params.id))).json()
  const changed = { ...thing, ...body, updatedAt: new Date().toISOString() }
  await fetch(at(params.id), { method: 'PUT', body: JSON.stringify(changed) })
  return changed
})

await app.listen({ port: process.env.PORT })
