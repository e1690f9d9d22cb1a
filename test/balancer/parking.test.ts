// Requests wait for an instance: bounded in number and time, in the order they came, and not for clients that left.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../support/until.ts'
import { startBalancer } from './support/balancer.ts'
import { call, connectRaw } from './support/client.ts'
import { startHttpInstance, startRawInstance, startRefusing } from './support/instance.ts'

test('requests wait for an instance and reach it in the order they came', async (t) => {
  const balancer = await startBalancer(t)
  const order: string[] = []
  const answers: Promise<{ status: number; text: string }>[] = []
  for (let index = 0; index < 5; index++) {
    answers.push(call(balancer.port, `/${index}`, { method: 'POST' }, `body ${index}`))
    await balancer.waits(index + 1)
  }
  balancer.use(
    await startHttpInstance(t, '1', (request, response) => {
      order.push(request.url ?? '')
      request.pipe(response)
    }),
  )
  const texts = (await Promise.all(answers)).map(({ text }) => text)
  assert.deepEqual(texts, ['body 0', 'body 1', 'body 2', 'body 3', 'body 4'])
  assert.deepEqual(order, ['/0', '/1', '/2', '/3', '/4'])
  await balancer.quiet()
})

test('a request too many is told at once to come again, and its connection goes on', async (t) => {
  const balancer = await startBalancer(t, { limits: { parked: 1 } })
  const first = call(balancer.port, '/first')
  await balancer.waits()
  const client = await connectRaw(t, balancer.port)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody')
  await client.sees('HTTP/1.1 503 ')
  await client.sees('\r\n\r\n503 ')
  assert.match(client.received(), /retry-after: [123]\r/i)
  balancer.use(await startHttpInstance(t, '1', (_request, response) => response.end('alive')))
  assert.equal((await first).text, 'alive')
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.sees('alive')
})

test('a wait that lasts too long is answered 503 with Retry-After', async (t) => {
  const balancer = await startBalancer(t, { limits: { parkTimeMs: 1 } })
  const answer = await call(balancer.port, '/')
  assert.equal(answer.status, 503)
  assert.match(answer.headers['retry-after'] ?? '', /^[123]$/)
  await balancer.quiet()
})

test('a request whose instances all died waits for a new one, and not longer for having been sent around', async (t) => {
  const balancer = await startBalancer(t, { limits: { parkTimeMs: 1_500 } })
  balancer.use(await startRefusing(t, '1'))
  const { socket, send, received, sees } = await connectRaw(t, balancer.port)
  send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  // A new instance that refuses, again and again: the request comes back to its place each time.
  let rounds = 0
  while (received() === '') {
    await until('it waits or is answered', () => balancer.balancer.load().parked === 1 || received() !== '')
    balancer.use(await startRefusing(t, '1'))
    rounds++
  }
  await sees('HTTP/1.1 503 ')
  socket.destroy()
  assert.ok(rounds > 1)
  await balancer.quiet()
})

test('a client that leaves frees its place', async (t) => {
  const balancer = await startBalancer(t, { limits: { parkTimeMs: 1_000_000 } })
  const upgrade = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'
  for (const text of ['GET / HTTP/1.1\r\nHost: a\r\n\r\n', upgrade]) {
    for (const leave of ['destroy', 'resetAndDestroy'] as const) {
      const client = await connectRaw(t, balancer.port)
      client.send(text)
      await balancer.waits()
      client.socket[leave]()
      await balancer.waits(0)
    }
  }
  const instance = await startRawInstance(t, '1', () => undefined)
  balancer.use(instance)
  assert.equal(instance.accepted(), 0)
})
