// Requests and responses of every shape pass through whole.
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { Agent, request as startRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { test } from 'node:test'
import { startBalancer } from './support/balancer.ts'
import { call, connectRaw, readAnswer } from './support/client.ts'
import { startHttpInstance, startRawInstance } from './support/instance.ts'

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) if (Buffer.isBuffer(chunk)) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function sha(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Answers with what it was asked. */
function mirror(request: IncomingMessage, response: ServerResponse): void {
  void bodyOf(request).then((body) => {
    response.end(`${request.method} ${request.url} ${body.toString('utf8')}`)
  })
}

test('every method passes with its target and body', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(await startHttpInstance(t, '1', mirror))
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'TRACE']) {
    const body = method === 'TRACE' || method === 'GET' ? '' : 'body'
    const answer = await call(balancer.port, '/a/../b?c=%20d', { method }, body)
    assert.equal(answer.text, `${method} /a/../b?c=%20d ${body}`)
    assert.equal(answer.instance, '1')
  }
  await balancer.quiet()
})

test('responses without a body keep their length and their connection', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(
    await startHttpInstance(t, '1', (request, response) => {
      const status = Number(request.url?.slice(1))
      if (status === 200) response.writeHead(status, { 'content-length': 5 }).end()
      else response.writeHead(status, { etag: '"a"' }).end()
    }),
  )
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => {
    agent.destroy()
  })
  const head = await call(balancer.port, '/200', { method: 'HEAD', agent })
  assert.deepEqual([head.status, head.headers['content-length'], head.text], [200, '5', ''])
  for (const status of [204, 304]) {
    const answer = await call(balancer.port, `/${status}`, { agent })
    assert.deepEqual([answer.status, answer.headers.etag, answer.text], [status, '"a"', ''])
    assert.equal(answer.headers['transfer-encoding'], undefined)
  }
})

test('a connection to an instance is used again', async (t) => {
  const balancer = await startBalancer(t)
  const instance = await startHttpInstance(t, '1', mirror)
  balancer.use(instance)
  for (let index = 0; index < 5; index++) await call(balancer.port, '/', { method: 'POST' }, 'x')
  assert.equal(instance.accepted(), 1)
})

test('chunks and trailers pass both ways', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(
    await startHttpInstance(t, '1', (request, response) => {
      void bodyOf(request).then((body) => {
        response.writeHead(200, { trailer: 'X-Sum' })
        response.write(`${request.headers['transfer-encoding']} ${body.toString('utf8')} `)
        response.addTrailers({ 'X-Sum': `${request.trailers['x-count']}` })
        response.end('end')
      })
    }),
  )
  const client = await connectRaw(t, balancer.port)
  client.send(
    'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: X-Count\r\nConnection: close\r\n\r\n',
  )
  client.send('5;ext=1\r\nhello\r\n1\r\n!\r\n0\r\nX-Count: 2\r\n\r\n')
  assert.equal(await client.ends(), 'closed')
  const received = client.received()
  assert.match(received, /transfer-encoding: chunked/i)
  assert.match(received, /chunked hello! /)
  assert.match(received, /\r\n0\r\nX-Sum: 2\r\n\r\n$/)
})

test('the name of an instance and who a client is cannot be forged in trailers', async (t) => {
  const balancer = await startBalancer(t)
  let seen: NodeJS.Dict<string> = {}
  balancer.use(
    await startHttpInstance(t, '1', (request, response) => {
      void bodyOf(request).then(() => {
        seen = request.trailers
        response.write('a')
        response.addTrailers({ 'X-Drover-Instance': 'forged', 'X-Mine': '1' })
        response.end()
      })
    }),
  )
  const client = await connectRaw(t, balancer.port)
  client.send('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n')
  client.send('0\r\nX-Forwarded-For: forged\r\nX-Drover-Instance: forged\r\nX-Mine: 1\r\n\r\n')
  await client.ends()
  assert.deepEqual({ ...seen }, { 'x-mine': '1' })
  assert.match(client.received(), /X-Mine: 1/)
  assert.doesNotMatch(client.received(), /forged/)
})

test('a response that lasts until its connection ends is whole for the client', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(
    await startRawInstance(t, '1', ({ socket }) => {
      socket.end('HTTP/1.0 200 Fine\r\nX-A: b\r\n\r\nuntil the end')
    }),
  )
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => {
    agent.destroy()
  })
  for (let index = 0; index < 3; index++) {
    const answer = await call(balancer.port, '/', { agent })
    assert.equal(answer.text, 'until the end')
    assert.equal(answer.headers.connection, undefined)
  }
})

