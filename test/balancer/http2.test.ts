// HTTP/2 towards clients on real sockets, each request handed to the test as to an exchange: what a request means, how it
// is answered, and how either side ends it.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { until } from '../support/until.ts'
import {
  ask,
  connectHttp2,
  nothing,
  readAnswer,
  responseHead,
  startHttp2Front,
  type ReceivedRequest,
} from './support/http2-front.ts'
import { connectHttp2Raw, errorCode, flag, frameType, getOf, headerBlock } from './support/raw-http2.ts'

/** Sends the body back. */
function echo(request: ReceivedRequest): void {
  const { stream } = request
  stream.respond(responseHead(200, 'Content-Type', 'text/plain', 'Transfer-Encoding', 'chunked'), [])
  request.onBody = (chunk) => {
    if (!stream.write(chunk)) stream.pauseBody()
  }
  request.onDrain = () => {
    stream.resumeBody()
  }
  request.onBodyEnd = (trailers) => {
    stream.end(trailers)
  }
  if (stream.head.body === 'none') stream.end([])
  else stream.resumeBody()
}

function answer(text: string, ...rawHeaders: readonly string[]) {
  return ({ stream }: ReceivedRequest) => {
    stream.respond(responseHead(200, 'Content-Length', String(text.length), ...rawHeaders), [])
    stream.write(Buffer.from(text))
    stream.end([])
  }
}

test('a request comes with its fields, and its answer goes back with its own', async (t) => {
  const front = await startHttp2Front(
    t,
    answer('hello', 'Connection', 'close', 'X-App', '1', 'Set-Cookie', 'a', 'Set-Cookie', 'b'),
  )
  const session = connectHttp2(t, front.port)
  const answered = await ask(session, { ':path': '/x?y', accept: 'z', cookie: ['a=1', 'b=2'] })
  const { stream } = await front.request()
  assert.deepEqual(stream.head, {
    method: 'GET',
    target: '/x?y',
    rawHeaders: ['host', `127.0.0.1:${front.port}`, 'accept', 'z', 'cookie', 'a=1; b=2'],
    version: '2',
    body: 'none',
    expectsContinue: false,
    upgrade: false,
  })
  assert.equal(stream.client.encrypted, true)
  const date = answered.rawHeaders.at(-1) ?? ''
  assert.deepEqual(answered, {
    status: 200,
    rawHeaders: ':status 200 content-length 5 x-app 1 set-cookie a set-cookie b date'.split(' ').concat(date),
    body: 'hello',
    trailers: [],
    informations: [],
    end: 'whole',
  })
})

test('bodies and trailers go both ways, many at a time', async (t) => {
  const front = await startHttp2Front(t, echo)
  const session = connectHttp2(t, front.port)
  const bodies = Array.from({ length: 40 }, (_, index) => String(index % 10).repeat(index * 3_000))
  const answers = await Promise.all(
    bodies.map((body) => {
      const stream = session.request({ ':method': 'POST' }, { waitForTrailers: true })
      stream.once('wantTrailers', () => {
        stream.sendTrailers({ 'x-sum': String(body.length) })
      })
      return readAnswer(stream.end(body))
    }),
  )
  for (const [index, { body, trailers, end }] of answers.entries()) {
    assert.equal(body, bodies[index])
    assert.deepEqual(trailers, ['x-sum', String(body.length)])
    assert.equal(end, 'whole')
  }
})

test('an answer can consist of a head, of trailers, or of both', async (t) => {
  const front = await startHttp2Front(t, ({ stream }) => {
    stream.respond(responseHead(200, 'Transfer-Encoding', 'chunked'), [])
    if (stream.head.target.includes('flushed')) stream.flush()
    stream.end(stream.head.target.includes('trailers') ? ['X-T', '1'] : [])
  })
  const session = connectHttp2(t, front.port)
  for (const path of ['/', '/flushed', '/trailers', '/flushed-trailers']) {
    const { status, body, trailers, end } = await ask(session, { ':path': path })
    assert.deepEqual([status, body, end], [200, '', 'whole'], path)
    assert.deepEqual(trailers, path.includes('trailers') ? ['x-t', '1'] : [], path)
  }
})

