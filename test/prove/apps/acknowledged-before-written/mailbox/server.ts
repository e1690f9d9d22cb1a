import Fastify from 'fastify'

const app = Fastify()
const at = `${process.env['STORE_URL']}/outbox`

interface Mail {
  readonly to: string
  readonly text: string
}

/** Mails wait a little, so that their writer can take them back. */
function sendLater(mail: Mail): void {
  // state:declared
  setTimeout(() => {
    void fetch(`${at}?op=push`, { method: 'POST', body: JSON.stringify(mail) })
  }, 300)
}

app.post<{ Body: Mail }>('/mails', async ({ body }, reply) => {
  sendLater(body) // state:written
  return reply.code(202).send({ status: 'will be sent' })
})

app.get('/', async (_request, reply) => reply.type('text/html').send('<h1>Mail</h1><a href="/mails">Sent</a>'))
app.get('/mails', async () => ({ sent: (await (await fetch(at)).json()) ?? [] }))

await app.listen({ port: Number(process.env['PORT']) })
