// gateResponse on plain node:http, with a commit that the test settles by hand.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { DroverError } from '../../src/base/errors.ts'
import { gateResponse, maxHeldBytes } from '../../src/adapters/response-gate.ts'
import type { ResponseGate } from '../../src/adapters/response-gate.ts'
import { listen as listenOnFreePort } from '../support/free-port.ts'

interface Commit {
  resolve(cookies?: readonly string[]): void
  reject(error: unknown): void
}

/** A guard whose commits wait until the test settles them. */
class Guard {
  isPending = true
  isTouched = false
  readonly reports: unknown[] = []
  readonly #commits: Commit[] = []
  readonly #waiting: ((commit: Commit) => void)[] = []

  pending(): boolean {
    return this.isPending
  }

  touched(): boolean {
    return this.isTouched
  }

  commit(): Promise<readonly string[]> {
    const { promise, resolve, reject } = Promise.withResolvers<readonly string[]>()
    const commit: Commit = {
      resolve: (cookies = []) => {
        this.isPending = false
        resolve(cookies)
      },
      reject,
    }
    const waiter = this.#waiting.shift()
    if (waiter === undefined) this.#commits.push(commit)
    else waiter(commit)
    return promise
  }

  report(error: unknown): void {
    this.reports.push(error)
  }

  /** The next commit, once the gate asks for it. */
  next(): Promise<Commit> {
    const commit = this.#commits.shift()
    return commit === undefined
      ? new Promise((resolve) => this.#waiting.push(resolve))
      : Promise.resolve(commit)
  }
}

type Handler = (res: ServerResponse, guard: Guard, gate: ResponseGate, req: IncomingMessage) => unknown

async function listen(context: TestContext, handler: Handler): Promise<{ port: number; guard: Guard }> {
  const guard = new Guard()
  const server = createServer((req, res) => {
    void handler(res, guard, gateResponse(res, guard), req)
  })
  const port = await listenOnFreePort(server)
  context.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port, guard }
}

