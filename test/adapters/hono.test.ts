// drover/hono through the shared suite, on the globals that @hono/node-server puts in place.
import { mock } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { getConnInfo } from '@hono/node-server/conninfo'
import { Hono } from 'hono'
import type { Context } from 'hono'
import { stream } from 'hono/streaming'
import { honoSessions, sessionOf } from '../../src/adapters/hono.ts'
import type { HonoOptions } from '../../src/adapters/hono.ts'
import { serveListener } from './adapter.ts'
import type { Adapter, Reply } from './adapter.ts'
import { encoded } from './fetch-mount.ts'
import { adapterSuite } from './suite.ts'

// Hono's own error handler prints each error.
mock.method(console, 'error', () => undefined)

const direct: HonoOptions = { ip: (c) => getConnInfo(c).remote.address }

const trusting: HonoOptions = {
  ip: (c) => c.req.header('x-forwarded-for'),
  encrypted: (c) => c.req.header('x-forwarded-proto') === 'https',
}

function answer(c: Context, { status = 200, headers = {}, cookies = [], body, redirect }: Reply): Response {
  for (const cookie of cookies) c.header('set-cookie', cookie, { append: true })
  if (redirect !== undefined) return c.redirect(redirect)
  c.status(status as 200)
  for (const [name, value] of Object.entries(headers)) c.header(name, value)
  if (typeof body === 'string') return c.body(body)
  if (body === undefined) return c.body(null)
  return stream(c, (writer) => writer.pipe(ReadableStream.from(encoded(body))))
}

const hono: Adapter = {
  name: 'Hono',
  returnsResponse: true,
  serve: ({ shops, handle, trustProxy }) => {
    const app = new Hono()
    for (const shop of shops) app.use(honoSessions(shop, trustProxy ? trusting : direct))
    app.all('*', async (c) => {
      const reply = await handle({
        method: c.req.method,
        path: c.req.path,
        sessionOf: (shop) => sessionOf(c, shop),
      })
      return answer(c, reply ?? {})
    })
    return serveListener(getRequestListener(app.fetch))
  },
}

adapterSuite(hono)
