// Waits that nobody ends by itself: an instance that stops in the middle, does not take a body or only ever says that it is at
// work, and a client that waits for its 100. Each has its bound, and the blame falls on the side that is waited for. The
// limits are small here; the balancer looks at its exchanges once a second.
import assert from 'node:assert/strict'
import { suite, test, type TestContext } from 'node:test'
import { until } from '../support/until.ts'
import { startBalancer } from './support/balancer.ts'
import { call, connectRaw, looked, type RawClient } from './support/client.ts'
import {
  startHttpInstance,
  startRawInstance,
  type RawConnection,
  type TestInstance,
} from './support/instance.ts'

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'
const askFirst = 'PUT / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n'
const shortMs = 500
const neverMs = 600_000
/** What bounds a client, none of whose time is over before the balancer's second look. */
const clientLimits = { requestHeadTimeoutMs: 1, requestTimeoutMs: 1, requestBodyIdleMs: 1 }

/** Says `text` at each request and nothing more. */
function startSaying(t: TestContext, id: string, text: string): Promise<TestInstance> {
  return startRawInstance(t, id, ({ socket }) => socket.write(text))
}

/** Notes its connections and leaves the rest to the test. */
async function startSilent(t: TestContext): Promise<TestInstance & { readonly asked: RawConnection[] }> {
  const asked: RawConnection[] = []
  return { ...(await startRawInstance(t, '1', (connection) => asked.push(connection))), asked }
}

async function ask(t: TestContext, port: number, request: string): Promise<RawClient> {
  const client = await connectRaw(t, port)
  client.send(request)
  return client
}

