import { serve } from '@hono/node-server'
import { Hono } from 'hono'

interface Todo {
  id: number
  title: string
  done: boolean
}

let todos: Todo[] = [{ id: 1, title: 'Feed the pigeons', done: false }] // state:declared
let nextId = 2

const app = new Hono()

app.get('/todos', (c) => c.json(todos))

app.post('/todos', async (c) => {
  const { title } = await c.req.json<{ title: string }>()
  const todo: Todo = { id: nextId++, title, done: false } // state:written
  todos.push(todo) // state:written
  return c.json(todo, 201)
})

app.patch('/todos/:id', async (c) => {
  const todo = todos.find(({ id }) => id === Number(c.req.param('id')))
  if (todo === undefined) return c.json({ error: 'not found' }, 404)
  Object.assign(todo, await c.req.json<Partial<Todo>>()) // state:written
  return c.json(todo)
})

app.delete('/todos/:id', (c) => {
  todos = todos.filter(({ id }) => id !== Number(c.req.param('id'))) // state:written
  return c.body(null, 204)
})

serve({ fetch: app.fetch, port: Number(process.env['PORT'] ?? 3000) })
