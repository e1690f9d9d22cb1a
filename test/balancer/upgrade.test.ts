// WebSockets through the balancer: real frames, refusals, deaths and ends.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { test, type TestContext } from 'node:test'
import { WebSocketServer, type WebSocket } from 'ws'
import { until } from '../support/until.ts'
import { startBalancer } from './support/balancer.ts'
import { connectRaw } from './support/client.ts'
import { startHttpInstance, startRawInstance, type HttpInstance } from './support/instance.ts'
import { handshakeFor, openWebSocket } from './support/web-socket.ts'

const offer = handshakeFor('/chat')
const openChat = (t: TestContext, port: number) => openWebSocket(t, port, '/chat?a=b')

async function startEcho(t: TestContext, id: string): Promise<HttpInstance> {
  const instance = await startHttpInstance(t, id, (_request, response) => response.end('plain'))
  const server = new WebSocketServer({ noServer: true })
  instance.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    server.handleUpgrade(request, socket, head, (webSocket) => {
      webSocket.on('error', () => undefined)
      webSocket.on('message', (data, isBinary) => {
        webSocket.send(data, { binary: isBinary })
      })
    })
  })
  return instance
}

async function echoed(webSocket: WebSocket): Promise<{ data: Buffer; isBinary: boolean }> {
  return new Promise((resolve) => {
    webSocket.once('message', (data, isBinary) => {
      resolve({ data: Buffer.isBuffer(data) ? data : Buffer.alloc(0), isBinary })
    })
  })
}

/** Writes until the peer takes no more. */
async function fill(socket: Socket): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024)
  const size = 300 * chunk.length
  for (let written = 0; written < size; written += chunk.length) socket.write(chunk)
  let before = size
  await until('the peer takes no more', async () => {
    const left = socket.writableLength
    const isStuck = left === before && left < size
    before = left
    await new Promise((resolve) => setTimeout(resolve, 100))
    return isStuck
  })
  assert.ok(socket.writableLength > 0, 'the peer could be sent everything')
}

test('text, binary, fragmented and large messages pass both ways unchanged', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(await startEcho(t, '1'))
  const { webSocket, instance } = await openChat(t, balancer.port)
  assert.equal(instance, '1')
  assert.equal(balancer.balancer.load().upstreams[0]?.inFlight, 1)
  for (const message of ['hello', randomBytes(100), randomBytes(1_000_000)]) {
    const answer = echoed(webSocket)
    webSocket.send(message)
    const { data, isBinary } = await answer
    assert.equal(isBinary, typeof message !== 'string')
    assert.ok(data.equals(Buffer.from(message)))
  }
  const answer = echoed(webSocket)
  webSocket.send('in ', { fin: false })
  webSocket.send('two ', { fin: false })
  webSocket.send('parts', { fin: true })
  assert.equal((await answer).data.toString(), 'in two parts')
  webSocket.close()
  await once(webSocket, 'close')
  await balancer.quiet()
})

test('frames sent along with the handshake, by either side, are not lost', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(
    await startRawInstance(t, '1', ({ socket }) => {
      socket.write(
        'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly',
      )
      socket.on('data', (chunk) => socket.write(`got ${String(chunk)}`))
    }),
  )
  const client = await connectRaw(t, balancer.port)
  client.send(`${offer}eager`)
  await client.sees('early')
  await client.sees('got eager')
  assert.match(client.received(), /^HTTP\/1\.1 101 Switching Protocols\r\n/)
  assert.match(client.received(), /\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n/)
})