test('HEAD, 204, 205 and 304 are answered without a body', async (t) => {
  const front = await startHttp2Front(t, ({ stream }) => {
    stream.respond(responseHead(Number(stream.head.target.slice(1)), 'Content-Length', '5'), [])
    stream.write(Buffer.from('hello'))
    stream.end(['X-T', '1'])
  })
  const session = connectHttp2(t, front.port)
  const length = (raw: readonly string[]) => raw[raw.indexOf('content-length') + 1]
  const head = await ask(session, { ':method': 'HEAD', ':path': '/200' })
  assert.deepEqual([head.status, length(head.rawHeaders), head.body, head.end], [200, '5', '', 'whole'])
  const unchanged = await ask(session, { ':path': '/304' })
  assert.deepEqual([unchanged.status, length(unchanged.rawHeaders), unchanged.end], [304, '5', 'whole'])
  for (const status of [204, 205]) {
    const empty = await ask(session, { ':path': `/${status}` })
    assert.deepEqual([empty.status, empty.body, empty.end], [status, '', 'whole'])
    assert.ok(!empty.rawHeaders.includes('content-length'))
  }
})

test('informations are passed on, a 100 only to who waits for it, a 101 never', async (t) => {
  const front = await startHttp2Front(t, (request) => {
    const { stream } = request
    for (const status of [100, 100, 101, 103])
      stream.inform(responseHead(status, 'Link', 'a', 'Connection', 'x'))
    echo(request)
    stream.inform(responseHead(103))
  })
  const session = connectHttp2(t, front.port)
  assert.deepEqual((await ask(session)).informations, [103])
  const waiting = session.request({ ':method': 'POST', expect: '100-continue' })
  waiting.once('continue', () => waiting.end('late'))
  const answered = await readAnswer(waiting)
  assert.deepEqual([answered.informations, answered.body], [[100, 103], 'late'])
})

test('a client that reads slowly holds its answer up, and nobody else', async (t) => {
  const front = await startHttp2Front(t, nothing)
  const session = connectHttp2(t, front.port)
  const slow = session.request({ ':path': '/slow' })
  const { stream } = await front.request()
  stream.respond(responseHead(200), [])
  const chunk = Buffer.alloc(16_384)
  let written = 0
  while (stream.write(chunk)) written++
  assert.ok(written < 16, `${written} chunks were written before the first pause`)
  const first = front.requests[0]
  await once(slow, 'response')
  assert.equal(await settled(() => first?.drains), await settled(() => first?.drains))
  const other = ask(session, { ':path': '/other' })
  answer('fast')(await front.request(1))
  assert.equal((await other).body, 'fast')
  const drains = first?.drains ?? 0
  while (stream.write(chunk));
  slow.resume()
  await until('the client took what was written', () => (first?.drains ?? 0) > drains)
  stream.end([])
  await once(slow, 'end')
})

/** A value once it no longer changes. */
async function settled<T>(read: () => T): Promise<T> {
  let before = read()
  for (let same = 0; same < 20; same++) {
    await new Promise(setImmediate)
    const now = read()
    if (now !== before) same = 0
    before = now
  }
  return before
}

test('a body waits until it is asked for, and while it is paused the client cannot go on', async (t) => {
  const front = await startHttp2Front(t, nothing)
  const session = connectHttp2(t, front.port)
  const upload = session.request({ ':method': 'POST' })
  let sent = 0
  const send = () => {
    while (sent < 64) {
      sent++
      if (!upload.write(Buffer.alloc(65_536, 'x'))) return
    }
    upload.end()
  }
  upload.on('drain', send)
  send()
  const request = await front.request()
  assert.ok((await settled(() => sent)) < 16, 'the client waits')
  assert.equal(request.chunks.length, 0)
  request.stream.resumeBody()
  await until('some of it comes', () => request.chunks.length > 0)
  request.stream.pauseBody()
  await settled(() => request.chunks.length)
  const paused = request.chunks.length
  assert.equal(await settled(() => request.chunks.length), paused)
  request.stream.resumeBody()
  await until('all of it comes', () => request.trailers !== undefined)
  assert.equal(request.body.length, 64 * 65_536)
  answer('thanks')(request)
  assert.equal((await readAnswer(upload)).body, 'thanks')
})

test('a body, or its end, that came before it was asked for is told then, and not while it is paused', async (t) => {
  const front = await startHttp2Front(t, nothing)
  const client = await connectHttp2Raw(t, front.port)
  const post: [string, string][] = [...getOf('/').slice(1), [':method', 'POST']]
  for (const [index, body] of ['', 'body'].entries()) {
    const stream = 1 + 2 * index
    client.send(frameType.headers, flag.endHeaders, stream, headerBlock(post))
    client.send(frameType.data, 0, stream, Buffer.from(body))
    client.send(frameType.headers, flag.endHeaders | flag.endStream, stream, headerBlock([['x-t', '1']]))
    const request = await front.request(index)
    await settled(() => request.trailers)
    assert.deepEqual([request.body, request.trailers], ['', undefined])
    request.stream.resumeBody()
    request.stream.pauseBody()
    await settled(() => request.trailers)
    if (body !== '') assert.equal(request.trailers, undefined)
    request.stream.resumeBody()
    await until('the end is told', () => request.trailers !== undefined)
    assert.deepEqual([request.body, request.trailers], [body, ['x-t', '1']])
    answer('thanks')(request)
    assert.equal(await client.body(stream), 'thanks')
  }
})

