// Sessions over HTTP/2, on node:http2's compatible responses: the same gate, without what HTTP/2 does not have.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:http2'
import type { Http2Server, IncomingHttpHeaders } from 'node:http2'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import fastify from 'fastify'
import Koa from 'koa'
import { fastifySessions, sessionOf as fastifySession } from '../../src/adapters/fastify.ts'
import { koaSessions, sessionOf as koaSession } from '../../src/adapters/koa.ts'
import { sessionOf as nodeSession, withSessions } from '../../src/adapters/node-http.ts'
import type { Sessions } from '../../src/index.ts'
import { listen as listenOnFreePort } from '../support/free-port.ts'
import type { Adapter, Shop } from './adapter.ts'
import { runApp } from './running-app.ts'

const large = 'drover '.repeat(300_000)

/** Each answers '/login' with a cookie and a large body, and '/read' with a head that shared caches would like. */
const servers: Readonly<Record<string, (shop: Sessions<Shop>) => Http2Server | Promise<Http2Server>>> = {
  'node:http2': (shop) => {
    const listener = withSessions(shop, async (req, res) => {
      const session = nodeSession(req, shop)
      await (req.url === '/login' ? session.login('ann') : session.data())
      res.writeHead(200, { 'cache-control': 'public', 'x-app': 'yes' })
      res.end(large)
    })
    return createServer(listener as unknown as Parameters<typeof createServer>[1])
  },
  Koa: (shop) => {
    const app = new Koa()
    app.use(koaSessions(shop)).use(async (ctx) => {
      const session = koaSession(ctx, shop)
      await (ctx.path === '/login' ? session.login('ann') : session.data())
      ctx.set({ 'cache-control': 'public', 'x-app': 'yes' })
      ctx.body = large
    })
    const listener = app.callback()
    return createServer((req, res) => void listener(req, res))
  },
  Fastify: async (shop) => {
    const app = fastify({ http2: true })
    await app.register(fastifySessions(shop as Sessions<object>) as Parameters<typeof app.register>[0])
    app.get('/*', async (request, reply) => {
      const session = fastifySession(request as unknown as Parameters<typeof fastifySession>[0], shop)
      await (request.url === '/login' ? session.login('ann') : session.data())
      return reply.headers({ 'cache-control': 'public', 'x-app': 'yes' }).send(large)
    })
    await app.ready()
    return app.server
  },
}

interface Http2Answer {
  readonly headers: IncomingHttpHeaders
  readonly text: string
}

/** Serves it until the test ends; gives a function that asks on one HTTP/2 connection. */
async function listen(
  context: TestContext,
  server: Http2Server,
): Promise<(path: string) => Promise<Http2Answer>> {
  const client = connect(`http://127.0.0.1:${await listenOnFreePort(server)}`)
  context.after(() => {
    client.destroy()
    server.close()
  })
  return async (path) => {
    const stream = client.request({ ':path': path })
    const [headers] = await once(stream, 'response')
    let text = ''
    for await (const chunk of stream) text += String(chunk)
    return { headers, text }
  }
}

for (const [name, serverOf] of Object.entries(servers)) {
  test(`${name} over HTTP/2: saved before the first byte, replaced when it cannot be`, async (context) => {
    const warnings: unknown[] = []
    const onWarning = (warning: unknown) => warnings.push(warning)
    process.on('warning', onWarning)
    const ready: Adapter = { name, serve: () => Promise.resolve({ port: 0, close: () => Promise.resolve() }) }
    const { shop, store } = await runApp(context, ready, () => undefined)
    const ask = await listen(context, await serverOf(shop))

    const signedIn = await ask('/login')
    assert.equal(signedIn.headers[':status'], 200)
    assert.match(String(signedIn.headers['set-cookie']), /^(?:__Host-)?sid=/)
    assert.equal(signedIn.headers['x-app'], 'yes')
    assert.ok(signedIn.text === large)

    const read = await ask('/read')
    assert.equal(read.headers['cache-control'], 'private')
    assert.equal(read.headers.vary, 'Cookie')
    assert.ok(read.text === large)

    store.failing.add('create')
    const failed = await ask('/login')
    assert.equal(failed.headers[':status'], 503)
    assert.equal(failed.headers['retry-after'], '1')
    assert.equal(failed.headers['x-app'], undefined)
    assert.match(failed.text, /STORE_UNAVAILABLE/)
    process.off('warning', onWarning)
    assert.deepEqual(warnings, [])
  })
}
