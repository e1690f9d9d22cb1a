import { serve } from '@hono/node-server'
import { Hono } from 'hono'

interface Todo {
  id: number
  title: string
  done: boolean
}

const at = `${process.env['STORE_URL']}/todos`
const first: Todo = { id: 1, title: 'Feed the pigeons', done: false }

const load = async () => ((await (await fetch(at)).json()) as Todo[] | null) ?? [first]
const save = (todos: readonly Todo[]) => fetch(at, { method: 'PUT', body: JSON.stringify(todos) })

const app = new Hono()

app.get('/todos', async (c) => c.json(await load()))

app.post('/todos', async (c) => {
  const { title } = await c.req.json<{ title: string }>()
  const todos = await load()
  const todo: Todo = { id: Math.max(0, ...todos.map(({ id }) => id)) + 1, title, done: false }
  await save([...todos, todo])
  return c.json(todo, 201)
})

app.patch('/todos/:id', async (c) => {
  const todos = await load()
  const todo = todos.find(({ id }) => id === Number(c.req.param('id')))
  if (todo === undefined) return c.json({ error: 'not found' }, 404)
  Object.assign(todo, await c.req.json<Partial<Todo>>())
  await save(todos)
  return c.json(todo)
})

app.delete('/todos/:id', async (c) => {
  await save((await load()).filter(({ id }) => id !== Number(c.req.param('id'))))
  return c.body(null, 204)
})

serve({ fetch: app.fetch, port: Number(process.env['PORT'] ?? 3000) })
