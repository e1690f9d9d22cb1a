// WebSockets whose instance leaves: both sides are told 1001 between two frames, close in order, and are cut when they do not.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { test, type TestContext } from 'node:test'
import { WebSocketServer, type WebSocket } from 'ws'
import { writeCloseFrame } from '../../src/balancer/websocket/close-frame.ts'
import { FrameFollower } from '../../src/balancer/websocket/frame-follower.ts'
import { spreadDelays } from '../../src/balancer/websocket/spread.ts'
import { Tunnel } from '../../src/balancer/websocket/tunnel.ts'
import { listen } from '../support/free-port.ts'
import { until } from '../support/until.ts'
import { connectRaw } from './support/client.ts'
import { encodeFrame } from './support/frames.ts'
import { endOf, handshakeFor, openWebSocket } from './support/web-socket.ts'

/** Beyond the time of a test: what ends, ends in order. */
const neverMs = 300_000

interface Bridge {
  readonly port: number
  readonly tunnels: readonly Tunnel[]
  /** Its sides towards the clients. */
  readonly clients: readonly Socket[]
  readonly closed: () => number
}

interface Instance {
  readonly port: number
  /** The raw sockets of its WebSockets, and the WebSockets, in the order they came. */
  readonly sockets: readonly Socket[]
  readonly webSockets: readonly WebSocket[]
}

async function listenUntilEnd(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => undefined)
  })
  const port = await listen(server)
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return port
}

/** Reads a head and leaves what follows it. */
async function readHead(socket: Socket): Promise<{ head: Buffer; rest: Buffer }> {
  let bytes = Buffer.alloc(0)
  while (!bytes.includes('\r\n\r\n')) {
    const [chunk] = (await once(socket, 'data')) as [Buffer]
    socket.pause()
    bytes = Buffer.concat([bytes, chunk])
    if (!bytes.includes('\r\n\r\n')) socket.resume()
  }
  const end = bytes.indexOf('\r\n\r\n') + 4
  return { head: bytes.subarray(0, end), rest: bytes.subarray(end) }
}

/** Passes one handshake through and joins the two sockets in a tunnel. */
async function startBridge(
  t: TestContext,
  upstreamPort: number,
  closeMs: number,
  stallMs: number,
): Promise<Bridge> {
  const tunnels: Tunnel[] = []
  const clients: Socket[] = []
  let closed = 0
  const join = async (client: Socket) => {
    const upstream = connect({ host: '127.0.0.1', port: upstreamPort, noDelay: true })
    t.after(() => upstream.destroy())
    const offer = await readHead(client)
    upstream.write(offer.head)
    const answer = await readHead(upstream)
    client.write(answer.head)
    const onClose = () => {
      closed++
    }
    const tunnel = new Tunnel({ client, upstream, stallMs, closeMs, onClose })
    tunnel.open(offer.rest, answer.rest)
    tunnels.push(tunnel)
    clients.push(client)
    t.after(() => {
      tunnel.cut()
    })
  }
  const server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => void join(client))
  return { port: await listenUntilEnd(t, server), tunnels, clients, closed: () => closed }
}

async function startInstance(t: TestContext): Promise<Instance> {
  const webSockets: WebSocket[] = []
  const sockets: Socket[] = []
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  t.after(() => {
    for (const webSocket of webSockets) webSocket.terminate()
    server.close()
  })
  server.on('connection', (webSocket, request) => {
    webSocket.on('error', () => undefined)
    webSocket.on('message', (data, isBinary) => {
      webSocket.send(data, { binary: isBinary })
    })
    webSockets.push(webSocket)
    sockets.push(request.socket)
  })
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, sockets, webSockets }
}

/** The raw socket of the instance's one WebSocket, which from now on says only what the test writes. */
function takeOver({ sockets }: Instance): Socket {
  const [socket] = sockets
  assert.ok(socket !== undefined)
  return socket.removeAllListeners('data').resume()
}

