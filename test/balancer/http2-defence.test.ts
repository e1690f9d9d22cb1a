// What an HTTP/2 client may not do: malformed requests never become a stream of ours, floods end the connection, and
// what is too large or too many is refused. Half of it nghttp2 sees to; these tests show that it does.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../support/until.ts'
import { ask, connectHttp2, nothing, ok, startHttp2Front } from './support/http2-front.ts'
import {
  connectHttp2Raw,
  errorCode,
  flag,
  frameOf,
  frameType,
  getOf,
  headerBlock,
  type RawHttp2Client,
} from './support/raw-http2.ts'

type Fields = readonly (readonly [name: string, value: string])[]

const whole = flag.endHeaders | flag.endStream
const resetByClient = Buffer.from([0, 0, 0, errorCode.cancel])

function withPseudo(name: string, value: string): Fields {
  return getOf('/').map((field) => (field[0] === name ? [name, value] : field))
}

function sendHead(client: RawHttp2Client, stream: number, fields: Fields, flags = whole): void {
  client.send(frameType.headers, flags, stream, headerBlock(fields))
}

/** A header block in as many frames as it needs. */
function sendLongHead(client: RawHttp2Client, stream: number, fields: Fields): void {
  const block = headerBlock(fields)
  for (let from = 0; from < block.length; from += 16_000) {
    const isLast = from + 16_000 >= block.length
    const type = from === 0 ? frameType.headers : frameType.continuation
    const end = (isLast ? flag.endHeaders : 0) | (from === 0 ? flag.endStream : 0)
    client.send(type, end, stream, block.subarray(from, from + 16_000))
  }
}

const malformed: readonly [what: string, fields: Fields][] = [
  ['a name in upper case', [...getOf('/'), ['X-A', '1']]],
  ['connection', [...getOf('/'), ['connection', 'x-a']]],
  ['keep-alive', [...getOf('/'), ['keep-alive', '5']]],
  ['proxy-connection', [...getOf('/'), ['proxy-connection', 'close']]],
  ['transfer-encoding', [...getOf('/'), ['transfer-encoding', 'chunked']]],
  ['upgrade', [...getOf('/'), ['upgrade', 'websocket']]],
  ['te other than trailers', [...getOf('/'), ['te', 'gzip']]],
  ['no path', getOf('/').slice(0, 3)],
  ['an empty path', getOf('')],
  ['a path that is a URL', getOf('http://a.test/')],
  ['a path with a blank', getOf('/a b')],
  ['a path with a line end', getOf('/a\r\nx: y')],
  ['* for a GET', getOf('*')],
  ['no host', getOf('/').filter(([name]) => name !== ':authority')],
  ['an empty host', withPseudo(':authority', '')],
  ['a host with a user', withPseudo(':authority', 'me@a.test')],
  ['two hosts', [...getOf('/'), ['host', 'localhost'], ['host', 'localhost']]],
  ['a method with a blank', withPseudo(':method', 'GET /x')],
  ['a pseudo field behind others', [['x-a', '1'], ...getOf('/')]],
  ['a pseudo field nobody knows', [...getOf('/'), [':x', '1']]],
  ['a pseudo field twice', [...getOf('/'), [':path', '/other']]],
  ['extended CONNECT', [[':protocol', 'websocket'], ...withPseudo(':method', 'CONNECT')]],
  ['two lengths', [...getOf('/'), ['content-length', '0'], ['content-length', '0']]],
  ['a length that is none', [...getOf('/'), ['content-length', '+0']]],
  ['a length without a body', [...getOf('/'), ['content-length', '5']]],
]

test('a malformed request is reset and never seen, and its connection goes on', async (t) => {
  const front = await startHttp2Front(t, ok)
  const client = await connectHttp2Raw(t, front.port)
  let stream = 1
  for (const [what, fields] of malformed) {
    sendHead(client, stream, fields)
    assert.equal(await client.isReset(stream), errorCode.protocol, what)
    stream += 2
  }
  assert.equal(front.requests.length, 0)
  sendHead(client, stream, getOf('/'))
  assert.equal(await client.body(stream), 'ok')
})

