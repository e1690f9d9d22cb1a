import { randomBytes } from 'node:crypto'
import Fastify from 'fastify'

const app = Fastify()
const at = (token) => `${process.env.STORE_URL}/reset-${token}`

app.post('/forgot', async ({ body }, reply) => {
  const token = randomBytes(20).toString('hex')
  await fetch(at(token), { method: 'PUT', body: JSON.stringify(body.email) })
  reply.code(202)
  return { mail: `/reset/${token}` }
})

app.get('/reset/:token', async ({ params }, reply) => {
  const email = await (await fetch(at(params.token))).json()
  if (email === null) return reply.code(404).type('text/html').send('<h1>This link is no longer valid</h1>')
  return reply.type('text/html').send(`<h1>New password for ${email}</h1><form method="post"></form>`)
})

app.post('/reset/:token', async ({ params }, reply) => {
  const deleted = await fetch(at(params.token), { method: 'DELETE' })
  if (deleted.status === 404) return reply.code(404).send({ error: 'not valid' })
  return { changed: true }
})

await app.listen({ port: process.env.PORT, host: '127.0.0.1' })
