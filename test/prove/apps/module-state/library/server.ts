import Fastify from 'fastify'
import { type Book, Library } from './library.ts'

const app = Fastify()
const library = new Library() // state:declared

app.get('/books', async () => ({ books: library.list() }))

app.post<{ Body: Book }>('/books', async (request, reply) => {
  library.add(request.body)
  return reply.code(201).send(request.body)
})

app.post<{ Params: { isbn: string } }>('/books/:isbn/lend', async (request, reply) => {
  if (!library.lend(request.params.isbn)) return reply.code(409).send({ error: 'not available' })
  return { lent: true }
})

await app.listen({ port: Number(process.env['PORT'] ?? 3000) })
