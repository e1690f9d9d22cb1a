// The end of a balancer: what was accepted is answered, nothing new is taken, and the deadline holds.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import { until } from '../support/until.ts'
import { startBalancer } from './support/balancer.ts'
import { connectRaw } from './support/client.ts'
import { startHttpInstance, startRawInstance } from './support/instance.ts'

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const long = 60_000

async function isRefused(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port })
  const refused = await Promise.race([
    once(socket, 'connect').then(() => false),
    once(socket, 'close').then(() => true),
  ]).catch(() => true)
  socket.destroy()
  return refused
}

test('what was accepted is answered with Connection: close, and nothing new is accepted', async (t) => {
  const balancer = await startBalancer(t)
  const waiting: ServerResponse[] = []
  balancer.use(await startHttpInstance(t, '1', (_request, response) => waiting.push(response)))
  const clients = await Promise.all([1, 2, 3].map(() => connectRaw(t, balancer.port)))
  for (const client of clients) client.send(get)
  await until('all are asked', () => waiting.length === 3)
  const drained = balancer.balancer.drain(long)
  await until('new connections are refused', () => isRefused(balancer.port))
  for (const response of waiting) response.end('answer')
  assert.equal(await drained, 0)
  for (const client of clients) {
    assert.equal(await client.ends(), 'closed')
    assert.match(client.received(), /^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n[^]*answer$/i)
  }
})

test('requests that wait for an instance when draining begins are answered by the instance that comes', async (t) => {
  const balancer = await startBalancer(t)
  const client = await connectRaw(t, balancer.port)
  client.send(get)
  await balancer.waits()
  const drained = balancer.balancer.drain(long)
  balancer.use(await startHttpInstance(t, '1', (_request, response) => response.end('answer')))
  assert.equal(await client.ends(), 'closed')
  assert.match(client.received(), /connection: close[^]*answer$/i)
  assert.equal(await drained, 0)
})

test('a request sent on an idle connection just after draining began is answered', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(await startHttpInstance(t, '1', (_request, response) => response.end('answer')))
  const client = await connectRaw(t, balancer.port)
  client.send(get)
  await client.sees('answer')
  const drained = balancer.balancer.drain(long)
  client.send('GET /late HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal(await client.ends(), 'closed')
  assert.match(client.received(), /answer[^]*connection: close[^]*answer$/i)
  assert.equal(await drained, 0)
})

test('every request of a pipeline is answered, the last with Connection: close', async (t) => {
  const balancer = await startBalancer(t)
  const waiting: ServerResponse[] = []
  balancer.use(await startHttpInstance(t, '1', (_request, response) => waiting.push(response)))
  const client = await connectRaw(t, balancer.port)
  client.send(get.repeat(3))
  await until('the first is asked', () => waiting.length === 1)
  const drained = balancer.balancer.drain(long)
  for (let index = 0; index < 3; index++) {
    await until('the next is asked', () => waiting.length === index + 1)
    waiting[index]?.end(`answer ${index}`)
  }
  assert.equal(await client.ends(), 'closed')
  assert.equal(
    client
      .received()
      .match(/answer \d/g)
      ?.join(),
    'answer 0,answer 1,answer 2',
  )
  assert.equal(client.received().match(/connection: close/gi)?.length, 1)
  assert.equal(await drained, 0)
})

test('connections that say nothing do not hold up the end: idle ones and ones that never spoke', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(await startHttpInstance(t, '1', (_request, response) => response.end('answer')))
  const idle = await connectRaw(t, balancer.port)
  idle.send(get)
  await idle.sees('answer')
  const silent = await connectRaw(t, balancer.port)
  assert.equal(await balancer.balancer.drain(long), 0)
  assert.deepEqual([await idle.ends(), await silent.ends()], ['closed', 'closed'])
})

