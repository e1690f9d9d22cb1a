// Leaving in detail: refusals byte by byte, upgrades, connections at rest, pipelines, TLS, hooks.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { IncomingMessage } from 'node:http'
import { createServer as createTlsServer, get as getTls } from 'node:https'
import type { Duplex } from 'node:stream'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import fastify from 'fastify'
import type { Instance } from '../../src/instance/instance.ts'
import type { ServeOptions } from '../../src/instance/options.ts'
import { selfSigned } from '../balancer/support/certificate.ts'
import { call, connectRaw } from '../balancer/support/client.ts'
import { until } from '../support/until.ts'
import { nodeListener, Site } from './support/kinds.ts'
import { startServed, underDrover } from './support/served.ts'

const head = (line: string, ...fields: string[]) => `${[line, 'Host: test', ...fields].join('\r\n')}\r\n\r\n`
const hold = head('GET /hold HTTP/1.1')

/** A node:http handler under drover up that drains, kept from its end by a request that is held. */
async function draining(t: TestContext, options: ServeOptions = {}) {
  const site = new Site()
  const server = createServer(nodeListener(site))
  const upgrades: string[] = []
  server.on('upgrade', (req: IncomingMessage, socket: Duplex) => {
    upgrades.push(req.url ?? '')
    socket.end('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  })
  const instance = startServed(t, server, options, underDrover)
  await instance.ready
  const old = await connectRaw(t, instance.port)
  old.send(hold)
  await until('the handler has it', () => site.seen.includes('GET /hold'))
  const drained = instance.drain()
  await until('it drains', () => instance.state === 'draining')
  return { site, instance, old, drained, upgrades }
}

const refusal = [
  'HTTP/1.1 503 Service Unavailable',
  'connection: close',
  'x-drover-not-processed: secret-word',
  'retry-after: 1',
  'cache-control: no-store',
  'content-type: text/plain; charset=utf-8',
  'content-length: 25',
]

function linesOf(answer: string): readonly string[] {
  return answer.split('\r\n').filter((line) => !line.startsWith('Date: '))
}

test('a refusal is told exactly, and ends the connection', async (t) => {
  const { instance, site } = await draining(t)
  const client = await connectRaw(t, instance.port)
  client.send(head('GET / HTTP/1.1'))
  assert.equal(await client.ends(), 'closed')
  assert.deepEqual(
    linesOf(client.received()).toSorted(),
    [...refusal, '', 'This instance is leaving\n'].toSorted(),
  )
  assert.equal(instance.telemetry().refused, 1)
  site.release()
})

test('a request to become a WebSocket is refused in the same words, before the listener', async (t) => {
  const { instance, site, upgrades } = await draining(t)
  const client = await connectRaw(t, instance.port)
  client.send(head('GET /chat HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket'))
  await client.sees('leaving\n')
  client.socket.end()
  assert.equal(await client.ends(), 'closed')
  assert.deepEqual(
    linesOf(client.received()).toSorted(),
    [...refusal, '', 'This instance is leaving\n'].toSorted(),
  )
  assert.deepEqual(upgrades, [])
  site.release()
})

test('a body that waits for a 100 is not asked for', async (t) => {
  const { instance, site } = await draining(t)
  const client = await connectRaw(t, instance.port)
  client.send(head('POST /echo HTTP/1.1', 'Content-Length: 5', 'Expect: 100-continue'))
  assert.equal(await client.ends(), 'closed')
  assert.match(client.received(), /^HTTP\/1\.1 503 [\s\S]*\r\nx-drover-not-processed: secret-word\r\n/)
  site.release()
})

test('a client that is still sending its body reads the refusal before it sends the rest', async (t) => {
  const { instance, site } = await draining(t)
  const client = await connectRaw(t, instance.port)
  client.send(head('POST /echo HTTP/1.1', 'Content-Length: 1000000'))
  await client.sees('leaving\n')
  client.send('x'.repeat(1_000_000))
  assert.equal(await client.ends(), 'closed')
  assert.deepEqual(site.seen, ['GET /hold'])
  site.release()
})

test('before the drain, a body that waits for a 100 is asked for, by the app itself where it wants to', async (t) => {
  const site = new Site()
  const server = createServer(nodeListener(site))
  const instance = startServed(t, server)
  await instance.ready
  const ask = async () => {
    const client = await connectRaw(t, instance.port)
    client.send(head('POST /echo HTTP/1.1', 'Content-Length: 5', 'Expect: 100-continue', 'Connection: close'))
    await client.sees('100 Continue')
    client.send('hello')
    await client.ends()
    assert.match(client.received(), /\r\nhello\r\n/)
  }
  await ask()
  server.on('checkContinue', (req, res) => {
    res.writeContinue()
    server.emit('request', req, res)
  })
  await ask()
  assert.deepEqual(site.seen, ['POST /echo', 'POST /echo'])
  const { requests, inFlight } = instance.telemetry()
  assert.deepEqual({ requests, inFlight }, { requests: 2, inFlight: 0 })
})

test('listeners that come later, and take the place of the others, come after the gate too', async (t) => {
  const { instance, site } = await draining(t)
  const others = instance.server.listeners('request')
  instance.server.removeAllListeners('request')
  const reached: string[] = []
  instance.server.on('request', (req, res) => {
    reached.push(String(req.url))
    for (const other of others) Reflect.apply(other, instance.server, [req, res])
  })
  assert.equal((await call(instance.port, '/readyz')).status, 503)
  assert.equal((await call(instance.port, '/')).headers['x-drover-not-processed'], 'secret-word')
  assert.deepEqual(reached, [])
  site.release()
})

test('without a secret word nothing is refused, for nobody would believe it', async (t) => {
  const site = new Site()
  const instance = startServed(t, nodeListener(site), { graceMs: 0 })
  await instance.ready
  const client = await connectRaw(t, instance.port)
  client.send(hold)
  await until('the handler has it', () => site.seen.includes('GET /hold'))
  const second = await connectRaw(t, instance.port)
  const drained = instance.drain()
  await until('it drains', () => instance.state === 'draining')
  second.send(head('GET / HTTP/1.1'))
  await second.ends()
  assert.match(second.received(), /^HTTP\/1\.1 200 OK\r\nconnection: close\r\n/)
  site.release()
  assert.deepEqual(await drained, { requests: 0, upgraded: 0 })
})

test('pipelined requests that are under way are all answered; what comes after the last takes no effect', async (t) => {
  const site = new Site()
  const instance = startServed(t, nodeListener(site), { graceMs: 60_000 })
  await instance.ready
  const client = await connectRaw(t, instance.port)
  client.send(hold + head('GET /1 HTTP/1.1'))
  await until('both are begun', () => site.seen.length === 2)
  void instance.drain()
  client.send(head('GET /2 HTTP/1.1'))
  await until('the third is begun', () => site.seen.length === 3)
  site.release()
  assert.equal(await client.ends(), 'closed')
  assert.equal(client.received().match(/HTTP\/1\.1 200 OK/g)?.length, 3)
  assert.equal(client.received().match(/connection: close/gi)?.length, 1)
})

test('an open WebSocket is waited for, and cut at the deadline', async (t) => {
  const server = createServer()
  server.on('upgrade', (_req, socket: Duplex) => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
  const instance = startServed(t, server, { graceMs: 0, drainTimeoutMs: 50 })
  await instance.ready
  const client = await connectRaw(t, instance.port)
  client.send(head('GET /chat HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket'))
  await client.sees('101')
  assert.equal(instance.telemetry().upgraded, 1)
  assert.deepEqual(await instance.drain(), { requests: 0, upgraded: 1 })
  await client.ends()
})

test('onDrain ends what never ends by itself', async (t) => {
  const sockets: Duplex[] = []
  const server = createServer()
  server.on('upgrade', (_req, socket: Duplex) => {
    sockets.push(socket)
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
  })
  const order: string[] = []
  const instance = startServed(t, server, {
    graceMs: 0,
    onDrain: () => {
      order.push(`drain ${instance.state}`)
      for (const socket of sockets) socket.end('bye')
    },
    onClose: () => void order.push(`close, ${instance.telemetry().upgraded} open`),
  })
  await instance.ready
  const client = await connectRaw(t, instance.port)
  client.send(head('GET /chat HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket'))
  await client.sees('101')
  const drained = instance.drain()
  await client.sees('bye')
  client.socket.end()
  assert.deepEqual(await drained, { requests: 0, upgraded: 0 })
  assert.deepEqual(order, ['drain draining', 'close, 0 open'])
})

test('a hook that fails or hangs keeps the others from nothing, and is told in the end', async (t) => {
  const closed: string[] = []
  const options = {
    closeTimeoutMs: 20,
    graceMs: 0,
    onDrain: () => new Promise(() => undefined),
    onClose: () => {
      closed.push('closed')
      throw new Error('the database is gone')
    },
  }
  const instance = startServed(t, createServer(), options)
  await instance.ready
  await assert.rejects(instance.drain(), (error: AggregateError) => {
    assert.deepEqual(
      error.errors.map(({ message }: Error) => message),
      ['Cannot wait longer than 20 ms for onDrain', 'the database is gone'],
    )
    return true
  })
  assert.deepEqual([closed, instance.state], [['closed'], 'closed'])
})

test("a Fastify app's own hooks run: onListen, preClose, onClose", async (t) => {
  const order: string[] = []
  const app = fastify()
  app.addHook('onListen', async () => void order.push('onListen'))
  app.addHook('preClose', async () => void order.push('preClose'))
  app.addHook('onClose', async () => void order.push('onClose'))
  const instance = startServed(t, app, { graceMs: 0, onClose: () => void order.push('ours') })
  await instance.ready
  await instance.close()
  assert.deepEqual(order, ['onListen', 'preClose', 'onClose', 'ours'])
})

for (const [name, close] of [
  ['server', (instance: Instance) => instance.server.close()],
  ['Fastify app', (_instance: Instance, app: ReturnType<typeof fastify>) => void app.close()],
] as const) {
  test(`an app that closes its ${name} itself has left`, async (t) => {
    let closed = 0
    const app = fastify()
    const instance = startServed(t, app, { onClose: () => void (closed += 1) })
    await instance.ready
    close(instance, app)
    await until('it is closed', () => instance.state === 'closed')
    assert.deepEqual(await instance.close(), { requests: 0, upgraded: 0 })
    assert.equal(closed, 1)
  })
}

test('an AbortSignal closes without grace', async (t) => {
  const controller = new AbortController()
  const instance = startServed(t, createServer(), { signal: controller.signal, graceMs: 60_000 })
  assert.equal(await instance.ready, true)
  controller.abort()
  await until('it is closed', () => instance.state === 'closed')
})

test('a server of TLS is served and left like another', async (t) => {
  const site = new Site()
  const server = createTlsServer({ ...selfSigned('127.0.0.1') }, nodeListener(site))
  const instance = startServed(t, server, { graceMs: 0 })
  await instance.ready
  assert.equal(instance.url, `https://127.0.0.1:${instance.port}`)
  // One that never shakes hands must not keep the drain waiting.
  await connectRaw(t, instance.port)
  const request = getTls(`${instance.url}/hold`, { rejectUnauthorized: false, agent: false })
  const responded = once(request, 'response')
  await until('the handler has it', () => site.seen.includes('GET /hold'))
  const drained = instance.drain()
  site.release()
  const [response] = (await responded) as [IncomingMessage]
  response.resume()
  assert.equal(response.headers.connection, 'close')
  assert.deepEqual(await drained, { requests: 0, upgraded: 0 })
})

test('under drover up: a handler that relays a refusal of another instance relays no marker', async (t) => {
  const relay = createServer((_req, res) => {
    res.writeHead(503, { 'x-drover-not-processed': 'secret-word', 'retry-after': '1' }).end('relayed')
  })
  const instance = startServed(t, relay, {}, underDrover)
  await instance.ready
  const answer = await call(instance.port, '/')
  assert.deepEqual([answer.text, answer.headers['x-drover-not-processed']], ['relayed', undefined])
})