test('a field whose name or value no message may have is never passed on', async (t) => {
  const front = await startHttp2Front(t, ok)
  const client = await connectHttp2Raw(t, front.port)
  const bad: Fields = [
    ['x-a', 'x\r\ny: z'],
    ['x-a', 'x\ny'],
    ['x-a', 'x\0y'],
    ['x-a', 'x\x01'],
    ['x-a', ' x'],
    ['x-a', 'x\t'],
    ['x:a', 'x'],
    ['x a', 'x'],
    ['x-a:', 'x'],
    ['', 'x'],
  ]
  sendHead(client, 1, [...getOf('/'), ...bad, ['x-good', 'caf\xe9']])
  assert.equal(await client.body(1), 'ok')
  assert.deepEqual(front.requests[0]?.stream.head.rawHeaders, ['host', 'localhost', 'x-good', 'caf\xe9'])
})

test('a request that is well-formed but not ours to forward is told why', async (t) => {
  const front = await startHttp2Front(t, ok, { headFields: 10, targetBytes: 50 })
  const client = await connectHttp2Raw(t, front.port)
  const many = Array.from({ length: 12 }, (): [string, string] => ['x-a', '1'])
  const connect: Fields = [
    [':method', 'CONNECT'],
    [':authority', 'a.test:1'],
  ]
  const refusals: [status: number, fields: Fields, flags?: number][] = [
    [405, connect, flag.endHeaders],
    [501, withPseudo(':method', 'BREW')],
    [400, [...getOf('/'), ['host', 'other.test']]],
    [400, getOf('/a#b')],
    [400, withPseudo(':authority', 'a.test,b.test')],
    [414, getOf(`/${'x'.repeat(60)}`)],
    [431, [...getOf('/'), ...many]],
    [417, [...getOf('/'), ['expect', 'more']]],
  ]
  for (const [index, [status, fields, flags]] of refusals.entries()) {
    sendHead(client, 2 * index + 1, fields, flags)
    assert.match(await client.body(2 * index + 1), new RegExp(`^${status} `))
  }
  assert.equal(front.requests.length, 0)
})

test('a refused request is read to its end within bounds only', async (t) => {
  const front = await startHttp2Front(t, ok)
  const client = await connectHttp2Raw(t, front.port)
  sendHead(client, 1, withPseudo(':method', 'BREW'), flag.endHeaders)
  assert.match(await client.body(1), /^501 /)
  front.sweep(1_000)
  assert.equal(await client.isReset(1), errorCode.none)
})

test('a body that is not as long as was said is never complete', async (t) => {
  const front = await startHttp2Front(t, ({ stream }) => {
    stream.resumeBody()
  })
  const post: Fields = [...withPseudo(':method', 'POST'), ['content-length', '5']]
  const short = await connectHttp2Raw(t, front.port)
  sendHead(short, 1, post, flag.endHeaders)
  short.send(frameType.data, flag.endStream, 1, Buffer.from('abc'))
  assert.equal(await short.isReset(1), errorCode.protocol)
  const long = await connectHttp2Raw(t, front.port)
  sendHead(long, 1, post, flag.endHeaders)
  long.send(frameType.data, flag.endStream, 1, Buffer.from('abcdefgh'))
  await long.closed()
  await until('both have left', () => front.requests.every(({ leaves }) => leaves === 1))
  assert.deepEqual(
    front.requests.map(({ trailers }) => trailers),
    [undefined, undefined],
  )
})

test('malformed trailers end a request', async (t) => {
  const front = await startHttp2Front(t, ({ stream }) => {
    stream.resumeBody()
  })
  const client = await connectHttp2Raw(t, front.port)
  const bad: [fields: Fields, flags: number][] = [
    [[[':path', '/x']], whole],
    [[['transfer-encoding', 'chunked']], whole],
    [[['x-a', '1']], flag.endHeaders],
  ]
  for (const [index, [fields, flags]] of bad.entries()) {
    const stream = 2 * index + 1
    sendHead(client, stream, withPseudo(':method', 'POST'), flag.endHeaders)
    sendHead(client, stream, fields, flags)
    assert.equal(await client.isReset(stream), errorCode.protocol)
  }
  await until('all have left', () => front.requests.every(({ leaves }) => leaves === 1))
  assert.ok(front.requests.every(({ trailers }) => trailers === undefined))
})

