// Clients that take their time: with a head, with a body, between requests, and with reading. Each kind has its bound, and
// nobody else waits for them. The limits are small here; the balancer looks at its connections once a second.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { suite, test } from 'node:test'
import { until } from '../../support/until.ts'
import { startBalancer } from '../support/balancer.ts'
import { call, connectRaw, looked, trickle, type RawClient } from '../support/client.ts'
import { startHttpInstance, startRawInstance } from '../support/instance.ts'

const post = 'POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n'
const shortMs = 500
const trickleMs = 50
/** Far beyond what any of these tests takes. */
const neverMs = 600_000

suite('slow clients', { concurrency: true }, () => {
  test('a head that never ends is answered 408, however steadily it trickles', async (t) => {
    const balancer = await startBalancer(t, {
      limits: { requestHeadTimeoutMs: shortMs, requestTimeoutMs: neverMs, clientIdleMs: neverMs },
    })
    const client = await connectRaw(t, balancer.port)
    client.send('GET / HTTP/1.1\r\nHost: a\r\nX-A: ')
    trickle(t, client, 'b', trickleMs)
    await client.ends()
    assert.match(client.received(), /^HTTP\/1\.1 408 [^]*connection: close/i)
  })

  test('a second head on a connection that never ends is answered 408 too', async (t) => {
    const balancer = await startBalancer(t, {
      limits: { requestHeadTimeoutMs: shortMs, clientIdleMs: neverMs },
    })
    balancer.use(await startHttpInstance(t, '1', (_request, response) => response.end('one')))
    const client = await connectRaw(t, balancer.port)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.sees('one')
    client.send('GET / HTTP/1.1\r\nHo')
    await client.ends()
    assert.match(client.received(), /one[^]*HTTP\/1\.1 408 /)
  })

  test('a client that never says anything is let go', async (t) => {
    const balancer = await startBalancer(t, {
      limits: { requestHeadTimeoutMs: shortMs, clientIdleMs: shortMs },
    })
    const client = await connectRaw(t, balancer.port)
    await client.ends()
  })

  test('a body that stops is answered 408, and its instance sees no whole request', async (t) => {
    const balancer = await startBalancer(t, {
      limits: { requestBodyIdleMs: shortMs, requestTimeoutMs: neverMs, requestHeadTimeoutMs: neverMs },
    })
    let whole = 0
    const instance = await startHttpInstance(t, '1', (request) => {
      request.on('error', () => undefined)
      request.on('end', () => whole++).resume()
    })
    balancer.use(instance)
    const client = await connectRaw(t, balancer.port)
    client.send(`${post}some of it`)
    await client.ends()
    assert.match(client.received(), /^HTTP\/1\.1 408 /)
    await balancer.quiet()
    await until('the instance is rid of it', () => instance.sockets.size === 0)
    assert.equal(whole, 0)
  })

  test('a chunk size that never ends is answered 408', async (t) => {
    const balancer = await startBalancer(t, {
      limits: { requestTimeoutMs: shortMs, requestBodyIdleMs: neverMs, requestHeadTimeoutMs: neverMs },
    })
    balancer.use(await startHttpInstance(t, '1', (request) => request.on('error', () => undefined).resume()))
    const client = await connectRaw(t, balancer.port)
    client.send('POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=')
    trickle(t, client, 'b', trickleMs)
    await client.ends()
    assert.match(client.received(), /^HTTP\/1\.1 408 /)
  })

  test('a body that trickles is answered 408 when its whole time is over', async (t) => {
    const balancer = await startBalancer(t, {
      limits: { requestTimeoutMs: shortMs, requestBodyIdleMs: neverMs, requestHeadTimeoutMs: neverMs },
    })
    balancer.use(await startHttpInstance(t, '1', (request) => request.on('error', () => undefined).resume()))
    const client = await connectRaw(t, balancer.port)
    client.send(post)
    trickle(t, client, 'b', trickleMs)
    await client.ends()
    assert.match(client.received(), /^HTTP\/1\.1 408 /)
    await balancer.quiet()
  })

  test('a body that trickles within its bounds reaches its instance whole', async (t) => {
    const balancer = await startBalancer(t, {
      limits: { requestBodyIdleMs: 5_000, requestTimeoutMs: neverMs, requestHeadTimeoutMs: shortMs },
    })
    balancer.use(
      await startHttpInstance(t, '1', (request, response) => {
        let bytes = 0
        request.on('data', (chunk: Buffer) => (bytes += chunk.length))
        request.on('end', () => response.end(`bytes ${bytes}`))
      }),
    )
    const client = await connectRaw(t, balancer.port)
    client.send('POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\nConnection: close\r\n\r\n')
    trickle(t, client, 'b', trickleMs)
    await client.sees('bytes 40')
  })

  test('an idle connection is closed without a word after its time', async (t) => {
    const balancer = await startBalancer(t, {
      limits: { clientIdleMs: shortMs, requestHeadTimeoutMs: neverMs },
    })
    balancer.use(await startHttpInstance(t, '1', (_request, response) => response.end('one')))
    const client = await connectRaw(t, balancer.port)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    assert.equal(await client.ends(), 'closed')
    assert.equal(client.received().match(/HTTP\/1\.1 /g)?.length, 1)
  })

  test('a client that waits long for its answer is not taken for a slow one', async (t) => {
    const balancer = await startBalancer(t, {
      limits: {
        requestHeadTimeoutMs: shortMs,
        requestBodyIdleMs: shortMs,
        requestTimeoutMs: shortMs,
        clientIdleMs: shortMs,
        stallMs: shortMs,
      },
    })
    const waiting: ServerResponse[] = []
    balancer.use(
      await startHttpInstance(t, '1', (request, response) => {
        if (request.url === '/slow') waiting.push(response)
        else response.end()
      }),
    )
    const client = await connectRaw(t, balancer.port)
    client.send('GET /slow HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await until('the instance has it', () => waiting.length === 1)
    await looked(t, balancer.port)
    for (const response of waiting) response.end('at last')
    await client.sees('at last')
  })

  test('a client that reads nothing of its answer is reset, and its instance was held back', async (t) => {
    const balancer = await startBalancer(t, { limits: { stallMs: shortMs } })
    const block = Buffer.alloc(1024 * 1024)
    const blocks = 256
    const instance = await startRawInstance(t, '1', ({ socket }) => {
      socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${block.length * blocks}\r\n\r\n`)
      let written = 0
      const write = () => {
        while (written++ < blocks) if (!socket.write(block)) return
      }
      socket.on('drain', write)
      write()
    })
    balancer.use(instance)
    const socket = connect({ host: '127.0.0.1', port: balancer.port })
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    socket.on('error', () => undefined).pause()
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await until('the instance is asked', () => instance.sockets.size === 1)
    const [upstream] = instance.sockets
    await until('the balancer is rid of it', () => instance.sockets.size === 0)
    const sent = (upstream?.bytesWritten ?? Infinity) / block.length
    assert.ok(sent < blocks / 4, `the instance could send ${sent} MB`)
    await balancer.quiet()
  })

  test('at the limit of connections newcomers are refused while those with work finish it', async (t) => {
    const limit = 6
    const balancer = await startBalancer(t, { limits: { clientConnections: limit } })
    const waiting: ServerResponse[] = []
    balancer.use(
      await startHttpInstance(t, '1', (request, response) => {
        if (request.url === '/later') response.end()
        else waiting.push(response)
      }),
    )
    const busy = await Promise.all(Array.from({ length: limit }, () => connectRaw(t, balancer.port)))
    for (const client of busy) client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await until('all are in work', () => waiting.length === limit)
    const newcomers = await Promise.all(Array.from({ length: 4 }, () => connectRaw(t, balancer.port)))
    for (const newcomer of newcomers) {
      await newcomer.ends()
      assert.match(newcomer.received(), /^(?:HTTP\/1\.1 503 [^]*)?$/)
    }
    for (const response of waiting) response.end('done')
    for (const client of busy) await client.sees('done')
    await Promise.all(busy.map((client) => client.ends()))
    // The balancer hears of the ends a moment after the clients.
    const isServed = () =>
      call(balancer.port, '/later').then(
        ({ status }) => status === 200,
        () => false,
      )
    await until('there is room again', isServed)
  })

  test('at the limit of connections an idle one makes room for a newcomer', async (t) => {
    const limit = 6
    const balancer = await startBalancer(t, { limits: { clientConnections: limit } })
    balancer.use(await startHttpInstance(t, '1', (_request, response) => response.end('done')))
    const idle: RawClient[] = []
    for (let index = 0; index < limit; index++) {
      const client = await connectRaw(t, balancer.port)
      client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
      await client.sees('done')
      idle.push(client)
    }
    assert.equal((await call(balancer.port, '/')).text, 'done')
    await idle[0]?.ends()
    idle[limit - 1]?.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
    await idle[limit - 1]?.ends()
    assert.equal(idle[limit - 1]?.received().match(/done/g)?.length, 2)
  })

  test('slow clients keep nobody else waiting', async (t) => {
    const balancer = await startBalancer(t)
    balancer.use(
      await startHttpInstance(t, '1', (request, response) => {
        request.on('error', () => undefined)
        request.on('end', () => response.end('done')).resume()
      }),
    )
    for (const beginning of ['GET / HT', 'GET / HTTP/1.1\r\nHost: a\r\nX-', `${post}b`]) {
      for (let index = 0; index < 50; index++) (await connectRaw(t, balancer.port)).send(beginning)
    }
    for (let index = 0; index < 20; index++) assert.equal((await call(balancer.port, '/')).text, 'done')
  })
})
