import Fastify from 'fastify'

const at = (seat: string) => `${process.env['STORE_URL']}/seat-${seat}`
const app = Fastify()

app.get<{ Params: { seat: string } }>('/seats/:seat', async ({ params }) => {
  return { seat: params.seat, guest: await (await fetch(at(params.seat))).json() }
})

app.put<{ Params: { seat: string }; Body: { guest: string } }>('/seats/:seat', async ({ params, body }, reply) => {
  const added = await fetch(`${at(params.seat)}?op=add`, { method: 'POST', body: JSON.stringify(body.guest) })
  if ((await added.json()) !== true) return reply.code(409).send({ error: 'taken' })
  return reply.code(201).send({ seat: params.seat, guest: body.guest })
})

await app.listen({ port: Number(process.env['PORT']) })
