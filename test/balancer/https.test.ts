// HTTPS through the whole balancer, with real instances behind it: HTTP/2 and HTTP/1.1 on one port, behind a TCP proxy or
// not, with certificates that change.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { request as requestHttps } from 'node:https'
import { connect as connectNet } from 'node:net'
import { test, type TestContext } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { Balancer } from '../../src/balancer/balancer.ts'
import { until } from '../support/until.ts'
import { startBalancer, type TestBalancerOptions } from './support/balancer.ts'
import { selfSigned } from './support/certificate.ts'
import { call, readAnswer as readHttp1Answer, type Answer } from './support/client.ts'
import { ask, connectHttp2, readAnswer } from './support/http2-front.ts'
import { startHttpInstance, startRawInstance, type TestInstance } from './support/instance.ts'
import { connectHttp2Raw, errorCode, flag, frameType, headerBlock } from './support/raw-http2.ts'
import { certificateFiles } from './support/tls-front.ts'

/** Says what it was asked, then the body. */
function echo(request: IncomingMessage, response: ServerResponse): void {
  const { method, url, httpVersion, rawHeaders } = request
  response.writeHead(200, { 'x-asked': JSON.stringify({ method, url, httpVersion, rawHeaders }) })
  request.pipe(response)
}

async function start(
  t: TestContext,
  options: TestBalancerOptions = {},
  ...instances: readonly TestInstance[]
) {
  const certificates = certificateFiles(t, selfSigned('localhost'))
  const balancer = await startBalancer(t, { tls: { certificates }, ...options })
  balancer.use(...instances)
  return { ...balancer, files: certificates[0] ?? assert.fail() }
}

function asked(rawHeaders: readonly string[]): { method: string; url: string; rawHeaders: string[] } {
  return JSON.parse(rawHeaders[rawHeaders.indexOf('x-asked') + 1] ?? '') as ReturnType<typeof asked>
}

function valueOf(rawHeaders: readonly string[], name: string): string | undefined {
  const index = rawHeaders.findIndex((word, at) => at % 2 === 0 && word.toLowerCase() === name)
  return index === -1 ? undefined : rawHeaders[index + 1]
}

async function callHttps(port: number, path: string, options = {}, body?: string): Promise<Answer> {
  const request = requestHttps({
    port,
    path,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    agent: false,
    ...options,
  })
  request.end(body)
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  return readHttp1Answer(response)
}

test('a request of HTTP/2 reaches an instance as one of HTTP/1.1', async (t) => {
  const { port } = await start(t, {}, await startHttpInstance(t, '1', echo))
  const session = connectHttp2(t, port)
  const answer = await ask(session, { ':path': '/a?b', ':method': 'POST', cookie: ['a=1', 'b=2'] }, 'hello')
  const { method, url, rawHeaders } = asked(answer.rawHeaders)
  assert.deepEqual([method, url, answer.body, answer.end], ['POST', '/a?b', 'hello', 'whole'])
  assert.equal(valueOf(rawHeaders, 'host'), `127.0.0.1:${port}`)
  assert.equal(valueOf(rawHeaders, 'cookie'), 'a=1; b=2')
  assert.equal(valueOf(rawHeaders, 'transfer-encoding'), 'chunked')
  assert.equal(valueOf(rawHeaders, 'x-forwarded-proto'), 'https')
  assert.ok(!answer.rawHeaders.includes('transfer-encoding'))
  const counted = await ask(session, { ':method': 'PUT', 'content-length': 5 }, 'hello')
  assert.equal(valueOf(asked(counted.rawHeaders).rawHeaders, 'content-length'), '5')
  assert.equal(valueOf(asked(counted.rawHeaders).rawHeaders, 'transfer-encoding'), undefined)
  const bare = asked((await ask(session)).rawHeaders).rawHeaders
  assert.equal(valueOf(bare, 'transfer-encoding') ?? valueOf(bare, 'content-length'), undefined)
})

test('HTTP/1.1 is served on the same port, and WebSockets over it', async (t) => {
  const instance = await startHttpInstance(t, '1', echo)
  instance.server.on('upgrade', (_request, socket) => {
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    socket.pipe(socket)
  })
  const { port } = await start(t, {}, instance)
  const answer = await callHttps(port, '/x', { method: 'POST' }, 'hello')
  assert.equal(answer.text, 'hello')
  const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  t.after(() => socket.destroy())
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  await until('the upgrade', () => text.startsWith('HTTP/1.1 101 ') && text.endsWith('\r\n\r\n'))
  socket.write('\x81\x02hi')
  await until('the echo', () => text.endsWith('\x81\x02hi'))
})

