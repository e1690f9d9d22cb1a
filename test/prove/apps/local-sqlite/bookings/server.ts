import Fastify from 'fastify'
import { openDatabase } from './database.ts'

const database = openDatabase(process.env['DATA_DIR'] ?? './data') // state:declared
const app = Fastify()

const insert = database.prepare('insert into bookings (seat, guest) values (?, ?) on conflict do nothing')
const select = database.prepare('select guest from bookings where seat = ?')

app.get<{ Params: { seat: string } }>('/seats/:seat', async ({ params }) => {
  const booking = select.get(params.seat)
  return { seat: params.seat, guest: booking?.['guest'] ?? null }
})

app.put<{ Params: { seat: string }; Body: { guest: string } }>('/seats/:seat', async ({ params, body }, reply) => {
  const { changes } = insert.run(params.seat, body.guest) // state:written
  if (changes === 0) return reply.code(409).send({ error: 'taken' })
  return reply.code(201).send({ seat: params.seat, guest: body.guest })
})

await app.listen({ port: Number(process.env['PORT']) })
