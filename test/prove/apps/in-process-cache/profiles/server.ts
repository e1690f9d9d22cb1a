import { serve } from '@hono/node-server'
import { Hono } from 'hono'

interface Profile {
  readonly name: string
  readonly city: string
}

const at = (id: string) => `${process.env['STORE_URL']}/profile-${id}`

/** Reads through, writes through; nobody tells the other instances. */
class ProfileRepository {
  private readonly known = new Map<string, Profile>() // state:declared

  async find(id: string): Promise<Profile | undefined> {
    const hit = this.known.get(id)
    if (hit !== undefined) return hit
    const row = (await (await fetch(at(id))).json()) as Profile | null
    if (row === null) return undefined
    this.known.set(id, row) // state:written
    return row
  }

  async save(id: string, profile: Profile): Promise<void> {
    await fetch(at(id), { method: 'PUT', body: JSON.stringify(profile) })
    this.known.set(id, profile) // state:written
  }
}

const profiles = new ProfileRepository() // state:declared
const app = new Hono()

app.get('/profiles/:id', async (c) => {
  const profile = await profiles.find(c.req.param('id'))
  return profile === undefined ? c.notFound() : c.json(profile)
})

app.put('/profiles/:id', async (c) => {
  await profiles.save(c.req.param('id'), await c.req.json<Profile>())
  return c.body(null, 204)
})

serve({ fetch: app.fetch, port: Number(process.env['PORT']) })
