// WebSockets and Socket.IO on several servers over one real Redis, and over one SQLite file.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { io } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import { WebSocket } from 'ws'
import { redisSessionStore } from '../../../src/stores/redis/index.ts'
import { sqliteSessionStore } from '../../../src/stores/sqlite/index.ts'
import type { SessionStore } from '../../../src/index.ts'
import { startRedis } from '../../support/redis-server.ts'
import type { RedisServer } from '../../support/redis-server.ts'
import { startChat } from './chat-server.ts'
import type { ChatServer } from './chat-server.ts'
import { refusedUpgrade } from '../../support/refused-upgrade.ts'

let redis: RedisServer
let folder: string

before(async () => {
  redis = await startRedis()
  folder = await mkdtemp(join(tmpdir(), 'drover-websocket-'))
})

after(async () => {
  await redis.stop()
  await rm(folder, { recursive: true, force: true })
})

const backends: Readonly<Record<string, () => SessionStore>> = {
  Redis: () => redisSessionStore(redis.url),
  SQLite: () => sqliteSessionStore(join(folder, 'sessions.db')),
}

interface Open {
  readonly ws: WebSocket
  readonly greeting: string
  readonly closed: Promise<unknown[]>
}

async function open(server: ChatServer, cookie: string): Promise<Open> {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/`, { headers: { cookie } })
  const closed = once(ws, 'close')
  const [message] = await once(ws, 'message')
  return { ws, greeting: String(message), closed }
}

async function connect(server: ChatServer, cookie: string): Promise<Socket> {
  const socket = io(server.url, {
    path: '/io',
    transports: ['websocket'],
    extraHeaders: { cookie },
    reconnection: false,
  })
  await new Promise((resolve, reject) => {
    socket.once('welcome', resolve)
    socket.once('connect_error', reject)
  })
  return socket
}

for (const [backend, openStore] of Object.entries(backends)) {
  test(`${backend}: sockets close when their session is revoked on another server, and only those`, async (context) => {
    const [here, there] = [await startChat(context, openStore()), await startChat(context, openStore())]
    const [ann, bob] = [await here.signIn('ann'), await here.signIn('bob')]
    const [annSocket, bobSocket] = [await open(there, ann), await open(there, bob)]
    assert.equal(annSocket.greeting, 'hello ann')
    await here.shop.revokeAll('ann')
    const [code, reason] = await annSocket.closed
    assert.deepEqual([code, String(reason)], [1008, 'session ended'])
    assert.equal(bobSocket.ws.readyState, WebSocket.OPEN)
    bobSocket.ws.close()
    await bobSocket.closed
  })

  test(`${backend}: a sign-out by request closes the socket elsewhere; a renewal does not`, async (context) => {
    const [here, there] = [await startChat(context, openStore()), await startChat(context, openStore())]
    const cookie = await here.signIn('ann')
    const { ws, closed } = await open(there, cookie)
    assert.equal(await here.ask('/renew', cookie), 200)
    // Told of the change, the server looks again, and finds the session under its new id.
    assert.equal(await there.ask('/renew', cookie), 200)
    assert.equal(ws.readyState, WebSocket.OPEN)
    assert.equal(await here.ask('/sign-out', cookie), 200)
    const [code] = await closed
    assert.equal(code, 1008)
  })

  test(`${backend}: a Socket.IO socket is disconnected when its session is revoked on another server`, async (context) => {
    const [here, there] = [await startChat(context, openStore()), await startChat(context, openStore())]
    const socket = await connect(there, await here.signIn('ann'))
    const disconnected = new Promise((resolve) => {
      socket.once('disconnect', resolve)
    })
    await here.shop.revokeAll('ann')
    assert.match(String(await disconnected), /disconnect|transport close/)
  })
}

test('an upgrade without a sign-in is 401, from a page of another site 403, and during an outage 503', async (context) => {
  const own = await startRedis()
  context.after(() => own.stop())
  const server = await startChat(context, redisSessionStore(own.url))
  const cookie = await server.signIn('ann')
  assert.equal((await refusedUpgrade(server.port, {})).statusCode, 401)
  assert.equal((await refusedUpgrade(server.port, { cookie: 'sid=wrong' })).statusCode, 401)
  const foreign = { cookie, origin: 'https://evil.example' }
  assert.equal((await refusedUpgrade(server.port, foreign)).statusCode, 403)
  await own.stop()
  const outage = await refusedUpgrade(server.port, { cookie })
  assert.equal(outage.statusCode, 503)
  assert.equal(outage.headers['retry-after'], '1')
})

test('anybody may open a socket where the app says so', async (context) => {
  const server = await startChat(context, redisSessionStore(redis.url), { signedIn: false })
  const { ws, greeting, closed } = await open(server, 'sid=none')
  assert.equal(greeting, 'hello visitor')
  ws.close()
  await closed
})

test('Socket.IO tells the client why it was refused, and nothing of what happened inside', async (context) => {
  const server = await startChat(context, redisSessionStore(redis.url))
  await assert.rejects(connect(server, 'sid=none'), (error: unknown) => {
    assert.deepEqual(Reflect.get(Object(error), 'data'), { code: 'SESSION_REQUIRED', status: 401 })
    return true
  })
})