test('an answer that a slow client still reads is not cut while draining', async (t) => {
  // Held whole, so that the instance is done with it long before the client is.
  const limits = { lingerMs: 1, holdTimeMs: 1_000_000, holdBytes: 1_000_000_000 }
  const balancer = await startBalancer(t, { limits })
  const size = 20_000_000
  balancer.use(await startHttpInstance(t, '1', (_request, response) => response.end('x'.repeat(size))))
  const client = await connectRaw(t, balancer.port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.sees('\r\n\r\n')
  client.socket.pause()
  await balancer.quiet()
  const drained = balancer.balancer.drain(long)
  const startedAtMs = performance.now()
  await until('many looks around', () => performance.now() - startedAtMs > 200)
  client.socket.resume()
  assert.equal(await client.ends(), 'closed')
  const body = client.received().split('\r\n\r\n')[1] ?? ''
  assert.equal(body.length, size)
  assert.equal(await drained, 0)
})

test('the deadline cuts what is not answered, and counts it', async (t) => {
  const balancer = await startBalancer(t)
  const instance = await startRawInstance(t, '1', ({ socket }, head) => {
    if (head.startsWith('GET /begun')) socket.write('HTTP/1.1 200 OK\r\nX-Accel-Buffering: no\r\n\r\nbegun')
  })
  balancer.use(instance)
  const begun = await connectRaw(t, balancer.port)
  begun.send('GET /begun HTTP/1.1\r\nHost: a\r\n\r\n')
  await begun.sees('begun')
  const asked = await connectRaw(t, balancer.port)
  asked.send(get)
  await until('both are asked', () => instance.sockets.size === 2)
  assert.equal(await balancer.balancer.drain(1), 2)
  assert.deepEqual([await begun.ends(), await asked.ends()], ['reset', 'reset'])
  await until('the instance is left', () => instance.sockets.size === 0)
  await balancer.quiet()
})

test('WebSockets are ended, those that open while draining too', async (t) => {
  const balancer = await startBalancer(t)
  const offer = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const answer = 'HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  const instance = await startRawInstance(t, '1', ({ socket }, head) => {
    if (head.startsWith('GET / ')) socket.write(answer)
  })
  balancer.use(instance)
  const open = await connectRaw(t, balancer.port)
  open.send(offer)
  await open.sees('101 Go')
  const opening = await connectRaw(t, balancer.port)
  opening.send(offer.replace('GET / ', 'GET /later '))
  await until('both are asked', () => instance.sockets.size === 2)
  const late = await connectRaw(t, balancer.port)
  const drained = balancer.balancer.drain(long)
  late.send(offer)
  assert.equal(await open.ends(), 'closed')
  for (const socket of instance.sockets) socket.write(answer)
  assert.equal(await opening.ends(), 'closed')
  assert.equal(await late.ends(), 'closed')
  assert.match(late.received(), /101 Go/)
  assert.equal(await drained, 0)
  await until('the instance is left', () => instance.sockets.size === 0)
})

test('a connection to an instance that leaves is closed when its answer is complete', async (t) => {
  const balancer = await startBalancer(t, { limits: { upstreamIdleMs: 1_000_000 } })
  // It never closes a connection by itself, as Node's own server would.
  const instance = await startRawInstance(t, '1', () => undefined)
  balancer.use(instance)
  const client = await connectRaw(t, balancer.port)
  client.send(get)
  await until('the instance is asked', () => instance.sockets.size === 1)
  balancer.use()
  for (const socket of instance.sockets) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer')
  await client.sees('answer')
  await until('the instance is left', () => instance.sockets.size === 0)
})

test('connections to instances are closed with the balancer', async (t) => {
  const balancer = await startBalancer(t)
  const instance = await startHttpInstance(t, '1', (_request, response) => response.end('answer'))
  balancer.use(instance)
  const client = await connectRaw(t, balancer.port)
  client.send(get)
  await client.sees('answer')
  assert.equal(instance.sockets.size, 1)
  await balancer.balancer.drain(long)
  await until('the instance is left', () => instance.sockets.size === 0)
})
