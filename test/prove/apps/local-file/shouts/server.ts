import { appendFile, readFile } from 'node:fs/promises'
import Fastify from 'fastify'

const app = Fastify()
const path = './messages.log' // state:declared

async function lastMessages(): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text.split('\n').filter((line) => line !== '').slice(-10)
}

app.get('/', async (_request, reply) => {
  const items = (await lastMessages()).map((line) => `<li>${line}</li>`)
  return reply.type('text/html').send(`<h1>Shoutbox</h1><ul>${items.join('')}</ul>`)
})

app.post<{ Body: { text: string } }>('/shout', async (request, reply) => {
  await appendFile(path, `${request.body.text.replaceAll(/[\n<]/g, ' ')}\n`) // state:written
  return reply.code(201).send({ ok: true })
})

await app.listen({ port: Number(process.env['PORT']) })
