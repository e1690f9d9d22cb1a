// WebSockets through the whole balancer: told 1001 when their instance or the balancer leaves, and only then.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { WebSocketServer } from 'ws'
import type { BalancerLimits } from '../../src/balancer/limits.ts'
import { until } from '../support/until.ts'
import { startBalancer, type TestBalancer } from './support/balancer.ts'
import { call, connectRaw } from './support/client.ts'
import { startHttpInstance, startRawInstance, type HttpInstance } from './support/instance.ts'
import { handshakeFor, openWebSocket, type WebSocketClient } from './support/web-socket.ts'

/** Beyond the time of a test: what ends, ends in order. */
const neverMs = 300_000

interface EchoInstance extends HttpInstance {
  /** How each ended: code and reason, in the order they did. */
  readonly ends: readonly string[]
}

async function startEcho(t: TestContext, id: string): Promise<EchoInstance> {
  const instance = await startHttpInstance(t, id, (_request, response) => response.end(id))
  const ends: string[] = []
  const server = new WebSocketServer({ server: instance.server })
  server.on('connection', (webSocket) => {
    webSocket.on('error', () => undefined)
    webSocket.on('message', (data: Buffer) => {
      webSocket.send(`${id} ${data.toString()}`)
    })
    webSocket.once('close', (code, reason) => ends.push(`${code} ${String(reason)}`))
  })
  return { ...instance, ends }
}

interface Client extends WebSocketClient {
  /** Sends and waits for the echo; answers who echoed. */
  readonly ask: () => Promise<string>
}

interface Fleet extends TestBalancer {
  /** Has every WebSocket of the start of a test. */
  readonly leaving: EchoInstance
  readonly other: EchoInstance
  /** The list says that the first drains; the other is new. */
  readonly leave: () => void
  readonly open: () => Promise<Client>
}

async function startFleet(t: TestContext, limits: Partial<BalancerLimits> = {}): Promise<Fleet> {
  const balancer = await startBalancer(t, {
    random: () => 0,
    limits: { streamSpreadMs: 0, streamCloseMs: neverMs, lingerMs: 1, ...limits },
  })
  const leaving = await startEcho(t, 'leaving')
  const other = await startEcho(t, 'other')
  balancer.use(leaving)
  const leave = () => {
    balancer.balancer.setUpstreams([{ ...leaving.upstream, draining: true }, other.upstream])
  }
  return { ...balancer, leaving, other, leave, open: () => openClient(t, balancer.port) }
}

async function openClient(t: TestContext, port: number): Promise<Client> {
  const client = await openWebSocket(t, port)
  const { webSocket } = client
  const ask = async () => {
    const answered = once(webSocket, 'message')
    webSocket.send('hello')
    return String((await answered)[0])
  }
  return { ...client, ask }
}

const goodbye = '1001 going away'
const handshake = handshakeFor('/')

test('when an instance drains both sides of its WebSockets are told 1001, and a client that returns is elsewhere', async (t) => {
  const { open, leave, leaving, quiet, balancer } = await startFleet(t)
  const clients = [await open(), await open(), await open()]
  assert.equal(await clients[0]?.ask(), 'leaving hello')
  assert.equal(balancer.state().tunnels, 3)
  leave()
  for (const { ended } of clients) assert.equal(await ended, goodbye)
  await until('the instance has heard it from all', () => leaving.ends.length === 3)
  assert.deepEqual(leaving.ends, [goodbye, goodbye, goodbye])
  await quiet()
  assert.equal(balancer.state().tunnels, 0)
  assert.equal(await (await open()).ask(), 'other hello')
})

test('an instance that is off the list is left by its WebSockets too', async (t) => {
  const { open, use, other, leaving, records, quiet } = await startFleet(t)
  const { ended } = await open()
  use(other)
  assert.equal(await ended, goodbye)
  await until('the instance has heard it', () => leaving.ends.length === 1)
  await quiet()
  assert.deepEqual(
    records.map(({ end, status }) => [end, status]),
    [['tunnelled', 101]],
  )
})

test('WebSockets of other instances stay, whatever changes about the list', async (t) => {
  const { open, use, leave, leaving, other } = await startFleet(t)
  const first = await open()
  use(leaving, other)
  const second = await open()
  assert.deepEqual([await first.ask(), await second.ask()], ['leaving hello', 'other hello'])
  leave()
  assert.equal(await first.ended, goodbye)
  use(other)
  assert.equal(await second.ask(), 'other hello')
  assert.deepEqual(other.ends, [])
})

