const fastify = require('fastify')()
const NodeCache = require('node-cache')

const cache = new NodeCache({ stdTTL: 300 }) // state:declared
const at = (name) => `${process.env.STORE_URL}/setting-${name}`

async function setting(name) {
  const known = cache.get(name)
  if (known !== undefined) return known
  const value = (await (await fetch(at(name))).json()) || 'default'
  cache.set(name, value) // state:written
  return value
}

fastify.get('/settings/:name', async (request) => ({ value: await setting(request.params.name) }))

fastify.put('/settings/:name', async (request, reply) => {
  await fetch(at(request.params.name), { method: 'PUT', body: JSON.stringify(request.body.value) })
  cache.del(request.params.name) // state:written
  return reply.code(204).send()
})

fastify.listen({ port: Number(process.env.PORT) })