/** A client that never answers a Close; `frames` is all that came after the handshake. */
async function openRawClient(t: TestContext, port: number) {
  const client = await connectRaw(t, port)
  client.send(handshakeFor('/'))
  await client.sees('\r\n\r\n')
  const frames = () => Buffer.from(client.received().split(/\r\n\r\n([^]*)/)[1] ?? '', 'latin1')
  return { ...client, frames }
}

const closeFrame = Buffer.concat([Buffer.of(0x88, 12, 0x03, 0xe9), Buffer.from('going away')])

async function setUp(t: TestContext, closeMs = neverMs, stallMs = neverMs) {
  const instance = await startInstance(t)
  const bridge = await startBridge(t, instance.port, closeMs, stallMs)
  const goAway = () => {
    for (const tunnel of bridge.tunnels) tunnel.goAway()
  }
  const over = (count = 1) => until('both sides are closed', () => bridge.closed() === count)
  return { instance, bridge, goAway, over }
}

test('fragmented and 1 MB frames are echoed unchanged', async (t) => {
  const { bridge, over } = await setUp(t)
  const { webSocket, messages } = await openWebSocket(t, bridge.port)
  const large = randomBytes(1_000_000)
  webSocket.send(large)
  for (let part = 0; part < 9; part++) webSocket.send(large.subarray(part, part + 70_000), { fin: false })
  webSocket.ping()
  webSocket.send('end', { fin: true })
  await until('both messages are back', () => messages.length === 2)
  assert.ok(messages[0]?.equals(large))
  assert.equal(messages[1]?.length, 630_003)
  webSocket.close(4001, 'enough')
  await over()
})

test('an idle WebSocket is closed on both sides with 1001, in order', async (t) => {
  const { instance, bridge, goAway, over } = await setUp(t)
  const { ended } = await openWebSocket(t, bridge.port)
  const [atInstance] = instance.webSockets
  assert.ok(atInstance !== undefined)
  const endedThere = endOf(atInstance)
  goAway()
  assert.equal(await ended, '1001 going away')
  assert.equal(await endedThere, '1001 going away')
  await over()
})

test('a 1 MB frame under way to the client arrives whole before its 1001', async (t) => {
  const { instance, bridge, goAway, over } = await setUp(t)
  const { messages, ended } = await openWebSocket(t, bridge.port)
  const [socket] = instance.sockets
  const [atInstance] = instance.webSockets
  assert.ok(socket !== undefined && atInstance !== undefined)
  const endedThere = endOf(atInstance)
  const frame = encodeFrame({ fin: true, opcode: 2, size: 1_000_000, masked: false })
  const small = encodeFrame({ fin: true, opcode: 2, size: 1, masked: false })
  socket.write(Buffer.concat([small, frame.subarray(0, 500_000)]))
  await until('the frame has begun', () => messages.length === 1)
  goAway()
  socket.write(frame.subarray(500_000))
  assert.equal(await ended, '1001 going away')
  assert.equal(messages[1]?.length, 1_000_000)
  assert.equal(await endedThere, '1001 going away')
  await over()
})

test('a fragmented message under way to the instance arrives whole before its 1001', async (t) => {
  const { instance, bridge, goAway, over } = await setUp(t)
  const client = await openRawClient(t, bridge.port)
  const [atInstance] = instance.webSockets
  assert.ok(atInstance !== undefined)
  const endedThere = endOf(atInstance)
  const arrived: Buffer[] = []
  atInstance.on('message', (data: Buffer) => arrived.push(data))
  client.socket.write(encodeFrame({ fin: false, opcode: 2, size: 70_000, masked: true }))
  client.socket.write(encodeFrame({ fin: true, opcode: 9, size: 0, masked: true }))
  await until('the ping is answered', () => client.frames().length === 2)
  goAway()
  await until('the client is told', () => client.frames().subarray(2).equals(closeFrame))
  client.socket.write(encodeFrame({ fin: true, opcode: 0, size: 300_000, masked: true }))
  client.socket.write(encodeFrame({ fin: true, opcode: 2, size: 5, masked: true }))
  client.socket.write(encodeFrame({ fin: true, opcode: 8, size: 0, masked: true }))
  assert.equal(await client.ends(), 'closed')
  assert.equal(await endedThere, '1001 going away')
  assert.deepEqual(
    arrived.map(({ length }) => length),
    [370_000],
  )
  await over()
})

