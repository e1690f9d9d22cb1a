// Clients that read slowly, late or not at all: what they are owed reaches them whole or is visibly cut, and costs a bounded
// amount of memory meanwhile. The limits are small here; the balancer looks at its connections once a second.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { suite, test, type TestContext } from 'node:test'
import { until } from '../../support/until.ts'
import { startBalancer, type TestBalancer } from '../support/balancer.ts'
import { connectRaw, looked, trickle, type RawClient } from '../support/client.ts'
import { startHttpInstance, startRawInstance, type HttpInstance } from '../support/instance.ts'

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
/** Far more than the system takes for a client that does not read. */
const size = 20_000_000
const neverMs = 600_000
const trickleMs = 20
/** An answer is held until it is complete: its instance is done with it long before its client is. */
const limits = { holdBytes: 10 * size, holdTimeMs: neverMs, requestHeadTimeoutMs: 1 }

function startLarge(t: TestContext): Promise<HttpInstance> {
  return startHttpInstance(t, '1', (_request, response) => response.end('x'.repeat(size)))
}

/** A client that reads nothing yet, though its answer is complete. */
async function startUnread(t: TestContext, balancer: TestBalancer, request: string): Promise<RawClient> {
  const client = await connectRaw(t, balancer.port)
  client.socket.pause()
  client.send(request)
  await until('it is answered', () => balancer.records.length === 1)
  return client
}

function bodyBytes(client: RawClient): number {
  const text = client.received()
  return text.length - text.indexOf('\r\n\r\n') - 4
}

suite('slow readers', { concurrency: true }, () => {
  for (const [name, request] of [
    ['with Connection: close', 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'],
    ['of HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n'],
  ] as const) {
    test(`the last answer of a connection ${name} is whole, however late it is read`, async (t) => {
      const balancer = await startBalancer(t, { limits: { ...limits, closeLingerMs: 1 } })
      balancer.use(await startLarge(t))
      const client = await startUnread(t, balancer, request)
      await looked(t, balancer.port)
      client.socket.resume()
      assert.equal(await client.ends(), 'closed')
      assert.equal(bodyBytes(client), size)
    })
  }

  test('an answer that only the end of its connection delimits is whole, however late it is read', async (t) => {
    const balancer = await startBalancer(t, { limits: { ...limits, closeLingerMs: 1 } })
    const half = Buffer.alloc(size / 2, 'x')
    const instance = await startRawInstance(t, '1', ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.write(half)
      socket.end(half)
    })
    balancer.use(instance)
    const client = await startUnread(t, balancer, 'GET / HTTP/1.0\r\n\r\n')
    await looked(t, balancer.port)
    client.socket.resume()
    assert.equal(await client.ends(), 'closed')
    assert.equal(bodyBytes(client), size)
  })

  test('a connection that is still owed bytes is not idle: its answer is whole, and it closes after that', async (t) => {
    const balancer = await startBalancer(t, { limits: { ...limits, clientIdleMs: 1 } })
    balancer.use(await startLarge(t))
    const client = await startUnread(t, balancer, get)
    await looked(t, balancer.port, 2)
    client.socket.resume()
    assert.equal(await client.ends(), 'closed')
    assert.equal(bodyBytes(client), size)
  })

  test('a connection that is still owed bytes does not make room for a newcomer', async (t) => {
    const balancer = await startBalancer(t, { limits: { ...limits, clientConnections: 1 } })
    balancer.use(await startLarge(t))
    const client = await startUnread(t, balancer, get)
    const newcomer = await connectRaw(t, balancer.port)
    await newcomer.ends()
    assert.match(newcomer.received(), /^HTTP\/1\.1 503 /)
    client.socket.resume()
    await until('the client has the whole answer', () => bodyBytes(client) === size)
  })

  test('at the deadline of a drain what was not read is cut, never ended as if whole', async (t) => {
    const balancer = await startBalancer(t, { limits })
    // Without a length the client has only the end to go by.
    const instance = await startRawInstance(t, '1', ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      socket.end(Buffer.alloc(size, 'x'))
    })
    balancer.use(instance)
    const client = await startUnread(t, balancer, 'GET / HTTP/1.0\r\n\r\n')
    await balancer.balancer.drain(1)
    client.socket.resume()
    assert.equal(await client.ends(), 'reset')
  })

  test('a client that ends its side after its answer was complete has all of it', async (t) => {
    const balancer = await startBalancer(t, { limits })
    balancer.use(await startLarge(t))
    const client = await startUnread(t, balancer, get)
    client.socket.end()
    client.socket.resume()
    assert.equal(await client.ends(), 'closed')
    assert.equal(bodyBytes(client), size)
  })

  for (const version of ['1.0', '1.1']) {
    test(`a client of HTTP/${version} that ends its side within its answer is cut off, not told that it has all`, async (t) => {
      const balancer = await startBalancer(t)
      const instance = await startRawInstance(t, '1', ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\nX-Accel-Buffering: no\r\n\r\nfirst half,')
      })
      balancer.use(instance)
      const client = await connectRaw(t, balancer.port)
      client.send(`GET / HTTP/${version}\r\nHost: a\r\n\r\n`)
      await client.sees('first half,')
      client.socket.end()
      assert.equal(await client.ends(), 'reset')
      await until('the instance is let go', () => instance.sockets.size === 0)
    })
  }
})