test('many requests and large bodies go through one connection whole', async (t) => {
  const { port, quiet } = await start(
    t,
    {},
    await startHttpInstance(t, '1', echo),
    await startHttpInstance(t, '2', echo),
  )
  const session = connectHttp2(t, port)
  const bodies = Array.from({ length: 60 }, (_, index) => Buffer.alloc(index * 10_000, String(index % 10)))
  bodies.push(Buffer.alloc(8 * 1024 * 1024, 'x'))
  const answers = await Promise.all(bodies.map((body) => ask(session, { ':method': 'POST' }, body)))
  for (const [index, answer] of answers.entries()) {
    assert.equal(answer.end, 'whole')
    assert.ok(Buffer.from(answer.body, 'latin1').equals(bodies[index] ?? Buffer.alloc(0)))
  }
  await quiet()
})

test('an instance that dies in mid-answer resets the stream and no other', async (t) => {
  const dying = await startRawInstance(t, '1', ({ socket }, head) => {
    socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nsome\r\n')
    if (head.startsWith('GET /dies')) setTimeout(() => socket.resetAndDestroy(), 100)
    else setTimeout(() => socket.write('4\r\nmore\r\n0\r\nX-T: 1\r\n\r\n'), 200)
  })
  const { port } = await start(t, {}, dying)
  const session = connectHttp2(t, port)
  const [lives, dies] = await Promise.all([
    ask(session, { ':path': '/' }),
    ask(session, { ':path': '/dies' }),
  ])
  assert.deepEqual([lives.body, lives.trailers, lives.end], ['somemore', ['x-t', '1'], 'whole'])
  assert.deepEqual([dies.body, dies.end], ['some', errorCode.internal])
})

test('a client that cancels a stream frees its instance', async (t) => {
  let closed = 0
  const instance = await startHttpInstance(t, '1', (request, response) => {
    response.on('close', () => closed++)
    response.write('some')
    if (request.url === '/whole') response.end()
  })
  const { port, quiet, records } = await start(t, {}, instance)
  const session = connectHttp2(t, port)
  const stream = session.request({ ':path': '/' })
  await once(stream, 'data')
  stream.close(errorCode.cancel)
  await until('the instance is told', () => closed === 1)
  await quiet()
  assert.equal(records[0]?.end, 'client-left')
  assert.equal(records[0]?.version, '2')
  assert.equal((await ask(session, { ':path': '/whole' })).body, 'some')
})

test('a body half sent is never complete for an instance', async (t) => {
  let ended = 0
  let aborted = 0
  const instance = await startHttpInstance(t, '1', (request) => {
    request.resume().on('end', () => ended++)
    request.on('error', () => aborted++)
  })
  const { port } = await start(t, {}, instance)
  for (const code of [errorCode.none, errorCode.cancel]) {
    const client = await connectHttp2Raw(t, port)
    const fields: [string, string][] = [
      [':method', 'POST'],
      [':scheme', 'https'],
      [':authority', 'a'],
      [':path', '/'],
    ]
    client.send(frameType.headers, flag.endHeaders, 1, headerBlock(fields))
    client.send(frameType.data, 0, 1, Buffer.from('half'))
    await until('it reached the instance', () => instance.sockets.size > 0)
    client.send(frameType.reset, 0, 1, Buffer.from([0, 0, 0, code]))
    await until('the instance is told', () => instance.sockets.size === 0)
  }
  assert.equal(ended, 0)
  assert.equal(aborted, 2)
})

test('draining loses no request of HTTP/2', async (t) => {
  const instance = await startHttpInstance(t, '1', (_request, response) => {
    setTimeout(() => response.end('late'), 150)
  })
  const { port, balancer } = await start(t, {}, instance)
  const busy = connectHttp2(t, port)
  const idle = connectHttp2(t, port)
  await ask(idle)
  const answers = [1, 2, 3].map(() => ask(busy))
  await until('they are under way', () => balancer.load().upstreams[0]?.inFlight === 3)
  const drained = balancer.drain(10_000)
  for (const answer of await Promise.all(answers))
    assert.deepEqual([answer.body, answer.end], ['late', 'whole'])
  assert.equal(await drained, 0)
})

