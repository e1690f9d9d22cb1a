// Bodies that take their time: what flows, what waits for whom, and what ends when one side leaves.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import { suite, test } from 'node:test'
import { until } from '../support/until.ts'
import { startBalancer } from './support/balancer.ts'
import { call, connectRaw } from './support/client.ts'
import { startHttpInstance, startRawInstance } from './support/instance.ts'

const get = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n'

/** Limits under which only what must stream is passed before it is complete. */
const patient = { holdTimeMs: 1_000_000, holdBytes: 1_000_000_000 }

for (const [name, value] of [
  ['Content-Type', 'text/event-stream'],
  ['X-Accel-Buffering', 'no'],
] as const) {
  test(`a response with ${name}: ${value} reaches the client as it comes, its head first`, async (t) => {
    const balancer = await startBalancer(t, { limits: patient })
    let stream: ServerResponse | undefined
    balancer.use(
      await startHttpInstance(t, '1', (_request, response) => {
        stream = response
        response.writeHead(200, { [name]: value, 'x-name': 'Caf\xe9' }).flushHeaders()
        // Node's own flushHeaders would send UTF-8.
        response.socket?.uncork()
      }),
    )
    const client = await connectRaw(t, balancer.port)
    client.send(get)
    await client.sees('\r\n\r\n')
    for (const event of ['one', 'two', 'three']) {
      stream?.write(`data: ${event}\n\n`)
      await client.sees(`data: ${event}\n\n`)
    }
    stream?.end()
    await client.sees('\r\n0\r\n\r\n')
    await balancer.quiet()
  })
}

test('a head sent ahead of its body keeps its latin1', async (t) => {
  const balancer = await startBalancer(t, { limits: patient })
  balancer.use(
    await startRawInstance(t, '1', ({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nX-Accel-Buffering: no\r\nX-Name: Caf\xe9\r\nContent-Length: 3\r\n\r\n')
    }),
  )
  const client = await connectRaw(t, balancer.port)
  client.send(get)
  await client.sees('X-Name: Caf\xe9\r\n')
})

test('a slow response is passed on though it is not complete, after a moment or when it is large', async (t) => {
  for (const limits of [{ holdTimeMs: 1 }, { holdTimeMs: 1_000_000, holdBytes: 5 }]) {
    const balancer = await startBalancer(t, { limits })
    balancer.use(
      await startRawInstance(t, '1', ({ socket }) => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nbeginning')
      }),
    )
    const client = await connectRaw(t, balancer.port)
    client.send(get)
    await client.sees('\r\n\r\nbeginning')
  }
})

test('an instance is slowed down by a client that does not read, and goes on when it does', async (t) => {
  const balancer = await startBalancer(t)
  const size = 50_000_000
  let written = 0
  balancer.use(
    await startHttpInstance(t, '1', (_request, response) => {
      response.writeHead(200, { 'content-length': size })
      const chunk = randomBytes(50_000)
      const fill = () => {
        while (written < size) {
          written += chunk.length
          if (!response.write(chunk)) return
        }
        response.end()
      }
      response.on('drain', fill)
      fill()
    }),
  )
  const client = await connectRaw(t, balancer.port)
  client.socket.setEncoding('latin1').pause()
  client.send(get)
  let before = -1
  await until('the instance can write no more', async () => {
    const isSettled = written === before && written > 0
    before = written
    await new Promise((resolve) => setTimeout(resolve, 100))
    return isSettled && written === before
  })
  // Four socket buffers of the system, a few of Node's; far from the whole.
  assert.ok(written < size / 2, `the instance could write ${written} bytes that nobody read`)
  client.socket.resume()
  await until('the whole response came', () => client.received().length > size)
  await balancer.quiet()
})