for (const size of [10, 3_000_000]) {
  test(`a refused upgrade passes through with its body of ${size} bytes, and the connection closes`, async (t) => {
    const balancer = await startBalancer(t)
    const instance = await startHttpInstance(t, '1', () => undefined)
    instance.server.on('upgrade', (_request: IncomingMessage, socket: Duplex) => {
      socket.on('error', () => undefined)
      socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Length: ${size}\r\n\r\n${'x'.repeat(size)}`)
    })
    balancer.use(instance)
    const client = await connectRaw(t, balancer.port)
    client.send(offer)
    assert.equal(await client.ends(), 'closed')
    assert.match(client.received(), /^HTTP\/1\.1 403 Forbidden\r\n[^]*connection: close\r\n/i)
    assert.equal(client.received().split('\r\n\r\n')[1]?.length, size)
    await balancer.quiet()
  })
}

test('an instance that dies before its 101 is replaced by another', async (t) => {
  const balancer = await startBalancer(t, { random: () => 0 })
  const dying = await startRawInstance(t, 'dying', ({ socket }) => socket.resetAndDestroy())
  balancer.use(dying, await startEcho(t, 'living'))
  const { webSocket, instance } = await openChat(t, balancer.port)
  assert.equal(instance, 'living')
  const answer = echoed(webSocket)
  webSocket.send('hello')
  assert.equal((await answer).data.toString(), 'hello')
  webSocket.terminate()
  await balancer.quiet()
})

test('an upgrade waits for an instance, and is refused when none comes', async (t) => {
  const balancer = await startBalancer(t, { limits: { parkTimeMs: 1_500 } })
  const client = await connectRaw(t, balancer.port)
  client.send(offer)
  assert.equal(await client.ends(), 'closed')
  assert.match(client.received(), /^HTTP\/1\.1 503 /)
  const opening = openChat(t, balancer.port)
  await balancer.waits()
  balancer.use(await startEcho(t, '1'))
  const { webSocket } = await opening
  webSocket.terminate()
  await balancer.quiet()
})

const plainOffers: Record<string, string> = {
  'to h2c':
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n',
  'to a WebSocket with a body':
    'GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 4\r\n\r\nbody',
  'to a WebSocket by POST':
    'POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 0\r\n\r\n',
}

for (const [what, text] of Object.entries(plainOffers)) {
  test(`an offer to upgrade ${what} is answered as the plain request it also is`, async (t) => {
    const balancer = await startBalancer(t)
    let seen: IncomingMessage['headers'] = {}
    balancer.use(
      await startHttpInstance(t, '1', (request, response) => {
        seen = request.headers
        request.resume().on('end', () => response.end('plain'))
      }),
    )
    const client = await connectRaw(t, balancer.port)
    client.send(text)
    await client.sees('plain')
    assert.deepEqual(
      [seen.upgrade, seen['http2-settings'], seen.connection],
      [undefined, undefined, 'keep-alive'],
    )
    client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    assert.equal(await client.ends(), 'closed')
    assert.equal(client.received().match(/plain/g)?.length, 2)
  })
}

const ends = { end: 'closed', destroy: 'closed', resetAndDestroy: 'reset' } as const

for (const how of ['end', 'destroy', 'resetAndDestroy'] as const) {
  test(`the client's ${how} ends the instance's side`, async (t) => {
    const balancer = await startBalancer(t)
    const instance = await startRawInstance(t, '1', ({ socket }) => {
      socket.write('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    })
    balancer.use(instance)
    const client = await connectRaw(t, balancer.port)
    client.send(offer)
    await client.sees('101 Go')
    client.socket[how]()
    await until('the instance sees the end', () => instance.sockets.size === 0)
    await balancer.quiet()
  })

  test(`the instance's ${how} ends the client's side, what was said before included`, async (t) => {
    const balancer = await startBalancer(t)
    const instance = await startRawInstance(t, '1', ({ socket }) => {
      socket.write('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nlast words')
    })
    balancer.use(instance)
    const client = await connectRaw(t, balancer.port)
    client.send(offer)
    await client.sees('last words')
    for (const socket of instance.sockets) socket[how]()
    assert.ok(['closed', ends[how]].includes(await client.ends()))
    await balancer.quiet()
  })
}

test('a client that reads nothing any more does not keep a WebSocket whose instance is gone', async (t) => {
  const balancer = await startBalancer(t, { limits: { stallMs: 1_000 } })
  const instance = await startRawInstance(t, '1', ({ socket }) => {
    socket.write('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  })
  balancer.use(instance)
  const client = await connectRaw(t, balancer.port)
  client.send(offer)
  await client.sees('101 Go')
  client.socket.pause()
  const [socket] = instance.sockets
  if (socket !== undefined) await fill(socket)
  socket?.resetAndDestroy()
  await balancer.quiet()
})

test('an instance that reads nothing any more does not keep a WebSocket whose client is gone', async (t) => {
  const balancer = await startBalancer(t, { limits: { stallMs: 1_000 } })
  const instance = await startRawInstance(t, '1', ({ socket }) => {
    socket.write('HTTP/1.1 101 Go\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    socket.pause()
  })
  balancer.use(instance)
  const client = await connectRaw(t, balancer.port)
  client.send(offer)
  await client.sees('101 Go')
  await fill(client.socket)
  client.socket.resetAndDestroy()
  await balancer.quiet()
})
