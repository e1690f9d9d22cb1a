// Tokens open WebSockets and Socket.IO, and close them when they have ended.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { io } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import { WebSocket } from 'ws'
import { tokenCookies } from 'drover/tokens'
import type { TokenPair } from 'drover/tokens'
import { testTokens } from '../support/tokens.ts'
import { until } from '../support/until.ts'
import { startSockets } from './socket-server.ts'
import type { SocketServer } from './socket-server.ts'
import { refusedUpgrade } from '../support/refused-upgrade.ts'

type Headers = Readonly<Record<string, string>>

const quiet = { onError: () => undefined }

interface Open {
  readonly ws: WebSocket
  readonly next: () => Promise<string>
  readonly closed: Promise<readonly [code: number, reason: string]>
}

/** A socket that was greeted. */
async function open(server: SocketServer, headers: Headers, greeting: string): Promise<Open> {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/`, { headers })
  const next = async () => String((await once(ws, 'message'))[0])
  const closed = once(ws, 'close').then(([code, reason]) => [Number(code), String(reason)] as const)
  assert.equal(await next(), greeting)
  return { ws, next, closed }
}

async function connect(server: SocketServer, options: Readonly<Record<string, unknown>>): Promise<Socket> {
  const socket = io(server.url, { path: '/io', transports: ['websocket'], reconnection: false, ...options })
  await new Promise((resolve, reject) => {
    socket.once('welcome', resolve)
    socket.once('connect_error', reject)
  })
  return socket
}

function bearer({ accessToken }: TokenPair): Headers {
  return { authorization: `Bearer ${accessToken}` }
}

function cookieOf(pair: TokenPair): string {
  return tokenCookies(pair)[0]?.split(';')[0] ?? ''
}

describe('upgrades', { concurrency: true }, () => {
  test('a good token opens a socket; none, a bad or a revoked one is 401, a missing scope 403, all without an upgrade', async (t) => {
    const { api } = testTokens(quiet)
    const server = await startSockets(t, api, { scopes: ['chat'] })
    const [good, poor, gone] = [
      await api.issue('ann', { scopes: ['chat'] }),
      await api.issue('bob'),
      await api.issue('carl', { scopes: ['chat'] }),
    ]
    await api.revoke(gone)
    const { ws } = await open(server, bearer(good), 'hello ann')
    ws.close()
    for (const [headers, status, challenge] of [
      [{}, 401, 'Bearer'],
      [{ authorization: 'Bearer broken' }, 401, 'Bearer error="invalid_token"'],
      [bearer(gone), 401, 'Bearer error="invalid_token"'],
      [bearer(poor), 403, 'Bearer error="insufficient_scope", scope="chat"'],
      [{ cookie: cookieOf(good) }, 401, 'Bearer'],
    ] as const) {
      const answer = await refusedUpgrade(server.port, headers)
      assert.deepEqual([answer.statusCode, answer.headers['www-authenticate']], [status, challenge])
    }
  })

  test('the __Host- cookie opens a socket for a page of this site, and not for one of another', async (t) => {
    const { api } = testTokens(quiet)
    const trusted = 'https://admin.example'
    const server = await startSockets(t, api, { cookies: true, trustedOrigins: [trusted] })
    const cookie = cookieOf(await api.issue('ann'))
    assert.match(cookie, /^__Host-token=/)
    for (const origin of [server.url, trusted]) {
      const { ws } = await open(server, { cookie, origin }, 'hello ann')
      ws.close()
    }
    for (const origin of ['https://evil.example', 'null'])
      assert.equal((await refusedUpgrade(server.port, { cookie, origin })).statusCode, 403)
    assert.equal(
      (await refusedUpgrade(server.port, { cookie: '__Host-token=x', origin: server.url })).statusCode,
      401,
    )
  })

  test('while it cannot be told whether a token is revoked, the answer is 503 with Retry-After', async (t) => {
    const { api, store } = testTokens(quiet)
    const server = await startSockets(t, api)
    const pair = await api.issue('ann')
    store.cut(true)
    store.isUnavailable = true
    const answer = await refusedUpgrade(server.port, bearer(pair))
    assert.deepEqual([answer.statusCode, answer.headers['retry-after']], [503, '1'])
  })
})

describe('open sockets', { concurrency: true }, () => {
  test('a socket closes when its token is revoked on another server, and only that one', async (t) => {
    const { api, other } = testTokens(quiet)
    const server = await startSockets(t, api)
    const there = other()
    t.after(() => there.close())
    const [ann, bob] = [await there.issue('ann'), await there.issue('bob')]
    const [annSocket, bobSocket] = [
      await open(server, bearer(ann), 'hello ann'),
      await open(server, bearer(bob), 'hello bob'),
    ]
    await there.revoke(ann)
    assert.deepEqual(await annSocket.closed, [1008, 'TOKEN_REVOKED'])
    assert.equal(bobSocket.ws.readyState, WebSocket.OPEN)
  })

  test('a socket closes when its token expires, unless the client has sent a newer one of the same user', async (t) => {
    const { api, clock } = testTokens(quiet)
    const server = await startSockets(t, api)
    const [ann, bob] = [await api.issue('ann'), await api.issue('bob')]
    const left = await open(server, bearer(ann), 'hello ann')
    const kept = await open(server, bearer(ann), 'hello ann')
    kept.ws.send(bob.accessToken)
    assert.equal(await kept.next(), 'TOKEN_INVALID')
    clock.advance(60_000)
    kept.ws.send((await api.refresh(ann.refreshToken)).accessToken)
    assert.equal(await kept.next(), 'renewed ann')
    clock.advance(246_000)
    assert.deepEqual(await left.closed, [1008, 'TOKEN_EXPIRED'])
    assert.equal(kept.ws.readyState, WebSocket.OPEN)
    clock.advance(60_000)
    assert.deepEqual(await kept.closed, [1008, 'TOKEN_EXPIRED'])
  })

  test('an outage closes no socket', async (t) => {
    const { api, store, clock } = testTokens(quiet)
    const server = await startSockets(t, api)
    const { ws, closed } = await open(server, bearer(await api.issue('ann')), 'hello ann')
    store.isUnavailable = true
    store.cut(true)
    const before = store.lookUps
    await until('it was looked at twice', () => store.lookUps >= before + 2)
    assert.equal(ws.readyState, WebSocket.OPEN)
    clock.advance(310_000)
    assert.deepEqual(await closed, [1008, 'TOKEN_EXPIRED'])
  })

  test('a visitor’s socket stays where tokens are not required, and may bring a token later', async (t) => {
    const { api } = testTokens(quiet)
    const server = await startSockets(t, api, { required: false })
    const { ws, next, closed } = await open(server, {}, 'hello visitor')
    const pair = await api.issue('ann')
    ws.send(pair.accessToken)
    assert.equal(await next(), 'renewed ann')
    await api.revokeAll('ann')
    assert.deepEqual(await closed, [1008, 'TOKEN_REVOKED'])
  })
})

describe('Socket.IO', { concurrency: true }, () => {
  test('takes a token as auth or as a header, tells why it was refused, and disconnects when it is revoked', async (t) => {
    const { api } = testTokens(quiet)
    const server = await startSockets(t, api, { cookies: true })
    const [ann, bob] = [await api.issue('ann'), await api.issue('bob')]
    const bobSocket = await connect(server, { extraHeaders: bearer(bob) })
    const annSocket = await connect(server, { auth: { token: ann.accessToken } })
    const cases = [
      [{}, { code: 'TOKEN_MISSING', status: 401 }],
      [{ auth: { token: 'broken' } }, { code: 'TOKEN_INVALID', status: 401 }],
      [
        { extraHeaders: { cookie: cookieOf(ann), origin: 'https://evil.example' } },
        { code: 'CSRF_REFUSED', status: 403 },
      ],
    ] as const
    for (const [options, data] of cases) {
      await assert.rejects(connect(server, options), (error: unknown) => {
        assert.deepEqual(Reflect.get(Object(error), 'data'), data)
        return true
      })
    }
    const disconnected = new Promise((resolve) => {
      annSocket.once('disconnect', resolve)
    })
    await api.revoke(ann)
    assert.match(String(await disconnected), /disconnect|transport close/)
    assert.ok(bobSocket.connected)
    bobSocket.disconnect()
  })
})
