import { randomUUID } from 'node:crypto'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const birds = ['auk', 'crow', 'dove', 'eagle', 'finch', 'gull', 'heron', 'ibis', 'jay', 'kite']
const pageSize = 4

type Cursor = { position: number; query: string }
const cursors: Record<string, Cursor> = {} // state:declared

function pageFrom(cursor: Cursor) {
  const found = birds.filter((bird) => bird.includes(cursor.query))
  const items = found.slice(cursor.position, cursor.position + pageSize)
  const position = cursor.position + items.length
  if (position >= found.length) return { items, next: null }
  const next = randomUUID()
  cursors[next] = { ...cursor, position } // state:written
  return { items, next }
}

const app = new Hono()

app.get('/birds', (c) => {
  const token = c.req.query('cursor')
  if (token === undefined) return c.json(pageFrom({ position: 0, query: c.req.query('q') ?? '' }))
  const cursor = cursors[token]
  if (cursor === undefined) return c.json({ error: 'unknown cursor' }, 400)
  return c.json(pageFrom(cursor))
})

serve({ fetch: app.fetch, port: Number(process.env['PORT']) })
