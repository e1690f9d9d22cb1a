import { randomBytes } from 'node:crypto'
import Fastify from 'fastify'

const app = Fastify()
const resetTokens = new Map() // state:declared

app.post('/forgot', async ({ body }, reply) => {
  const token = randomBytes(20).toString('hex')
  resetTokens.set(token, body.email) // state:written
  setTimeout(() => resetTokens.delete(token), 3_600_000).unref()
  reply.code(202)
  return { mail: `/reset/${token}` }
})

app.get('/reset/:token', async ({ params }, reply) => {
  const email = resetTokens.get(params.token)
  if (email === undefined) return reply.code(404).type('text/html').send('<h1>This link is no longer valid</h1>')
  return reply.type('text/html').send(`<h1>New password for ${email}</h1><form method="post"></form>`)
})

app.post('/reset/:token', async ({ params }, reply) => {
  if (!resetTokens.delete(params.token)) return reply.code(404).send({ error: 'not valid' }) // state:written
  return { changed: true }
})

await app.listen({ port: process.env.PORT, host: '127.0.0.1' })
