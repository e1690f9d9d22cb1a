import { serve } from '@hono/node-server'
import { Hono } from 'hono'
import { JSONFilePreset } from 'lowdb/node'

const db = await JSONFilePreset('db.json', { recipes: [] }) // state:declared
const app = new Hono()

app.get('/recipes', async (c) => {
  await db.read()
  return c.json(db.data.recipes)
})

app.post('/recipes', async (c) => {
  const { title, minutes } = await c.req.json()
  await db.read()
  await db.update(({ recipes }) => recipes.push({ title, minutes })) // state:written
  return c.json({ title }, 201)
})

app.get('/recipes/quick', async (c) => {
  await db.read()
  return c.json(db.data.recipes.filter(({ minutes }) => minutes <= 15))
})

serve({ fetch: app.fetch, port: Number(process.env.PORT) })