test('a client is slowed down by an instance that does not read, and goes on when it does', async (t) => {
  const balancer = await startBalancer(t)
  const size = 50_000_000
  const instance = await startHttpInstance(t, '1', (request, response) => {
    let got = 0
    response.socket?.once('resume-test', () => request.resume())
    request.on('data', (chunk: Buffer) => {
      got += chunk.length
    })
    request.pause()
    request.on('end', () => response.end(`got ${got}`))
  })
  balancer.use(instance)
  const client = await connectRaw(t, balancer.port)
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${size}\r\n\r\n`)
  client.socket.write(Buffer.alloc(size))
  let before = -1
  await until('the client can write no more', async () => {
    const { bytesWritten, writableLength } = client.socket
    const sent = bytesWritten - writableLength
    const isSettled = sent === before && instance.sockets.size === 1
    before = sent
    await new Promise((resolve) => setTimeout(resolve, 100))
    return isSettled
  })
  assert.ok(client.socket.writableLength > 0, 'the client could write everything though nobody read it')
  for (const socket of instance.sockets) socket.emit('resume-test')
  await client.sees(`got ${size}`)
  await balancer.quiet()
})

test('an answer that comes before the request is complete reaches the client, whose next request is served', async (t) => {
  const balancer = await startBalancer(t)
  const requests: string[] = []
  balancer.use(
    await startRawInstance(t, '1', ({ socket }, head) => {
      requests.push(head.split(' ')[1] ?? '')
      socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno')
    }),
  )
  const client = await connectRaw(t, balancer.port)
  client.send('POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\nsome')
  await client.sees('\r\n\r\nno')
  await balancer.quiet()
  client.send('x'.repeat(3_000_000 - 4))
  client.send('GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.equal(await client.ends(), 'closed')
  assert.equal(client.received().match(/403 Forbidden/g)?.length, 2)
  assert.deepEqual(requests, ['/upload', '/next'])
})

test('an instance learns at once that the client is gone: while it thinks, while it answers, while it is asked', async (t) => {
  const balancer = await startBalancer(t)
  const instance = await startRawInstance(t, '1', ({ socket }, head) => {
    if (head.startsWith('GET /answers')) socket.write('HTTP/1.1 200 OK\r\n\r\nbeginning')
  })
  balancer.use(instance)
  const bodyBegins = 'POST /asked HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nbody'
  const get2 = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
  for (const text of [get2('/thinks'), get2('/answers'), bodyBegins]) {
    for (const leave of ['destroy', 'resetAndDestroy'] as const) {
      const client = await connectRaw(t, balancer.port)
      client.send(text)
      await until('the instance is asked', () => instance.sockets.size === 1)
      if (text.includes('/answers')) await client.sees('beginning')
      client.socket[leave]()
      await until('the connection to the instance is closed', () => instance.sockets.size === 0)
      await balancer.quiet()
    }
  }
})

// Each mostly waits, on a balancer of its own.
suite('waits', { concurrency: true }, () => {
  test('an instance that does not answer in time costs its attempt: the client is told 504', async (t) => {
    const balancer = await startBalancer(t, { limits: { responseTimeoutMs: 1 } })
    const instance = await startRawInstance(t, '1', () => undefined)
    balancer.use(instance)
    assert.equal((await call(balancer.port, '/')).status, 504)
    await until('the connection to the instance is closed', () => instance.sockets.size === 0)
    await balancer.quiet()
  })

  test('a GET of an instance that hangs is answered by another after the time for an answer, a POST is told 504', async (t) => {
    const balancer = await startBalancer(t, { limits: { responseTimeoutMs: 500 }, random: () => 0 })
    const hung = await startRawInstance(t, 'hung', () => undefined)
    const effects: string[] = []
    const other = await startHttpInstance(t, 'other', (request, response) => {
      effects.push(request.method ?? '')
      response.end()
    })
    balancer.use(hung, other)
    const read = await call(balancer.port, '/')
    const write = await call(balancer.port, '/', { method: 'POST' }, 'body')
    assert.deepEqual([read.status, read.instance, write.status], [200, 'other', 504])
    assert.deepEqual(effects, ['GET'])
  })

  test('the time a client takes to send its body does not count as the time of the instance', async (t) => {
    const balancer = await startBalancer(t, { limits: { responseTimeoutMs: 1_200 } })
    balancer.use(
      await startHttpInstance(t, '1', (request, response) => {
        request.resume().on('end', () => setTimeout(() => response.end('done'), 100))
      }),
    )
    const client = await connectRaw(t, balancer.port)
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n')
    const startedAtMs = performance.now()
    await until('longer than the instance would have', () => performance.now() - startedAtMs > 2_500)
    client.send('hi')
    await client.sees('HTTP/1.1 ')
    assert.match(client.received(), /^HTTP\/1\.1 200 /)
  })

  test('a client that takes nothing of its answer is cut off, and its instance is let go', async (t) => {
    const balancer = await startBalancer(t, { limits: { stallMs: 1_000 } })
    const instance = await startHttpInstance(t, '1', (_request, response) =>
      response.end(Buffer.alloc(50_000_000)),
    )
    balancer.use(instance)
    const client = await connectRaw(t, balancer.port)
    client.send(get)
    await client.sees('\r\n\r\n')
    client.socket.pause()
    await until('the instance is let go', () => instance.sockets.size === 0)
    await balancer.quiet()
    client.socket.resume()
    assert.equal(await client.ends(), 'reset')
  })
})
