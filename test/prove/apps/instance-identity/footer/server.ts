import { hostname } from 'node:os'
import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const app = new Hono()

const layout = (body: string) => `<!doctype html><title>Harbour</title><main>${body}</main>
<footer>Served by ${process.env['HOSTNAME'] ?? hostname()}</footer>` // state:declared

app.get('/', (c) => c.html(layout('<h1>Harbour</h1><a href="/ships">Ships</a>')))
app.get('/ships', (c) => c.html(layout('<ul><li>Aurora<li>Beagle</ul>')))

serve({ fetch: app.fetch, port: Number(process.env['PORT']) })