test('a message whose last fragment does not come is given up for the 1001', async (t) => {
  const { instance, bridge, goAway, over } = await setUp(t, 500)
  const { webSocket, ended } = await openWebSocket(t, bridge.port)
  const socket = takeOver(instance)
  socket.write(encodeFrame({ fin: false, opcode: 2, size: 10, masked: false }))
  const ping = once(webSocket, 'ping')
  socket.write(encodeFrame({ fin: true, opcode: 9, size: 0, masked: false }))
  await ping
  goAway()
  assert.equal(await ended, '1001 going away')
  await over()
})

test('a client that closes while a message to it is given up is answered with the 1001', async (t) => {
  const { instance, bridge, goAway, over } = await setUp(t, 500)
  const client = await openRawClient(t, bridge.port)
  const part = encodeFrame({ fin: false, opcode: 2, size: 10, masked: false })
  takeOver(instance).write(part)
  await until('the message has begun', () => client.frames().equals(part))
  goAway()
  client.socket.write(writeCloseFrame(4001, 'enough', Buffer.of(1, 2, 3, 4)))
  assert.equal(await client.ends(), 'closed')
  assert.ok(client.frames().equals(Buffer.concat([part, closeFrame])))
  await over()
})

test('a client that never answers its 1001 is closed when its time is over', async (t) => {
  const { instance, bridge, goAway, over } = await setUp(t, 300)
  const client = await openRawClient(t, bridge.port)
  const [atInstance] = instance.webSockets
  assert.ok(atInstance !== undefined)
  const endedThere = endOf(atInstance)
  goAway()
  assert.equal(await endedThere, '1001 going away')
  assert.equal(await client.ends(), 'closed')
  assert.ok(client.frames().equals(closeFrame))
  await over()
})

test('an instance that never answers its 1001 does not keep the client, and is closed when its time is over', async (t) => {
  const { instance, bridge, goAway, over } = await setUp(t, 1_000)
  const { ended } = await openWebSocket(t, bridge.port)
  instance.sockets[0]?.pause()
  goAway()
  assert.equal(await ended, '1001 going away')
  await over()
})

test('nothing of an instance that goes on sending comes to the client after its 1001', async (t) => {
  const { instance, bridge, goAway, over } = await setUp(t)
  const client = await openRawClient(t, bridge.port)
  const socket = takeOver(instance)
  const message = encodeFrame({ fin: true, opcode: 2, size: 50_000, masked: false })
  const send = () => {
    while (socket.writable && socket.write(message));
  }
  socket.on('drain', send)
  send()
  await until('the stream runs', () => client.received().length > 1_000_000)
  goAway()
  await until('the client is told', () => client.received().endsWith(closeFrame.toString('latin1')))
  client.socket.write(encodeFrame({ fin: true, opcode: 8, size: 0, masked: true }))
  assert.equal(await client.ends(), 'closed')
  const follower = new FrameFollower()
  follower.follow(client.frames().subarray(0, -closeFrame.length))
  assert.ok(follower.atFrameBoundary && !follower.sawClose)
  for (const tunnel of bridge.tunnels) tunnel.cut()
  await over()
})

test('a frame that is never completed is cut by a reset when its time is over', async (t) => {
  const { instance, bridge, goAway, over } = await setUp(t, 300)
  const client = await openRawClient(t, bridge.port)
  takeOver(instance).write(encodeFrame({ fin: true, opcode: 2, size: 1_000, masked: false }).subarray(0, 500))
  await until('half of it is there', () => client.frames().length === 500)
  goAway()
  assert.equal(await client.ends(), 'reset')
  assert.equal(client.frames().length, 500)
  await over()
})

