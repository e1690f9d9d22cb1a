import { serve } from '@hono/node-server'
import { Hono } from 'hono'

interface Profile {
  readonly name: string
  readonly city: string
}

const at = (id: string) => `${process.env['STORE_URL']}/profile-${id}`
const app = new Hono()

app.get('/profiles/:id', async (c) => {
  const profile = (await (await fetch(at(c.req.param('id')))).json()) as Profile | null
  return profile === null ? c.notFound() : c.json(profile)
})

app.put('/profiles/:id', async (c) => {
  const profile = await c.req.json<Profile>()
  await fetch(at(c.req.param('id')), { method: 'PUT', body: JSON.stringify(profile) })
  return c.body(null, 204)
})

serve({ fetch: app.fetch, port: Number(process.env['PORT']) })
