// The middleware before real servers: whom it counts, what it answers, and what it does in an outage.
import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import express from 'express'
import { rateLimit } from '../../src/rate-limit/index.ts'
import type { RateLimitOptions } from '../../src/rate-limit/index.ts'
import { listen as listenOnFreePort } from '../support/free-port.ts'
import { MemoryRateCounter } from '../support/memory-rate-counter.ts'

const clock = { now: () => 1_700_000_000_000 }

function limited(given: Partial<RateLimitOptions<express.Request>> = {}) {
  const store = new MemoryRateCounter(new Map(), clock)
  const options = { store, limit: 1, per: '1m', onUnavailable: 'refuse', ...given } as const
  return { store, ...rateLimit<express.Request>(options) }
}

async function listen(context: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  const port = await listenOnFreePort(server)
  context.after(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${port}/`
}

function okApp(...limits: readonly { middleware: express.RequestHandler }[]): express.Express {
  const app = express()
  for (const { middleware } of limits) app.use(middleware)
  return app.get('/', (_, response) => {
    response.send('ok')
  })
}

test('Express: beyond the limit is 429 with Retry-After, never stored by a cache, and never reaches the route', async (context) => {
  let visits = 0
  const app = express().use(limited().middleware)
  app.get('/', (_, response) => {
    visits += 1
    response.send('ok')
  })
  const url = await listen(context, app)
  const passed = await fetch(url)
  assert.deepEqual([passed.status, passed.headers.get('ratelimit')], [200, '"default";r=0;t=60'])
  const refused = await fetch(url)
  assert.equal(refused.status, 429)
  assert.match(await refused.text(), /^Too many requests/)
  assert.deepEqual(
    ['retry-after', 'ratelimit', 'ratelimit-policy', 'cache-control'].map((name) =>
      refused.headers.get(name),
    ),
    ['60', '"default";r=0;t=60', '"default";q=1;w=60', 'no-store'],
  )
  assert.equal(visits, 1)
})

test('Express behind a balancer: with "trust proxy" the client counts, not the balancer', async (context) => {
  const app = okApp(limited()).set('trust proxy', 'loopback')
  const url = await listen(context, app)
  const from = async (address: string) =>
    (await fetch(url, { headers: { 'x-forwarded-for': address } })).status
  assert.deepEqual(
    [await from('192.0.2.1'), await from('192.0.2.1'), await from('192.0.2.2')],
    [200, 429, 200],
  )
  assert.deepEqual([await from('2001:db8::1'), await from('2001:db8::2')], [200, 429])
})

test('Express without "trust proxy": a client cannot get another limit by claiming another address', async (context) => {
  const url = await listen(context, okApp(limited()))
  const from = async (address: string) =>
    (await fetch(url, { headers: { 'x-forwarded-for': address } })).status
  assert.deepEqual([await from('192.0.2.1'), await from('192.0.2.2')], [200, 429])
})

test('a key of the app counts instead of the address, and a request without one is not limited', async (context) => {
  const url = await listen(context, okApp(limited({ key: (request) => request.get('x-user') })))
  const from = async (headers: Record<string, string>) => (await fetch(url, { headers })).status
  assert.deepEqual([await from({ 'x-user': 'ann' }), await from({ 'x-user': 'ann' })], [200, 429])
  assert.deepEqual([await from({}), await from({}), await from({ 'x-user': 'bob' })], [200, 200, 200])
})

test('several limits before one route each tell of themselves, and the tightest refuses', async (context) => {
  const [burst, daily] = [limited({ name: 'burst' }), limited({ name: 'daily', limit: 9, per: '1d' })]
  const url = await listen(context, okApp(daily, burst))
  const passed = await fetch(url)
  assert.equal(passed.headers.get('ratelimit-policy'), '"daily";q=9;w=86400, "burst";q=1;w=60')
  assert.equal(passed.headers.get('ratelimit'), '"daily";r=8;t=9600, "burst";r=0;t=60')
  const refused = await fetch(url)
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '60'])
})

test('an outage is 503 with Retry-After where limits must hold, and passes where they may not stop a service', async (context) => {
  const [refusing, allowing] = [limited(), limited({ onUnavailable: 'allow' })]
  refusing.store.isUnavailable = allowing.store.isUnavailable = true
  const failed = await fetch(await listen(context, okApp(refusing).set('env', 'test')))
  assert.deepEqual([failed.status, failed.headers.get('retry-after')], [503, '1'])
  const passed = await fetch(await listen(context, okApp(allowing)))
  assert.deepEqual([passed.status, passed.headers.get('ratelimit')], [200, null])
})

test('a key that throws goes to the app as an error, and nothing passes', async (context) => {
  const limit = limited({
    key: () => {
      throw Object.assign(new Error('no key'), { status: 418 })
    },
  })
  const url = await listen(context, okApp(limit).set('env', 'test'))
  assert.equal((await fetch(url)).status, 418)
})

test('node:http: check decides by hand, with the fields for the answer', async (context) => {
  const store = new MemoryRateCounter(new Map(), clock)
  const limit = rateLimit({ store, limit: 1, per: '1m', onUnavailable: 'refuse' })
  const url = await listen(context, (request, response) => {
    void limit.check(request.url ?? '').then(({ allowed, headers }) => {
      response.writeHead(allowed ? 200 : 429, headers).end()
    })
  })
  assert.equal((await fetch(url)).status, 200)
  const refused = await fetch(url)
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [429, '60'])
})