// Each mostly waits, on a balancer of its own.
suite('waits that nobody ends', { concurrency: true }, () => {
  suite('answers that stop', { concurrency: true }, () => {
    const half = 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'

    test('an answer that stops in the middle is cut, and its instance let go', async (t) => {
      const balancer = await startBalancer(t, { limits: { responseIdleMs: shortMs, holdTimeMs: 0 } })
      const instance = await startSaying(t, '1', half)
      balancer.use(instance)
      const client = await ask(t, balancer.port, get)
      assert.equal(await client.ends(), 'reset')
      assert.ok(client.received().endsWith('half'))
      await until('the instance is let go', () => instance.sockets.size === 0)
      assert.deepEqual(
        balancer.records.map(({ end, attempts }) => [end, attempts[0]?.outcome]),
        [['reset', 'failed']],
      )
    })

    test('an answer that stops before the client has any of it is replaced by that of another instance', async (t) => {
      const limits = { responseIdleMs: shortMs, holdTimeMs: neverMs }
      const balancer = await startBalancer(t, { random: () => 0, limits })
      const other = await startHttpInstance(t, '2', (_request, response) => response.end('whole'))
      balancer.use(await startSaying(t, '1', half), other)
      const { instance, text } = await call(balancer.port, '/')
      assert.deepEqual([instance, text], ['2', 'whole'])
      assert.deepEqual(
        balancer.records.map(({ bytesOut, attempts }) => [bytesOut, attempts.length]),
        [[5, 2]],
      )
    })

    for (const field of ['Content-Type: text/event-stream', 'X-Accel-Buffering: no']) {
      test(`an answer with ${field} may pause for as long as it likes`, async (t) => {
        const balancer = await startBalancer(t, { limits: { responseIdleMs: 1, requestHeadTimeoutMs: 1 } })
        const instance = await startSaying(t, '1', `HTTP/1.1 200 OK\r\n${field}\r\n\r\ndata: one\n\n`)
        balancer.use(instance)
        const client = await ask(t, balancer.port, get)
        await client.sees('one')
        await looked(t, balancer.port)
        for (const socket of instance.sockets) socket.end('data: two\n\n')
        await client.sees('two')
      })
    }

    test('an answer that waits for its client has not stopped', async (t) => {
      const size = 20_000_000
      const balancer = await startBalancer(t, { limits: { responseIdleMs: 1, requestHeadTimeoutMs: 1 } })
      balancer.use(await startHttpInstance(t, '1', (_request, response) => response.end(Buffer.alloc(size))))
      const client = await ask(t, balancer.port, 'GET / HTTP/1.0\r\n\r\n')
      client.socket.pause()
      await looked(t, balancer.port)
      client.socket.resume()
      assert.equal(await client.ends(), 'closed')
      assert.ok(client.received().length > size)
    })
  })

  suite('informations without end', { concurrency: true }, () => {
    test('an instance that only ever says that it is at work is not waited for without end', async (t) => {
      const balancer = await startBalancer(t, { limits: { responseTimeoutMs: shortMs } })
      const instance = await startRawInstance(t, '1', ({ socket }) => {
        const timer = setInterval(() => socket.write('HTTP/1.1 102 Processing\r\n\r\n'), 5)
        socket.once('close', () => {
          clearInterval(timer)
        })
      })
      balancer.use(instance)
      const client = await ask(t, balancer.port, get)
      await client.sees('HTTP/1.1 504 ')
      await until('the instance is let go', () => instance.sockets.size === 0)
    })

    test('a client that does not read misses some, costs no memory for them, and has its answer', async (t) => {
      const one = `HTTP/1.1 103 Early Hints\r\nLink: ${'x'.repeat(30_000)}\r\n\r\n`
      const count = 1_000
      const balancer = await startBalancer(t)
      const instance = await startSilent(t)
      balancer.use(instance)
      const client = await ask(t, balancer.port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      client.socket.pause()
      const { socket } = await until('the instance is asked', () => instance.asked[0])
      for (let index = 0; index < count; index++) socket.write(one)
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nanswer')
      await until('it is answered', () => balancer.records.length === 1)
      client.socket.resume()
      assert.equal(await client.ends(), 'closed')
      assert.match(client.received(), /HTTP\/1\.1 200 OK\r\n[^]*answer$/)
      const passed = client.received().length / one.length
      assert.ok(passed < count / 2, `${passed} of ${count} were kept for the client`)
    })
  })

  suite('bodies that wait', { concurrency: true }, () => {
    test('an instance that does not take a body is to blame, not its client: 504', async (t) => {
      const limits = { ...clientLimits, responseTimeoutMs: 2_000, replayBytes: 0, spoolBytes: 0 }
      const balancer = await startBalancer(t, { limits })
      balancer.use(await startRawInstance(t, '1', ({ socket }) => socket.pause()))
      const size = 20_000_000
      const client = await ask(
        t,
        balancer.port,
        `PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`,
      )
      client.socket.write(Buffer.alloc(size))
      await client.ends()
      assert.match(client.received(), /^HTTP\/1\.1 504 /)
    })

    test('an instance that does not tell a client to go on is to blame, not the client that waits: 504', async (t) => {
      const balancer = await startBalancer(t, { limits: { ...clientLimits, responseTimeoutMs: 2_000 } })
      balancer.use(await startSilent(t))
      const client = await ask(t, balancer.port, askFirst)
      await client.ends()
      assert.match(client.received(), /^HTTP\/1\.1 504 /)
    })

    test('a client that waits for its 100 is not hurried while its instance makes up its mind', async (t) => {
      const balancer = await startBalancer(t, { limits: clientLimits })
      const instance = await startSilent(t)
      balancer.use(instance)
      const client = await ask(t, balancer.port, askFirst)
      const { socket } = await until('the instance is asked', () => instance.asked[0])
      await looked(t, balancer.port)
      socket.write('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 2\r\n\r\nno')
      await client.ends()
      assert.match(client.received(), /^HTTP\/1\.1 417 [^]*no$/)
    })

    test('a client that was told to go on and sends nothing is to blame, not its instance: 408', async (t) => {
      const limits = { requestBodyIdleMs: 2_000, responseTimeoutMs: 1_000 }
      const balancer = await startBalancer(t, { limits })
      balancer.use(await startSaying(t, '1', 'HTTP/1.1 100 Continue\r\n\r\n'))
      const client = await ask(t, balancer.port, askFirst)
      await client.ends()
      assert.match(client.received(), /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 408 /)
    })
  })

  test('an instance that takes a body slowly but steadily is not given up, however long that takes', async (t) => {
    const balancer = await startBalancer(t, {
      limits: { responseTimeoutMs: 2_000, replayBytes: 0, spoolBytes: 0 },
    })
    const size = 16_000_000
    let taken = 0
    balancer.use(
      await startHttpInstance(t, '1', (request, response) => {
        request.on('data', (chunk: Buffer) => {
          taken += chunk.length
          // The end is taken quickly: once all is on its way, the time for an answer runs.
          if (taken > size - 5_000_000) return
          request.pause()
          setTimeout(() => request.resume(), 20)
        })
        request.on('end', () => response.end('all'))
      }),
    )
    const answer = await call(balancer.port, '/', { method: 'PUT' }, Buffer.alloc(size))
    assert.deepEqual([answer.status, answer.text, taken], [200, 'all', size])
  })
})