test('requests go elsewhere at once while a WebSocket still leaves', async (t) => {
  const { open, leave, balancer, port } = await startFleet(t)
  const { webSocket, ended } = await open()
  // It hears its 1001 and takes its time.
  webSocket.pause()
  leave()
  for (let index = 0; index < 5; index++) assert.equal((await call(port, '/')).text, 'other')
  assert.equal(balancer.state().tunnels, 1)
  webSocket.resume()
  assert.equal(await ended, goodbye)
})

test('the WebSockets of an instance are not all told at once: each has its share of the spread', async (t) => {
  // With this chance each is told at the start of its share: the second in half of the spread.
  const { open, leave, leaving } = await startFleet(t, { streamSpreadMs: 2 * neverMs })
  const first = await open()
  const second = await open()
  leave()
  assert.equal(await first.ended, goodbye)
  assert.equal(await second.ask(), 'leaving hello')
  assert.deepEqual(leaving.ends, [goodbye])
})

test('a client that does not answer its 1001 is closed at the deadline, and holds up neither instance nor balancer', async (t) => {
  const { leave, port, leaving, balancer, quiet } = await startFleet(t, { streamCloseMs: 200 })
  const client = await connectRaw(t, port)
  client.send(handshake)
  await client.sees('\r\n\r\n')
  leave()
  assert.equal(await client.ends(), 'closed')
  assert.ok(client.received().endsWith('\x88\x0c\x03\xe9going away'))
  await until('the instance has heard it', () => leaving.ends.length === 1)
  await quiet()
  assert.equal(await balancer.drain(neverMs), 0)
})

test('a balancer that drains tells all its WebSockets 1001, and cuts none', async (t) => {
  const { open, use, balancer, leaving, other } = await startFleet(t)
  const first = await open()
  use(leaving, other)
  const second = await open()
  const drained = balancer.drain(neverMs)
  assert.deepEqual([await first.ended, await second.ended], [goodbye, goodbye])
  assert.equal(await drained, 0)
  await until('both instances have heard it', () => leaving.ends.length + other.ends.length === 2)
  assert.deepEqual([leaving.ends, other.ends], [[goodbye], [goodbye]])
})

test('a balancer that drains leaves each WebSocket its time to close before the deadline, however wide the spread', async (t) => {
  const { open, balancer } = await startFleet(t, { streamSpreadMs: neverMs, streamCloseMs: 3_000 })
  const clients = [await open(), await open()]
  assert.equal(await balancer.drain(4_000), 0)
  for (const { ended } of clients) assert.equal(await ended, goodbye)
})

test('at its deadline a balancer that drains cuts the WebSockets that have not closed, and counts them', async (t) => {
  const { port, balancer, open, leaving } = await startFleet(t)
  const client = await connectRaw(t, port)
  client.send(handshake)
  await client.sees('\r\n\r\n')
  const { ended } = await open()
  assert.equal(await balancer.drain(300), 1)
  assert.equal(await ended, goodbye)
  await client.ends()
  await until('the instance is left', () => leaving.sockets.size === 0)
})

test('a restarted instance is not the one its WebSockets hang on: they are told', async (t) => {
  const { open, balancer, leaving, other } = await startFleet(t)
  const { ended } = await open()
  balancer.setUpstreams([{ ...other.upstream, id: leaving.upstream.id }])
  assert.equal(await ended, goodbye)
})

/** An instance that lets the test say when it takes an upgrade. */
async function startSlow(t: TestContext, id: string) {
  const instance = await startRawInstance(t, id, () => undefined)
  const accept = () => {
    for (const socket of instance.sockets)
      socket.write('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  }
  return { ...instance, accept }
}

test('a WebSocket that opens when its instance drains already is told 1001', async (t) => {
  const { port, balancer, other } = await startFleet(t, { streamCloseMs: 200 })
  const slow = await startSlow(t, 'slow')
  balancer.setUpstreams([slow.upstream])
  const client = await connectRaw(t, port)
  client.send(handshake)
  await until('the instance is asked', () => slow.sockets.size === 1)
  balancer.setUpstreams([{ ...slow.upstream, draining: true }, other.upstream])
  slow.accept()
  await client.sees('101 Go')
  await client.sees('\x88\x0c\x03\xe9going away')
})

test('a balancer that drains hastens WebSockets whose instance had more time', async (t) => {
  const { open, leave, balancer } = await startFleet(t, { streamSpreadMs: 2 * neverMs })
  const clients = [await open(), await open()]
  leave()
  assert.equal(await balancer.drain(3_000), 0)
  for (const { ended } of clients) assert.equal(await ended, goodbye)
})
