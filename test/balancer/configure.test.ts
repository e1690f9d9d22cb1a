// Options of a running balancer: they hold from the next request on, and those that are under way go on as they began.
import assert from 'node:assert/strict'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { until } from '../support/until.ts'
import { startBalancer, type TestBalancer, type TestBalancerOptions } from './support/balancer.ts'
import { call, connectRaw } from './support/client.ts'
import { startHttpInstance, type HttpInstance } from './support/instance.ts'

/** Beyond the time of a test. */
const neverMs = 300_000

interface Held {
  readonly headers: IncomingHttpHeaders
  readonly response: ServerResponse
}

interface Fleet extends TestBalancer {
  /** Answers at once, but for `/held`: those requests stand in `held`. */
  readonly living: HttpInstance
  /** Dies when it has a whole request. */
  readonly dying: HttpInstance
  readonly held: readonly Held[]
  /** Requests that reached the living one. */
  readonly seen: readonly IncomingHttpHeaders[]
  /** Waits until so many requests are held. */
  readonly holds: (count: number) => Promise<unknown>
}

async function startFleet(t: TestContext, options: TestBalancerOptions = {}): Promise<Fleet> {
  const balancer = await startBalancer(t, { random: () => 0, ...options })
  const held: Held[] = []
  const seen: IncomingHttpHeaders[] = []
  const living = await startHttpInstance(t, 'living', ({ headers, url }, response) => {
    seen.push(headers)
    if (url === '/held') held.push({ headers, response })
    else response.end('alive')
  })
  const dying = await startHttpInstance(t, 'dying', (request) => {
    request.resume().on('end', () => request.socket.resetAndDestroy())
  })
  balancer.use(living)
  const holds = (count: number) => until(`${count} are held`, () => held.length === count)
  return { ...balancer, living, dying, held, seen, holds }
}

test('the name of the instance is told from the next request on, or no more', async (t) => {
  const { port, balancer, held, holds } = await startFleet(t)
  const client = await connectRaw(t, port)
  client.send('GET /held HTTP/1.1\r\nHost: a\r\n\r\n')
  await holds(1)
  balancer.configure({ reveal: false })
  held[0]?.response.end('held')
  await client.sees('held')
  assert.match(client.received(), /\r\nx-drover-instance: living\r\n/)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.sees('alive')
  assert.equal(client.received().match(/x-drover-instance/g)?.length, 1)
  balancer.configure({ reveal: true })
  assert.equal((await call(port, '/')).instance, 'living')
})

test('what a proxy says about its client is believed from the next request on', async (t) => {
  const { port, balancer, seen } = await startFleet(t)
  const headers = { 'x-forwarded-for': '203.0.113.7' }
  for (const trustForwarded of [false, true, false]) {
    balancer.configure({ reveal: true, trustForwarded })
    await call(port, '/', { headers })
  }
  assert.deepEqual(
    seen.map((fields) => fields['x-forwarded-for']),
    ['127.0.0.1', '203.0.113.7, 127.0.0.1', '127.0.0.1'],
  )
})

test('routes that enforce keys hold from the next request on', async (t) => {
  const { port, balancer, dying, living, use } = await startFleet(t)
  use(dying, living)
  const options = { method: 'POST', headers: { 'idempotency-key': 'a' } }
  assert.equal((await call(port, '/orders', options, 'one')).status, 502)
  balancer.configure({ reveal: true, enforcedRoutes: [{ path: '/orders' }] })
  assert.equal((await call(port, '/orders', options, 'one')).status, 200)
  assert.equal((await call(port, '/orders', { method: 'POST' }, 'one')).status, 502)
  balancer.configure({ reveal: true, enforcedRoutes: [{ path: '/orders', mint: true }] })
  assert.equal((await call(port, '/orders', { method: 'POST' }, 'one')).status, 200)
  balancer.configure({ reveal: true })
  assert.equal((await call(port, '/orders', options, 'one')).status, 502)
})

test('a request under way keeps the licence it came with, and one without gets none', async (t) => {
  const { port, balancer, living, use, held, holds } = await startFleet(t, {
    enforcedRoutes: [{ path: '/held' }],
  })
  const options = { method: 'POST', headers: { 'idempotency-key': 'a' } }
  const licensed = call(port, '/held', options, 'one')
  await holds(1)
  balancer.configure({ reveal: true })
  const unlicensed = call(port, '/held', options, 'two')
  await holds(2)
  balancer.configure({ reveal: true, enforcedRoutes: [{ path: '/held' }] })
  use(living, await startHttpInstance(t, 'other', (_request, response) => response.end('repeated')))
  for (const { response } of held) response.socket?.resetAndDestroy()
  assert.deepEqual([(await licensed).status, (await licensed).text], [200, 'repeated'])
  assert.equal((await unlicensed).status, 502)
})

test('the secret word of instances that process nothing is another from the next request on', async (t) => {
  const { port, balancer, living, use } = await startFleet(t, { marker: 'old' })
  const leaving = await startHttpInstance(t, 'leaving', (_request, response) => {
    response.writeHead(503, { 'x-drover-not-processed': 'new' }).end()
  })
  use(leaving, living)
  assert.equal((await call(port, '/', { method: 'POST' }, 'one')).status, 503)
  balancer.configure({ reveal: true, marker: 'new' })
  assert.equal((await call(port, '/', { method: 'POST' }, 'one')).instance, 'living')
})

