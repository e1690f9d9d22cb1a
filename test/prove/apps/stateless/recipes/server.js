import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { Low } from 'lowdb'

const at = `${process.env.STORE_URL}/recipes`

/** lowdb with its data outside. */
const adapter = {
  read: async () => (await fetch(at)).json(),
  write: (data) => fetch(at, { method: 'PUT', body: JSON.stringify(data) }),
}
const db = new Low(adapter, { recipes: [] })
const app = new Hono()

app.get('/recipes', async (c) => {
  await db.read()
  return c.json(db.data.recipes)
})

app.post('/recipes', async (c) => {
  const { title, minutes } = await c.req.json()
  await db.read()
  await db.update(({ recipes }) => recipes.push({ title, minutes }))
  return c.json({ title }, 201)
})

app.get('/recipes/quick', async (c) => {
  await db.read()
  return c.json(db.data.recipes.filter(({ minutes }) => minutes <= 15))
})

serve({ fetch: app.fetch, port: Number(process.env.PORT) })
