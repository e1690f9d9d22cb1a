import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const birds = ['auk', 'crow', 'dove', 'eagle', 'finch', 'gull', 'heron', 'ibis', 'jay', 'kite']
const pageSize = 4

type Cursor = { position: number; query: string }

function pageFrom(cursor: Cursor) {
  const found = birds.filter((bird) => bird.includes(cursor.query))
  const items = found.slice(cursor.position, cursor.position + pageSize)
  const position = cursor.position + items.length
  if (position >= found.length) return { items, next: null }
  return { items, next: Buffer.from(JSON.stringify({ ...cursor, position })).toString('base64url') }
}

const app = new Hono()

app.get('/birds', (c) => {
  const token = c.req.query('cursor')
  if (token === undefined) return c.json(pageFrom({ position: 0, query: c.req.query('q') ?? '' }))
  return c.json(pageFrom(JSON.parse(Buffer.from(token, 'base64url').toString()) as Cursor))
})

serve({ fetch: app.fetch, port: Number(process.env['PORT']) })