test('after malformed framing no Close is put in, and the tunnel is cut when its time is over', async (t) => {
  const { instance, bridge, goAway, over } = await setUp(t, 300)
  const client = await openRawClient(t, bridge.port)
  const malformed = Buffer.of(0x89, 0x7e, 0xff, 0xff, 1, 2, 3)
  takeOver(instance).write(malformed)
  await until('it passes', () => client.frames().equals(malformed))
  goAway()
  assert.equal(await client.ends(), 'reset')
  assert.ok(client.frames().equals(malformed))
  await over()
})

test('a Close that the client has begun is answered by the instance alone', async (t) => {
  const { instance, bridge, goAway, over } = await setUp(t)
  const { webSocket, ended } = await openWebSocket(t, bridge.port)
  const socket = takeOver(instance)
  const arrived = once(socket, 'data')
  webSocket.close(4001, 'enough')
  await arrived
  goAway()
  socket.end(writeCloseFrame(4001, 'yes'))
  assert.equal(await ended, '4001 yes')
  await over()
})

test('a Close that the instance has begun is answered by the client alone', async (t) => {
  const { instance, bridge, goAway, over } = await setUp(t)
  const client = await openRawClient(t, bridge.port)
  const [atInstance] = instance.webSockets
  assert.ok(atInstance !== undefined)
  const endedThere = endOf(atInstance)
  atInstance.close(4001, 'enough')
  await until('the Close has passed', () => client.frames().equals(writeCloseFrame(4001, 'enough')))
  goAway()
  client.socket.write(writeCloseFrame(4001, 'yes', Buffer.of(1, 2, 3, 4)))
  assert.equal(await endedThere, '4001 yes')
  assert.equal(await client.ends(), 'closed')
  assert.ok(client.frames().equals(writeCloseFrame(4001, 'enough')))
  await over()
})

test('the death of the instance while its clients are told does not keep them from closing in order', async (t) => {
  const { instance, bridge, goAway, over } = await setUp(t)
  const { ended } = await openWebSocket(t, bridge.port)
  goAway()
  instance.sockets[0]?.resetAndDestroy()
  assert.equal(await ended, '1001 going away')
  await over()
})

test('a WebSocket whose time to leave has not come goes on, and can be told to leave at once', async (t) => {
  const { bridge, goAway, over } = await setUp(t)
  const { webSocket, messages, ended } = await openWebSocket(t, bridge.port)
  for (const tunnel of bridge.tunnels) tunnel.drain(neverMs)
  webSocket.send('still here')
  await until('the echo is back', () => messages.length === 1)
  goAway()
  assert.equal(await ended, '1001 going away')
  await over()
})

test('50 WebSockets that leave spread over a time are all told 1001 on both sides', async (t) => {
  const { instance, bridge, over } = await setUp(t)
  const clients = await Promise.all(Array.from({ length: 50 }, () => openWebSocket(t, bridge.port)))
  const ends = [...clients.map(({ ended }) => ended), ...instance.webSockets.map(endOf)]
  const delays = spreadDelays(bridge.tunnels.length, 500, Math.random)
  for (const [index, tunnel] of bridge.tunnels.entries()) tunnel.drain(delays[index] ?? 0)
  assert.deepEqual(
    await Promise.all(ends),
    Array.from({ length: 100 }, () => '1001 going away'),
  )
  await over(50)
})

test('a client that takes nothing any more is cut, also when the WebSocket had been idle for long before', async (t) => {
  const { instance, bridge, over } = await setUp(t, neverMs, 400)
  const client = await openRawClient(t, bridge.port)
  const [towardsClient] = bridge.clients
  assert.ok(towardsClient !== undefined)
  await once(towardsClient, 'timeout')
  assert.equal(bridge.closed(), 0)
  client.socket.pause()
  const socket = takeOver(instance)
  const message = encodeFrame({ fin: true, opcode: 2, size: 1_000_000, masked: false })
  for (let sent = 0; sent < 30; sent++) socket.write(message)
  await over()
})