test('a larger cap lets those that wait for room go at once, a smaller one lets those under way finish', async (t) => {
  const limits = { concurrency: 1, queueTimeMs: neverMs }
  const { port, balancer, held, holds, waits } = await startFleet(t, { limits })
  const first = call(port, '/held')
  await holds(1)
  const second = call(port, '/held')
  await waits()
  balancer.configure({ reveal: true, limits: { ...limits, concurrency: 2 } })
  await holds(2)
  balancer.configure({ reveal: true, limits })
  held[0]?.response.end('first')
  assert.equal((await first).text, 'first')
  const third = call(port, '/held')
  await waits()
  held[1]?.response.end('second')
  assert.equal((await second).text, 'second')
  await holds(3)
  held[2]?.response.end('third')
  assert.equal((await third).text, 'third')
})

test('bounds of a request hold for the connections that come next', async (t) => {
  const { port, balancer } = await startFleet(t)
  const path = `/${'x'.repeat(100)}`
  assert.equal((await call(port, path)).status, 200)
  balancer.configure({ reveal: true, limits: { targetBytes: 50 } })
  assert.equal((await call(port, path)).status, 414)
})

test('bounds of waiting hold for what comes next', async (t) => {
  const { port, balancer, use, living, waits } = await startFleet(t, { limits: { parkTimeMs: neverMs } })
  use()
  const early = call(port, '/')
  await waits()
  balancer.configure({ reveal: true, limits: { parkTimeMs: neverMs, parked: 1 } })
  assert.equal((await call(port, '/')).status, 503)
  use(living)
  assert.equal((await early).text, 'alive')
})

test('a body that was to be kept for a repeat is, though the next ones are not', async (t) => {
  const kept = { replayBytes: 1_000, spoolBytes: 0 }
  const { port, balancer, use, living, dying } = await startFleet(t, { limits: kept })
  use(dying)
  const client = await connectRaw(t, port)
  client.send('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nfirst')
  await until('its instance is asked', () => dying.sockets.size === 1)
  balancer.configure({ reveal: true, limits: { ...kept, replayBytes: 4 } })
  assert.equal((await call(port, '/', { method: 'PUT' }, 'other')).status, 502)
  use(dying, living)
  client.send('-part')
  await client.sees('alive')
})

test('an event stream, a WebSocket and a request under way outlive every change of options', async (t) => {
  const { port, balancer, living, held, holds, quiet } = await startFleet(t)
  living.server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    socket.pipe(socket)
  })
  const events = await connectRaw(t, port)
  events.send('GET /held HTTP/1.1\r\nHost: a\r\n\r\n')
  await holds(1)
  held[0]?.response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
  await events.sees('data: one\n\n')
  const tunnel = await connectRaw(t, port)
  tunnel.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  await tunnel.sees('101 Go\r\n')
  const upload = await connectRaw(t, port)
  upload.send('POST /held HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf')
  await holds(2)
  balancer.configure({
    reveal: false,
    trustForwarded: true,
    marker: 'word',
    trace: false,
    hedging: {},
    enforcedRoutes: [{ path: '/*', mint: true }],
    limits: {
      attempts: 1,
      concurrency: 1,
      parked: 0,
      queued: 0,
      replayBytes: 0,
      spoolBytes: 0,
      holdBytes: 0,
    },
  })
  tunnel.send('\x81\x02hi')
  await tunnel.sees('\x81\x02hi')
  upload.send('half')
  held[1]?.response.end('uploaded')
  await upload.sees('uploaded')
  held[0]?.response.end('data: two\n\n')
  await events.sees('data: two\n\n')
  tunnel.socket.end()
  assert.equal(await tunnel.ends(), 'closed')
  await quiet()
})

test('how streams leave is what the options say when they do', async (t) => {
  const { port, balancer, living, held, holds, use } = await startFleet(t, {
    limits: { streamSpreadMs: 2 * neverMs },
    // In the middle of each share of the spread.
    random: () => 0.5,
  })
  const client = await connectRaw(t, port)
  client.send('GET /held HTTP/1.1\r\nHost: a\r\n\r\n')
  await holds(1)
  held[0]?.response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
  await client.sees('data: one\n\n')
  balancer.configure({ reveal: true, limits: { streamSpreadMs: 0 } })
  use()
  await client.sees('\r\n0\r\n\r\n')
  await until('the instance is let go', () => living.sockets.size === 0)
})

test('the bounds of a request hold from the next one on, on connections that are open too', async (t) => {
  const { port, balancer } = await startFleet(t)
  const client = await connectRaw(t, port)
  const long = `GET /${'x'.repeat(100)} HTTP/1.1\r\nHost: a\r\n\r\n`
  client.send(long)
  await client.sees('alive')
  balancer.configure({ reveal: true, limits: { targetBytes: 50 } })
  assert.equal((await call(port, `/${'x'.repeat(100)}`)).status, 414)
  client.send(long)
  await client.sees('HTTP/1.1 414 ')
})
