import Fastify from 'fastify'

const app = Fastify()
const at = `${process.env['STORE_URL']}/messages`

app.get('/', async (_request, reply) => {
  const messages = ((await (await fetch(at)).json()) ?? []) as string[]
  const items = messages.slice(-10).map((line) => `<li>${line}</li>`)
  return reply.type('text/html').send(`<h1>Shoutbox</h1><ul>${items.join('')}</ul>`)
})

app.post<{ Body: { text: string } }>('/shout', async (request, reply) => {
  const text = request.body.text.replaceAll(/[\n<]/g, ' ')
  await fetch(`${at}?op=push`, { method: 'POST', body: JSON.stringify(text) })
  return reply.code(201).send({ ok: true })
})

await app.listen({ port: Number(process.env['PORT']) })
