import Fastify from 'fastify'

interface Book {
  readonly isbn: string
  readonly title: string
}

const store = process.env['STORE_URL']
const app = Fastify()

class Library {
  async add(book: Book): Promise<void> {
    await fetch(`${store}/books?op=push`, { method: 'POST', body: JSON.stringify(book) })
  }

  async lend(isbn: string): Promise<boolean> {
    const books = await this.list()
    if (!books.some((book) => book.isbn === isbn)) return false
    const added = await fetch(`${store}/lent-${isbn}?op=add`, { method: 'POST', body: 'true' })
    return (await added.json()) === true
  }

  async list(): Promise<readonly Book[]> {
    const books = ((await (await fetch(`${store}/books`)).json()) ?? []) as Book[]
    return Promise.all(
      books.map(async (book) => ({ ...book, lent: (await fetch(`${store}/lent-${book.isbn}`)).ok })),
    )
  }
}

const library = new Library()

app.get('/books', async () => ({ books: await library.list() }))

app.post<{ Body: Book }>('/books', async (request, reply) => {
  await library.add(request.body)
  return reply.code(201).send(request.body)
})

app.post<{ Params: { isbn: string } }>('/books/:isbn/lend', async (request, reply) => {
  if (!(await library.lend(request.params.isbn))) return reply.code(409).send({ error: 'not available' })
  return { lent: true }
})

await app.listen({ port: Number(process.env['PORT'] ?? 3000) })
