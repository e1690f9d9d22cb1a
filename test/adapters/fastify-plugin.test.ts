// drover/fastify as a plugin: not encapsulated, on every route, and on what replies by hand.
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import fastify from 'fastify'
import type { FastifyInstance } from 'fastify'
import { fastifySessions, sessionOf } from '../../src/adapters/fastify.ts'
import type { Sessions } from '../../src/index.ts'
import type { Adapter, Shop } from './adapter.ts'
import { cookieOf, runApp } from './running-app.ts'
import type { RunningApp } from './running-app.ts'

/** An app of Fastify's own, with sessions registered. */
function runFastify(
  context: TestContext,
  build: (app: FastifyInstance, shop: Sessions<Shop>) => void,
): Promise<RunningApp> {
  const adapter: Adapter = {
    name: 'Fastify',
    serve: async ({ shops: [shop] }) => {
      assert.ok(shop)
      const app = fastify({ forceCloseConnections: true })
      void app.register(fastifySessions(shop))
      build(app, shop)
      const url = await app.listen({ port: 0, host: '127.0.0.1' })
      return { port: Number(new URL(url).port), close: () => app.close() }
    },
  }
  return runApp(context, adapter, () => undefined)
}

test('registered once, it is there for sibling plugins, hooks and the page that is not found', async (context) => {
  const app = await runFastify(context, (routes, shop) => {
    void routes.register((child, _options, done) => {
      child.addHook('preHandler', async (request) => {
        await request.session.login('ann')
      })
      child.get('/child', (request) => ({ same: request.session === sessionOf(request, shop) }))
      done()
    })
    routes.setNotFoundHandler(async (request, reply) => {
      ;(await sessionOf(request.raw, shop).data()).theme = 'dark'
      return reply.code(404).send('no such page')
    })
  })
  const child = await app.visit('/child')
  assert.equal(child.text, '{"same":true}')
  assert.match(cookieOf(child), /^sid=/)
  const missing = await app.visit('/none')
  assert.equal(missing.status, 404)
  assert.match(cookieOf(missing), /^sid=/)
})

test('what Fastify can send waits for the save: buffers, streams, web streams, Responses, trailers', async (context) => {
  const web = () => ReadableStream.from([new TextEncoder().encode('hello')])
  const app = await runFastify(context, (routes) => {
    routes.addHook('preHandler', async (request) => {
      await request.session.login('ann')
    })
    routes.get('/buffer', (_request, reply) => reply.send(Buffer.from('hello')))
    routes.get('/stream', (_request, reply) => reply.send(Readable.from(['hel', 'lo'])))
    routes.get('/web', (_request, reply) => reply.send(web()))
    routes.get('/response', (_request, reply) =>
      reply.send(new Response('hello', { headers: { 'x-app': 'yes' } })),
    )
    routes.get('/trailer', (_request, reply) => {
      reply.trailer('x-sum', (_reply, _payload, done) => {
        done(null, '5')
      })
      return reply.send('hello')
    })
    routes.get('/async', () => 'hello')
  })
  for (const path of ['/buffer', '/stream', '/web', '/response', '/trailer', '/async']) {
    const answer = await app.visit(path)
    assert.equal(answer.text, 'hello', path)
    assert.match(cookieOf(answer), /^sid=/, path)
    app.store.failing.add('create')
    const failed = await app.visit(path)
    assert.equal(failed.status, 503, path)
    assert.equal(
      failed.text,
      '{"error":{"code":"STORE_UNAVAILABLE","message":"Service Unavailable"}}\n',
      path,
    )
    app.store.failing.clear()
  }
})

test('the time limit and the response hooks of Fastify run as before', async (context) => {
  const responded: number[] = []
  const app = await runFastify(context, (routes) => {
    routes.addHook('onResponse', (_request, reply, done) => {
      responded.push(reply.statusCode)
      done()
    })
    routes.get('/', async (request) => {
      await request.session.login('ann')
      return 'hello'
    })
  })
  await app.visit('/')
  app.store.failing.add('create')
  await app.visit('/')
  assert.deepEqual(responded, [200, 503])
})
