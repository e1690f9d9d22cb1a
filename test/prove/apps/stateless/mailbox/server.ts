import Fastify from 'fastify'

const app = Fastify()
const at = `${process.env['STORE_URL']}/outbox`

interface Mail {
  readonly to: string
  readonly text: string
  /** Milliseconds since 1970. */
  readonly due: number
}

app.post<{ Body: Mail }>('/mails', async ({ body: { to, text } }, reply) => {
  const mail: Mail = { to, text, due: Date.now() + 300 }
  await fetch(`${at}?op=push`, { method: 'POST', body: JSON.stringify(mail) })
  return reply.code(202).send({ status: 'will be sent' })
})

app.get('/', async (_request, reply) => reply.type('text/html').send('<h1>Mail</h1><a href="/mails">Sent</a>'))

app.get('/mails', async () => {
  const all = ((await (await fetch(at)).json()) ?? []) as Mail[]
  return { sent: all.filter(({ due }) => due <= Date.now()).map(({ to, text }) => ({ to, text })) }
})

await app.listen({ port: Number(process.env['PORT']) })