test('a head too large is told so, one far too large costs its stream', async (t) => {
  const front = await startHttp2Front(t, ok, { headBytes: 8_000, headFields: 50 })
  const client = await connectHttp2Raw(t, front.port)
  // Limits of a connection hold from the client's acknowledgement on; those of the balancer always.
  client.send(frameType.settings, flag.ack, 0)
  sendLongHead(client, 1, [...getOf('/'), ['x-a', 'x'.repeat(9_000)]])
  assert.match(await client.body(1), /^431 /)
  sendLongHead(client, 3, [...getOf('/'), ['x-a', 'x'.repeat(10_000)], ['x-b', 'x'.repeat(10_000)]])
  assert.equal(await client.isReset(3), errorCode.calm)
  sendLongHead(client, 5, [
    ...getOf('/'),
    ...Array.from({ length: 150 }, (): [string, string] => ['x-a', '']),
  ])
  assert.equal(await client.isReset(5), errorCode.calm)
  sendHead(client, 7, getOf('/'))
  assert.equal(await client.body(7), 'ok')
})

test('more streams at a time than allowed are refused', async (t) => {
  const front = await startHttp2Front(t, nothing, { http2Streams: 3 })
  const client = await connectHttp2Raw(t, front.port)
  for (const stream of [1, 3, 5, 7]) sendHead(client, stream, getOf('/'))
  assert.equal(await client.isReset(7), errorCode.refused)
  assert.equal(front.requests.length, 3)
})

test('a client that gives its requests up again and again is sent away', async (t) => {
  const front = await startHttp2Front(t, nothing)
  const client = await connectHttp2Raw(t, front.port)
  for (let burst = 0; burst < 101; burst++) {
    const frames = Array.from({ length: 5 }, (_, index) => {
      const stream = 2 * (5 * burst + index) + 1
      return [
        frameOf(frameType.headers, whole, stream, headerBlock(getOf('/'))),
        frameOf(frameType.reset, 0, stream, resetByClient),
      ]
    })
    client.write(Buffer.concat(frames.flat()))
  }
  assert.equal(await client.isSentAway(), errorCode.calm)
  await client.closed()
  await until('every request has been left', () => front.requests.every(({ leaves }) => leaves === 1))
})

test('a client that makes us reset its requests is sent away too', async (t) => {
  const front = await startHttp2Front(t, nothing)
  const client = await connectHttp2Raw(t, front.port)
  // A body shorter than was said is an error of the stream: nghttp2 resets it.
  const post: Fields = [...withPseudo(':method', 'POST'), ['content-length', '5']]
  for (let index = 0; index < 505; index++) {
    sendHead(client, 2 * index + 1, post, flag.endHeaders)
    client.send(frameType.data, flag.endStream, 2 * index + 1, Buffer.from('abc'))
  }
  await client.closed()
})

test('who leaves a page with many requests under way may go on', async (t) => {
  const front = await startHttp2Front(t, nothing)
  const client = await connectHttp2Raw(t, front.port)
  for (let index = 0; index < 100; index++) sendHead(client, 2 * index + 1, getOf('/'))
  await front.request(99)
  for (let index = 0; index < 100; index++) client.send(frameType.reset, 0, 2 * index + 1, resetByClient)
  sendHead(client, 201, getOf('/'))
  ok(await front.request(100))
  assert.equal(await client.body(201), 'ok')
})

const floods: readonly [what: string, frames: () => Buffer[]][] = [
  ['PING', () => Array.from({ length: 20_000 }, () => frameOf(frameType.ping, 0, 0, Buffer.alloc(8)))],
  ['SETTINGS', () => Array.from({ length: 20_000 }, () => frameOf(frameType.settings, 0, 0))],
  [
    'empty DATA',
    () => [
      frameOf(frameType.headers, flag.endHeaders, 1, headerBlock(withPseudo(':method', 'POST'))),
      ...Array.from({ length: 1_000 }, () => frameOf(frameType.data, 0, 1)),
    ],
  ],
  [
    'CONTINUATION',
    () => [
      frameOf(frameType.headers, flag.endStream, 1, headerBlock(getOf('/'))),
      ...Array.from({ length: 100 }, () => frameOf(frameType.continuation, 0, 1)),
    ],
  ],
]

for (const [what, frames] of floods)
  test(`a flood of ${what} ends the connection and no other`, async (t) => {
    const front = await startHttp2Front(t, nothing)
    const session = connectHttp2(t, front.port)
    const answered = ask(session)
    const request = await front.request()
    const client = await connectHttp2Raw(t, front.port)
    client.write(Buffer.concat(frames()))
    await client.closed()
    ok(request)
    assert.equal((await answered).body, 'ok')
  })