interface Answer {
  readonly status: number | undefined
  readonly message: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

async function get(port: number, method = 'GET'): Promise<Answer> {
  const req = request({ port, host: '127.0.0.1', method, agent: false }).end()
  const [res]: IncomingMessage[] = await once(req, 'response')
  assert.ok(res)
  const chunks: Buffer[] = []
  for await (const chunk of res) chunks.push(chunk)
  return {
    status: res.statusCode,
    message: res.statusMessage,
    headers: res.headers,
    text: Buffer.concat(chunks).toString(),
  }
}

const unavailable = (): DroverError =>
  new DroverError('STORE_UNAVAILABLE', 'Cannot reach store: the test says so')

test('with nothing pending, calls reach the response as they are made', async (context) => {
  const { port, guard } = await listen(context, (res, { isPending }, gate) => {
    assert.equal(isPending, false)
    assert.equal(gate.headLeft(), false)
    assert.equal(res.write('a'), true)
    assert.equal(gate.headLeft(), true)
    assert.equal(Object.hasOwn(res, 'headersSent'), false)
    res.end('b')
  })
  guard.isPending = false
  assert.equal((await get(port)).text, 'ab')
})

test('a held answer looks begun to the app, and nothing leaves before the commit', async (context) => {
  const seen = Promise.withResolvers<void>()
  const { port, guard } = await listen(context, (res, _guard, gate) => {
    res.statusCode = 201
    assert.equal(res.write('a'), false)
    assert.equal(res.headersSent, true)
    assert.equal(res.writableEnded, false)
    assert.equal(gate.headLeft(), false)
    assert.throws(() => res.setHeader('x-late', '1'), { code: 'ERR_HTTP_HEADERS_SENT' })
    assert.throws(() => res.removeHeader('x-late'), { code: 'ERR_HTTP_HEADERS_SENT' })
    assert.throws(() => res.writeHead(200), { code: 'ERR_HTTP_HEADERS_SENT' })
    res.statusCode = 500
    assert.equal(res.end('b'), res)
    assert.equal(res.writableEnded, true)
    assert.equal(res.writableFinished, false)
    seen.resolve()
  })
  let isAnswered = false
  const answer = get(port).finally(() => {
    isAnswered = true
  })
  const commit = await guard.next()
  await seen.promise
  await new Promise(setImmediate)
  assert.equal(isAnswered, false)
  commit.resolve(['sid=1', 'other=2'])
  const { status, headers, text } = await answer
  assert.equal(status, 201)
  assert.equal(text, 'ab')
  assert.deepEqual(headers['set-cookie'], ['sid=1', 'other=2'])
  assert.equal(headers['cache-control'], 'no-store')
})

test('a held end keeps the Content-Length that Node computes, and callbacks and events come in order', async (context) => {
  const events: string[] = []
  const { port, guard } = await listen(context, (res) => {
    res.on('finish', () => events.push('finish'))
    res.on('close', () => events.push('close'))
    res.end('héllo', 'latin1', () => events.push('end callback'))
  })
  const answer = get(port)
  ;(await guard.next()).resolve()
  const { headers } = await answer
  assert.equal(headers['content-length'], '5')
  assert.equal(headers['set-cookie'], undefined)
  assert.equal(headers['cache-control'], undefined)
  while (events.length < 3) await new Promise(setImmediate)
  assert.deepEqual(events.toSorted(), ['close', 'end callback', 'finish'])
})

test('an implicit, an object and a raw head are replayed as Node would have sent them', async (context) => {
  const heads: ((res: ServerResponse) => unknown)[] = [
    (res) => res.writeHead(202),
    (res) => res.writeHead(202, 'Fine'),
    (res) => res.writeHead(202, { 'x-a': '1', 'set-cookie': ['a=1', 'b=2'] }),
    (res) => res.writeHead(202, 'Fine', ['x-a', '1', 'set-cookie', 'a=1', 'set-cookie', 'b=2']),
    (res) => res.flushHeaders(),
  ]
  for (const head of heads) {
    const { port, guard } = await listen(context, (res) => {
      res.setHeader('x-a', '0')
      res.setHeader('set-cookie', 'z=0')
      head(res)
      res.end('body')
    })
    const held = get(port)
    ;(await guard.next()).resolve(['sid=1'])
    const answer = await held
    const plain = await get(port)
    assert.equal(answer.status, plain.status)
    assert.equal(answer.message, plain.message)
    assert.equal(answer.headers['x-a'], plain.headers['x-a'])
    assert.equal(answer.headers['transfer-encoding'], plain.headers['transfer-encoding'])
    assert.deepEqual(answer.headers['set-cookie'], [...(plain.headers['set-cookie'] ?? []), 'sid=1'])
  }
})

test('a bad header given to writeHead throws where the app called it', async (context) => {
  const { port, guard } = await listen(context, (res) => {
    assert.throws(() => res.writeHead(200, { 'x-bad': 'a\nb' }), { code: 'ERR_INVALID_CHAR' })
    res.end('still here')
  })
  const answer = get(port)
  ;(await guard.next()).resolve()
  assert.equal((await answer).text, 'still here')
})

test('an answer that cannot be replayed becomes a reported 500, not a request that hangs', async (context) => {
  const { port, guard } = await listen(context, (res) => {
    res.writeHead(99)
    res.end('never')
  })
  const answer = get(port)
  ;(await guard.next()).resolve(['sid=1'])
  const { status, text } = await answer
  assert.equal(status, 500)
  assert.equal(text, '{"error":{"code":"INTERNAL","message":"Internal Server Error"}}\n')
  assert.equal(guard.reports.length, 1)
})

test('a failed commit replaces the answer, for HEAD and GET, and the connection stays usable', async (context) => {
  const { port, guard } = await listen(context, (res) => {
    res.setHeader('set-cookie', 'app=1')
    res.writeHead(204, 'Nothing', { etag: '"x"', 'x-app': '1' })
    res.end()
  })
  const body = '{"error":{"code":"STORE_UNAVAILABLE","message":"Service Unavailable"}}\n'
  for (const method of ['GET', 'HEAD']) {
    guard.isPending = true
    const answer = get(port, method)
    ;(await guard.next()).reject(unavailable())
    const { status, message, headers, text } = await answer
    assert.equal(status, 503)
    assert.equal(message, 'Service Unavailable')
    assert.equal(headers['retry-after'], '1')
    assert.equal(headers['content-length'], String(body.length))
    for (const name of ['set-cookie', 'etag', 'x-app']) assert.equal(headers[name], undefined, name)
    assert.equal(text, method === 'HEAD' ? '' : body)
  }
})

test('a failed commit tells waiting writers, emits finish and close, and drops what still comes', async (context) => {
  const told: unknown[] = []
  const events: string[] = []
  const { port, guard } = await listen(context, (res) => {
    res.on('finish', () => events.push('finish'))
    res.on('close', () => events.push('close'))
    res.write('a', (error) => told.push(error))
    res.once('close', () => {
      assert.equal(res.write('late'), true)
      res.end('late', () => events.push('late end'))
    })
  })
  const answer = get(port)
  const failure = unavailable()
  ;(await guard.next()).reject(failure)
  assert.equal((await answer).status, 503)
  while (events.length < 3) await new Promise(setImmediate)
  assert.deepEqual(told, [failure])
  assert.deepEqual(guard.reports, [failure])
  assert.deepEqual(events, ['finish', 'close', 'late end'])
})

test('a piped source pauses while held and goes on after the commit', async (context) => {
  const source = new PassThrough({ highWaterMark: 1_024 })
  const { port, guard } = await listen(context, (res) => {
    source.pipe(res)
  })
  const text = 'x'.repeat(100_000)
  source.end(text)
  const answer = get(port)
  ;(await guard.next()).resolve()
  assert.equal((await answer).text, text)
})

test('a writer that waits for drain gets it after the commit', async (context) => {
  const { port, guard } = await listen(context, (res) => {
    assert.equal(res.write('a'), false)
    res.once('drain', () => res.end('b'))
  })
  const answer = get(port)
  ;(await guard.next()).resolve()
  assert.equal((await answer).text, 'ab')
})

test('one chunk larger than the buffer is held and sent whole', async (context) => {
  const text = 'x'.repeat(maxHeldBytes * 2)
  const { port, guard } = await listen(context, (res) => res.end(text))
  const answer = get(port)
  ;(await guard.next()).resolve()
  assert.equal((await answer).text.length, text.length)
})

test('a writer that ignores write() being false is refused with RESPONSE_BUFFER_FULL', async (context) => {
  const told: unknown[] = []
  const { port, guard } = await listen(context, (res) => {
    for (let chunk = 0; chunk < 20; chunk += 1) res.write('x'.repeat(100_000), (error) => told.push(error))
    res.end()
  })
  const answer = get(port)
  ;(await guard.next()).resolve(['sid=1'])
  const { status, headers, text } = await answer
  assert.equal(status, 500)
  assert.equal(headers['set-cookie'], undefined)
  assert.match(text, /RESPONSE_BUFFER_FULL/)
  while (told.length < 20) await new Promise(setImmediate)
  assert.ok(told.every((error) => error instanceof DroverError))
})

test('a client that leaves during the commit hurts nobody', async (context) => {
  let onClose = (): void => undefined
  const { port, guard } = await listen(context, (res) => {
    res.once('close', () => {
      onClose()
    })
    res.write('a')
    res.end('b')
  })
  for (const settle of ['resolve', 'reject'] as const) {
    guard.isPending = true
    const closed = new Promise<void>((resolve) => {
      onClose = resolve
    })
    const socket = connect(port, '127.0.0.1')
    socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n')
    const commit = await guard.next()
    socket.destroy()
    await closed
    if (settle === 'resolve') commit.resolve(['sid=1'])
    else commit.reject(unavailable())
    await new Promise(setImmediate)
  }
  const answer = get(port)
  guard.isPending = true
  ;(await guard.next()).resolve()
  assert.equal((await answer).text, 'ab')
})

test('changes between a held first byte and a held end are committed too', async (context) => {
  const { port, guard } = await listen(context, (res) => {
    res.write('a')
    res.end('b')
  })
  const answer = get(port)
  const first = await guard.next()
  first.resolve(['sid=1'])
  guard.isPending = true
  ;(await guard.next()).resolve()
  assert.deepEqual((await answer).headers['set-cookie'], ['sid=1'])
})

test('a stream with changes at its end commits once more before the end leaves', async (context) => {
  const { port, guard } = await listen(context, (res, state) => {
    res.write('a')
    state.isPending = true
    res.end('b')
    assert.equal(res.writableEnded, false)
  })
  guard.isPending = false
  const answer = get(port)
  ;(await guard.next()).resolve(['sid=too-late'])
  const { text, headers } = await answer
  assert.equal(text, 'ab')
  assert.equal(headers['set-cookie'], undefined)
})

test('a stream whose last commit fails is cut, so that it is not taken for complete', async (context) => {
  const { port, guard } = await listen(context, (res, state) => {
    res.write('a')
    state.isPending = true
    res.end('b')
  })
  guard.isPending = false
  const answer = get(port)
  ;(await guard.next()).reject(unavailable())
  await assert.rejects(answer, { code: 'ECONNRESET' })
  assert.equal(guard.reports.length, 1)
})

test('100 Continue leaves at once', async (context) => {
  const { port, guard } = await listen(context, (res) => {
    res.end('done')
  })
  const req = request({
    port,
    host: '127.0.0.1',
    method: 'POST',
    headers: { expect: '100-continue' },
    agent: false,
  })
  req.flushHeaders()
  await once(req, 'continue')
  req.end('body')
  ;(await guard.next()).resolve(['sid=1'])
  const [res]: IncomingMessage[] = await once(req, 'response')
  assert.equal(res?.statusCode, 200)
  res?.resume()
})

test('an answer that used what the guard keeps is private, however its head is given', async (context) => {
  const heads: ((res: ServerResponse) => unknown)[] = [
    (res) => res.setHeader('Cache-Control', 'public, max-age=5').setHeader('Vary', ['Accept', 'Origin']),
    (res) =>
      res.setHeader('vary', 'none').writeHead(200, { 'cache-control': 'max-age=5', Vary: 'Accept, Origin' }),
    (res) =>
      res.writeHead(200, 'Fine', ['Cache-Control', 'public,max-age=5', 'vary', 'Accept', 'vary', 'Origin']),
    (res) => {
      res.setHeaders(new Headers({ 'cache-control': 's-maxage=9, max-age=5', vary: 'Accept, Origin' }))
      res.flushHeaders()
    },
  ]
  for (const head of heads) {
    const { port, guard } = await listen(context, (res) => {
      res.setHeader('CDN-Cache-Control', 'max-age=60')
      head(res)
      res.end('body')
    })
    guard.isPending = false
    guard.isTouched = true
    const { headers, text } = await get(port)
    assert.equal(headers['cache-control'], 'private, max-age=5')
    assert.equal(headers.vary, 'Accept, Origin, Cookie')
    assert.equal(headers['cdn-cache-control'], undefined)
    assert.equal(text, 'body')
  }
})

test('an answer that did not use it keeps the very head the app gave', async (context) => {
  const { port, guard } = await listen(context, (res) => {
    res.writeHead(200, { 'cache-control': 'public, max-age=5', 'cdn-cache-control': 'max-age=60' })
    res.end('body')
  })
  guard.isPending = false
  const { headers } = await get(port)
  assert.equal(headers['cache-control'], 'public, max-age=5')
  assert.equal(headers['cdn-cache-control'], 'max-age=60')
  assert.equal(headers.vary, undefined)
})

for (const isTouched of [true, false]) {
  test(`a head that Node refuses is none, whether the guard was used or not (${isTouched})`, async (context) => {
    const { port, guard } = await listen(context, (res, state, gate) => {
      assert.throws(() => res.writeHead(200, { 'x-bad': 'a\nb' }), { code: 'ERR_INVALID_CHAR' })
      assert.throws(() => res.writeHead(42), { code: 'ERR_HTTP_INVALID_STATUS_CODE' })
      assert.equal(gate.headLeft(), false)
      state.isPending = true
      res.end('instead')
    })
    guard.isPending = false
    guard.isTouched = isTouched
    const answer = get(port)
    ;(await guard.next()).resolve(['sid=1'])
    const { headers, text } = await answer
    assert.deepEqual(headers['set-cookie'], ['sid=1'])
    assert.equal(text, 'instead')
  })
}