test('an answer that is cut is never taken for the whole', async (t) => {
  const front = await startHttp2Front(t, nothing)
  const session = connectHttp2(t, front.port)
  const cuts: [what: string, cut: (request: ReceivedRequest) => void][] = [
    ['before its head', () => undefined],
    [
      'behind its head',
      ({ stream }) => {
        stream.respond(responseHead(200), [])
        stream.flush()
      },
    ],
    [
      'in its body',
      ({ stream }) => {
        stream.respond(responseHead(200, 'Transfer-Encoding', 'chunked'), [])
        stream.write(Buffer.from('some'))
      },
    ],
    [
      'in a body without end',
      ({ stream }) => {
        stream.respond(responseHead(200), [])
        while (stream.write(Buffer.alloc(10_000)));
      },
    ],
  ]
  for (const [index, [what, begin]] of [...cuts, ...cuts].entries()) {
    const answered = ask(session)
    const request = await front.request(index)
    begin(request)
    if (index >= cuts.length) await settled(() => undefined)
    request.stream.reset()
    assert.equal((await answered).end, errorCode.internal, what)
    assert.equal(request.leaves, 0, what)
  }
})

test('a status that HTTP/2 cannot carry resets the stream', async (t) => {
  const front = await startHttp2Front(t, ({ stream }) => {
    stream.respond(responseHead(999), [])
    stream.write(Buffer.from('x'))
  })
  assert.equal((await ask(connectHttp2(t, front.port))).end, errorCode.internal)
  await until('the exchange knows', () => front.requests[0]?.leaves === 1)
})

test('a client that leaves is told once, whatever it had said', async (t) => {
  const front = await startHttp2Front(t, nothing)
  const post: [string, string][] = [...getOf('/').slice(1), [':method', 'POST']]
  for (const [index, code] of [0, 8, 2].entries()) {
    const client = await connectHttp2Raw(t, front.port)
    client.send(frameType.headers, flag.endHeaders, 1, headerBlock(post))
    client.send(frameType.data, 0, 1, Buffer.from('half a body'))
    const request = await front.request(index)
    request.stream.resumeBody()
    await until('the body comes', () => request.chunks.length > 0)
    client.send(frameType.reset, 0, 1, Buffer.from([0, 0, 0, code]))
    await until('the leave is told', () => request.leaves > 0)
    client.destroy()
    await until('the connection is gone', () => front.connections.size === 0)
    assert.deepEqual([request.leaves, request.trailers], [1, undefined], `code ${code}`)
  }
})

test('requests that are under way when a connection is lost have been left', async (t) => {
  const front = await startHttp2Front(t, nothing)
  const client = await connectHttp2Raw(t, front.port)
  for (const stream of [1, 3, 5])
    client.send(frameType.headers, flag.endHeaders | flag.endStream, stream, headerBlock(getOf('/')))
  await front.request(2)
  client.destroy()
  await until('all are told', () => front.requests.every(({ leaves }) => leaves === 1))
  await until('the connection is gone', () => front.connections.size === 0)
})

test('a client that ends its side is gone', async (t) => {
  const front = await startHttp2Front(t, nothing)
  const client = await connectHttp2Raw(t, front.port)
  client.send(frameType.headers, flag.endHeaders | flag.endStream, 1, headerBlock(getOf('/')))
  const request = await front.request()
  client.end()
  await until('the leave is told', () => request.leaves === 1)
  await until('the connection is gone', () => front.connections.size === 0)
})

test('curl and the front understand each other', async (t) => {
  const run = promisify(execFile)
  const { stdout: version } = await run('curl', ['--version']).catch(() => ({ stdout: '' }))
  if (!/^Features:.* HTTP2 /m.test(version)) {
    t.diagnostic('there is no curl here that speaks HTTP/2')
    return
  }
  const front = await startHttp2Front(t, echo)
  const curl = async (...args: readonly string[]) => {
    const url = `https://127.0.0.1:${front.port}/`
    const all = ['--http2', '-sk', '--max-time', '10', '-w', '\n%{http_version} %{http_code}', ...args, url]
    return (await run('curl', all, { maxBuffer: 1e8 })).stdout
  }
  assert.equal(await curl('-d', 'hello'), 'hello\n2 200')
  assert.match(await curl('-I'), /^HTTP\/2 200/)
  const large = await curl('-H', 'Expect: 100-continue', '-d', 'x'.repeat(100_000))
  assert.equal(large.length, 100_000 + '\n2 200'.length)
})
