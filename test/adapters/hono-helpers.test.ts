// drover/hono with what Hono brings itself: typed variables, streaming helpers, error handlers, other middleware.
import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import type { TestContext } from 'node:test'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import type { Handler as HonoHandler } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { cors } from 'hono/cors'
import { etag } from 'hono/etag'
import { stream, streamSSE } from 'hono/streaming'
import { fetchSessions } from '../../src/adapters/fetch.ts'
import { honoSessions, sessionOf } from '../../src/adapters/hono.ts'
import type { SessionEnv } from '../../src/adapters/hono.ts'
import { serveListener } from './adapter.ts'
import type { Adapter, Shop } from './adapter.ts'
import type { Sessions } from '../../src/index.ts'
import { cookieOf, runApp } from './running-app.ts'
import type { RunningApp } from './running-app.ts'

mock.method(console, 'error', () => undefined)

type HonoApp = Hono<SessionEnv<Shop>>

/** An app of Hono's own, with sessions mounted. */
function runHono(
  context: TestContext,
  build: (app: HonoApp, shop: Sessions<Shop>) => void,
  wrap: (app: HonoApp, shop: Sessions<Shop>) => HonoApp['fetch'] = (app) => app.fetch,
): Promise<RunningApp> {
  const adapter: Adapter = {
    name: 'Hono',
    serve: ({ shops: [shop] }) => {
      assert.ok(shop)
      const app: HonoApp = new Hono()
      app.use(honoSessions(shop))
      build(app, shop)
      return serveListener(getRequestListener(wrap(app, shop)))
    },
  }
  return runApp(context, adapter, () => undefined)
}

const theme: HonoHandler<SessionEnv<Shop>> = async (c) =>
  c.json((await c.get('session').data()).theme ?? null)

test('streamSSE carries the cookie of a sign-in before it, and saves what changes in it by commit()', async (context) => {
  const app = await runHono(context, (routes) => {
    routes.get('/theme', theme)
    routes.get('/events', async (c) => {
      const session = c.get('session')
      await session.login('ann')
      return streamSSE(c, async (events) => {
        await events.writeSSE({ data: 'hello' })
        ;(await session.data()).theme = 'dark'
        await session.commit()
        await events.writeSSE({ data: 'saved' })
      })
    })
  })
  const answer = await app.visit('/events')
  assert.equal(answer.text, 'data: hello\n\ndata: saved\n\n')
  assert.equal(answer.headers.get('cache-control'), 'private, no-cache')
  assert.equal((await app.visit('/theme', { cookie: cookieOf(answer) })).text, '"dark"')
})

test('stream that writes at once waits for the save, and is told to stop when that fails', async (context) => {
  const stopped = Promise.withResolvers<void>()
  const app = await runHono(context, (routes) => {
    routes.get('/whole', async (c) => {
      await c.get('session').login('ann')
      return stream(c, async (writer) => {
        await writer.write('hello')
      })
    })
    routes.get('/endless', async (c) => {
      await c.get('session').login('ann')
      return stream(c, async (writer) => {
        while (!writer.aborted) await writer.write('hello')
        stopped.resolve()
      })
    })
  })
  const held = app.store.holdNext('create')
  const arriving = app.visit('/whole')
  await held.reached
  held.release()
  assert.equal((await arriving).text, 'hello')
  app.store.failing.add('create')
  assert.equal((await app.visit('/endless')).status, 503)
  await stopped.promise
})

test('a status of the app’s own for an outage is kept; without one it is 503', async (context) => {
  const own = await runHono(context, (routes) => {
    routes.get('/', theme)
    routes.onError((_error, c) => c.text('come back soon', 502))
  })
  const plain = await runHono(context, (routes) => {
    routes.get('/', theme)
  })
  const cookie = `sid=${'a'.repeat(43)}`
  for (const { store } of [own, plain]) store.failing.add('load')
  assert.deepEqual([(await own.visit('/', { cookie })).status, own.reports.length], [502, 0])
  assert.deepEqual([(await plain.visit('/', { cookie })).status, plain.reports.length], [503, 1])
})

test('other middleware keeps its headers, and may replace the raw request', async (context) => {
  const app = await runHono(context, (routes, shop) => {
    routes.use(cors({ origin: 'https://shop.example' }), bodyLimit({ maxSize: 1_000 }))
    routes.post('/', async (c) => {
      const body = await c.req.text()
      assert.equal(sessionOf(c, shop), c.get('session'))
      await c.get('session').login('ann')
      return c.text(body)
    })
    routes.get('/tagged', etag(), async (c) => {
      await c.get('session').login('ann')
      return c.text('hello')
    })
  })
  const body = ReadableStream.from([new TextEncoder().encode('hello')])
  const headers = { origin: 'https://shop.example' }
  const answer = await app.visit('/', { method: 'POST', headers, body, duplex: 'half' })
  assert.equal(answer.text, 'hello')
  assert.equal(answer.headers.get('access-control-allow-origin'), 'https://shop.example')
  const tagged = await app.visit('/tagged')
  assert.notEqual(tagged.headers.get('etag'), null)
  assert.equal(tagged.text, 'hello')
  assert.equal(tagged.cookies.length, 1)
  assert.equal(answer.cookies.length, 1)
  assert.match(answer.headers.get('vary') ?? '', /Cookie/)
})

test('inside fetchSessions of the same shop it stays one session with one commit', async (context) => {
  let opened = 0
  const app = await runHono(
    context,
    (routes) => {
      routes.get('/', async (c) => {
        await c.get('session').login('ann')
        return c.text('hello')
      })
    },
    (routes, shop) => {
      const open = shop.open.bind(shop)
      shop.open = (...args) => {
        opened += 1
        return open(...args)
      }
      const fetch = fetchSessions(shop)((request) => routes.fetch(request))
      return (request) => fetch(request)
    },
  )
  assert.equal((await app.visit('/')).cookies.length, 1)
  assert.deepEqual(app.store.calls, ['create'])
  assert.equal(opened, 1)
})

test('c.get of a chained app is typed', async (context) => {
  const adapter: Adapter = {
    name: 'Hono',
    serve: ({ shops: [shop] }) => {
      assert.ok(shop)
      const app = new Hono().use(honoSessions(shop)).get('/', async (c) => {
        const data = await c.get('session').data()
        data.theme = 'dark'
        return c.json((await c.var.session.data()).theme)
      })
      return serveListener(getRequestListener(app.fetch))
    },
  }
  const { visit } = await runApp(context, adapter, () => undefined)
  assert.equal((await visit('/')).text, '"dark"')
})