test('what is under way at the deadline is cut, not ended', async (t) => {
  const instance = await startHttpInstance(t, '1', (_request, response) => {
    response.write('some')
  })
  const { port, balancer } = await start(t, {}, instance)
  const session = connectHttp2(t, port)
  const streams = [session.request(), session.request()]
  const answers = streams.map(readAnswer)
  await Promise.all(streams.map((stream) => once(stream, 'data')))
  const http1 = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
  let isWhole = false
  http1.on('error', () => undefined).on('end', () => (isWhole = true))
  http1.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await once(http1, 'data')
  assert.equal(await balancer.drain(50), 3)
  for (const { end } of await Promise.all(answers)) assert.equal(end, errorCode.internal)
  await until('HTTP/1.1 is cut', () => http1.destroyed)
  assert.equal(isWhole, false)
})

test('the PROXY protocol tells who the client is, with TLS behind it and without', async (t) => {
  const instance = await startHttpInstance(t, '1', echo)
  const secure = await start(t, { proxyProtocol: true }, instance)
  const raw = connectNet({ port: secure.port, host: '127.0.0.1' })
  raw.write('PROXY TCP4 192.0.2.7 198.51.100.2 56324 443\r\n')
  const tls = connectTls({ socket: raw, rejectUnauthorized: false, ALPNProtocols: ['h2'] })
  await once(tls, 'secureConnect')
  const session = connectHttp2(t, secure.port, tls)
  const { rawHeaders } = asked((await ask(session)).rawHeaders)
  assert.equal(valueOf(rawHeaders, 'x-forwarded-for'), '192.0.2.7')
  assert.equal(valueOf(rawHeaders, 'x-forwarded-proto'), 'https')
  const plain = await startBalancer(t, { proxyProtocol: true })
  plain.use(instance)
  const client = connectNet({ port: plain.port, host: '127.0.0.1' })
  client.write(
    'PROXY TCP4 192.0.2.8 198.51.100.2 56324 443\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  )
  let text = ''
  client.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  await once(client, 'close')
  assert.match(text, /192\.0\.2\.8/)
  await assert.rejects(call(plain.port, '/'))
})

test('certificates are renewed while the balancer runs, and TLS can be turned off', async (t) => {
  const { port, files, balancer } = await start(t, {}, await startHttpInstance(t, '1', echo))
  const shown = async () => {
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    t.after(() => socket.destroy())
    await once(socket, 'secureConnect')
    return socket.getPeerX509Certificate()?.subjectAltName
  }
  assert.equal(await shown(), 'DNS:localhost')
  const renewed = selfSigned('renewed.test')
  writeFileSync(files.cert, renewed.cert)
  writeFileSync(files.key, renewed.key)
  await until('the new one is shown', async () => (await shown()) === 'DNS:renewed.test')
  balancer.configure({ reveal: true, tls: { certificates: [{ cert: '/nowhere', key: '/nowhere' }] } })
  assert.equal(await shown(), 'DNS:renewed.test')
  balancer.configure({ reveal: true })
  assert.equal((await call(port, '/')).status, 200)
})

test('a balancer whose certificate cannot be used does not listen', async () => {
  const tls = { certificates: [{ cert: '/nowhere', key: '/nowhere' }] }
  const balancer = new Balancer({ reveal: true, tls }, { random: Math.random, now: () => performance.now() })
  await assert.rejects(balancer.listen({ host: '127.0.0.1', port: 0 }), /Cannot use certificate "\/nowhere"/)
  await balancer.drain(0)
})

test('draining does not wait for who never shakes hands, nor for who never says who it is', async (t) => {
  const limits = { handshakeTimeoutMs: 60_000, lingerMs: 50 }
  const secure = await start(t, { limits })
  const proxied = await start(t, { limits, proxyProtocol: true })
  for (const { port, balancer } of [secure, proxied]) {
    const mute = connectNet({ port, host: '127.0.0.1' })
    mute.on('error', () => undefined)
    mute.write(port === secure.port ? '\x16\x03\x01' : 'PROXY ')
    await until('it is here', () => balancer.state().clientConnections === 1)
    assert.equal(await balancer.drain(60_000), 0)
    await until('it is gone', () => mute.resume().destroyed)
  }
})
