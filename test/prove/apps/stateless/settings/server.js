const fastify = require('fastify')()

const at = (name) => `${process.env.STORE_URL}/setting-${name}`

fastify.get('/settings/:name', async (request) => {
  return { value: (await (await fetch(at(request.params.name))).json()) || 'default' }
})

fastify.put('/settings/:name', async (request, reply) => {
  await fetch(at(request.params.name), { method: 'PUT', body: JSON.stringify(request.body.value) })
  return reply.code(204).send()
})

fastify.listen({ port: Number(process.env.PORT) })