test('requests sent without waiting are answered in order, and begin in order when one has an effect', async (t) => {
  const balancer = await startBalancer(t)
  const log: string[] = []
  const handle = (request: IncomingMessage, response: ServerResponse) => {
    log.push(`begin ${request.url}`)
    request.resume()
    setTimeout(
      () => {
        log.push(`end ${request.url}`)
        response.end(`answer ${request.url}`)
      },
      request.url === '/1' ? 60 : 0,
    )
  }
  balancer.use(await startHttpInstance(t, '1', handle), await startHttpInstance(t, '2', handle))
  const client = await connectRaw(t, balancer.port)
  client.send(
    'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi' +
      'GET /2 HTTP/1.1\r\nHost: a\r\n\r\n' +
      'POST /3 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n' +
      'GET /4 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  )
  assert.equal(await client.ends(), 'closed')
  assert.deepEqual(client.received().match(/answer \/\d/g), [
    'answer /1',
    'answer /2',
    'answer /3',
    'answer /4',
  ])
  // Ann's next page must not be asked for before her change is made (RFC 9112 section 9.3.2).
  assert.deepEqual(
    log,
    [1, 2, 3, 4].flatMap((index) => [`begin /${index}`, `end /${index}`]),
  )
})

test('an HTTP/1.0 client without Host gets a whole answer that ends with the connection', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(
    await startHttpInstance(t, '1', (request, response) => {
      response.write(`host "${request.headers.host}"`)
      setImmediate(() => response.end(' end'))
    }),
  )
  const client = await connectRaw(t, balancer.port)
  client.send('GET / HTTP/1.0\r\n\r\n')
  assert.equal(await client.ends(), 'closed')
  assert.match(client.received(), /^HTTP\/1\.1 200 OK\r\n/)
  assert.doesNotMatch(client.received(), /transfer-encoding/i)
  assert.ok(client.received().endsWith('\r\n\r\nhost "" end'), client.received())
})

test('a target in absolute form reaches the instance as a path with its host', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(
    await startHttpInstance(t, '1', (request, response) => {
      response.end(`${request.headers.host} ${request.url}`)
    }),
  )
  const answer = await call(balancer.port, 'http://shop.example:81/a?b', {
    headers: { host: 'shop.example:81' },
  })
  assert.equal(answer.text, 'shop.example:81 /a?b')
})

test('cookies stay apart: Set-Cookie is kept as often as it came', async (t) => {
  const balancer = await startBalancer(t)
  balancer.use(
    await startHttpInstance(t, '1', (_request, response) => {
      response.setHeader('Set-Cookie', ['a=1', 'b=2', 'a=3']).end()
    }),
  )
  assert.deepEqual((await call(balancer.port, '/')).headers['set-cookie'], ['a=1', 'b=2', 'a=3'])
})

for (const framing of ['a length', 'chunks']) {
  test(`5 MB of any bytes pass both ways unchanged, with ${framing}`, async (t) => {
    const balancer = await startBalancer(t)
    const answerBody = randomBytes(5_000_000)
    balancer.use(
      await startHttpInstance(t, '1', (request, response) => {
        void bodyOf(request).then((body) => {
          response.setHeader('x-sha', sha(body))
          if (framing === 'a length') response.setHeader('content-length', answerBody.length)
          response.end(answerBody)
        })
      }),
    )
    const body = randomBytes(5_000_000)
    const headers =
      framing === 'a length' ? { 'content-length': body.length } : { 'transfer-encoding': 'chunked' }
    const responded = new Promise<IncomingMessage>((resolve, reject) => {
      const request = startRequest({
        port: balancer.port,
        host: '127.0.0.1',
        method: 'POST',
        headers,
        agent: false,
      })
      request.on('error', reject).once('response', resolve)
      for (let from = 0; from < body.length; from += 70_001) request.write(body.subarray(from, from + 70_001))
      request.end()
    })
    const answer = await readAnswer(await responded)
    assert.equal(answer.headers['x-sha'], sha(body))
    assert.equal(sha(answer.body), sha(answerBody))
    await balancer.quiet()
  })
}