suite('clients that send more than is wanted', { concurrency: true }, () => {
  test('a client that pipelines and never reads is served no more than the system takes for it', async (t) => {
    const count = 400
    const body = 'x'.repeat(60_000)
    const balancer = await startBalancer(t, { limits: { requestHeadTimeoutMs: 1 } })
    let asked = 0
    const instance = await startHttpInstance(t, '1', (_request, response) => {
      asked++
      response.end(body)
    })
    balancer.use(instance)
    const client = await connectRaw(t, balancer.port)
    client.socket.pause()
    client.send(get.repeat(count))
    await until('it is served', () => asked > 0)
    await looked(t, balancer.port)
    assert.ok(asked < count / 2, `the instance was asked ${asked} of ${count} times`)
    client.socket.resume()
    await until('it is served all when it reads', () => asked === count)
  })

  test('of a refused body a little is read, so that its connection serves the next request', async (t) => {
    const balancer = await startBalancer(t, { limits: { parked: 0, discardBytes: 100_000 } })
    const client = await connectRaw(t, balancer.port)
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n${'x'.repeat(100_000)}`)
    await client.sees('503 Service Unavailable')
    balancer.use(await startHttpInstance(t, '1', (_request, response) => response.end('served')))
    client.send(get)
    await client.sees('served')
  })

  test('of a refused body no more than a little is read: the connection ends', async (t) => {
    const balancer = await startBalancer(t, {
      limits: { parked: 0, discardBytes: 100_000, closeLingerMs: 1 },
    })
    // Goes on though the balancer has ended.
    const socket = connect({ host: '127.0.0.1', port: balancer.port, allowHalfOpen: true })
    t.after(() => socket.destroy())
    socket.on('error', () => undefined)
    let answer = ''
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text))
    await once(socket, 'connect')
    socket.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${10 ** 12}\r\n\r\n`)
    await until('it is refused', () => answer.includes('503 Service Unavailable'))
    const block = Buffer.alloc(64 * 1024)
    const send = (): void => {
      if (!socket.destroyed) socket.write(block, () => setImmediate(send))
    }
    send()
    await until('the balancer is rid of it', () => socket.destroyed)
  })

  const put = 'PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n'
  const answer = 'HTTP/1.1 413 Content Too Large\r\nContent-Length: 9\r\n\r\ntoo large'

  test('an early answer on a closing connection reaches a client that reads it only later', async (t) => {
    const balancer = await startBalancer(t, { limits: { requestHeadTimeoutMs: 1, closeLingerMs: neverMs } })
    balancer.use(await startRawInstance(t, '1', ({ socket }) => socket.write(answer)))
    const client = await connectRaw(t, balancer.port)
    client.socket.pause()
    client.send(put)
    trickle(t, client, 'x', trickleMs)
    await until('it is answered', () => balancer.records.length === 1)
    await looked(t, balancer.port, 2)
    client.socket.resume()
    assert.equal(await client.ends(), 'closed')
    assert.match(client.received(), /^HTTP\/1\.1 413 [^]*too large$/)
  })

  test('a client that sends on for ever behind its last answer is let go', async (t) => {
    const balancer = await startBalancer(t, { limits: { closeLingerMs: 1 } })
    balancer.use(await startRawInstance(t, '1', ({ socket }) => socket.write(answer)))
    const client = await connectRaw(t, balancer.port)
    client.socket.allowHalfOpen = true
    client.send(put)
    trickle(t, client, 'x', trickleMs)
    await client.sees('too large')
    await until('the balancer is rid of it', () => client.socket.destroyed)
  })
})

test('a client that pipelines what is refused and never reads is not refused more than that either', async (t) => {
  // Some 15 MB of answers. They cost the processor: not beside the others.
  const count = 60_000
  const balancer = await startBalancer(t, { limits: { requestHeadTimeoutMs: 1, parked: 0 } })
  const client = await connectRaw(t, balancer.port)
  client.socket.pause()
  client.send(get.repeat(count))
  await until('it is answered', () => balancer.records.length > 0)
  await looked(t, balancer.port)
  assert.ok(balancer.records.length < count / 2, `it was answered ${balancer.records.length} times`)
})
