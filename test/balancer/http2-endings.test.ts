// How HTTP/2 connections end: when the balancer drains, when their time is over, and when they are cut. Time is passed in.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { until } from '../support/until.ts'
import { defaultLimits } from '../../src/balancer/limits.ts'
import {
  ask,
  connectHttp2,
  nothing,
  ok,
  readAnswer,
  responseHead,
  startHttp2Front,
  type Http2Front,
  type ReceivedRequest,
} from './support/http2-front.ts'
import { connectHttp2Raw, errorCode, flag, frameType, getOf, headerBlock } from './support/raw-http2.ts'

const whole = flag.endHeaders | flag.endStream
const post: [string, string][] = [[':method', 'POST'], ...getOf('/').slice(1)]

function only(front: Http2Front) {
  const [connection] = front.connections
  assert.ok(connection !== undefined)
  return connection
}

async function allClosed(front: Http2Front): Promise<void> {
  await until('every connection is closed', () => front.connections.size === 0)
}

test('draining answers the requests that are here, tells the client that they are the last, and closes', async (t) => {
  const front = await startHttp2Front(t, nothing)
  const client = await connectHttp2Raw(t, front.port)
  for (const stream of [1, 3]) client.send(frameType.headers, whole, stream, headerBlock(getOf('/')))
  const second = await front.request(1)
  assert.equal(only(front).isIdle(), false)
  only(front).drain()
  const goaway = await client.sees('a GOAWAY', ({ type }) => type === frameType.goaway)
  assert.deepEqual([goaway.payload.readUInt32BE(0), goaway.payload.readUInt32BE(4)], [3, errorCode.none])
  ok(second)
  ok(await front.request(0))
  assert.equal(await client.body(1), 'ok')
  assert.equal(await client.body(3), 'ok')
  await client.closed()
  await allClosed(front)
})

test('a request that is on its way when draining begins is answered, and is the last', async (t) => {
  const front = await startHttp2Front(t, ok)
  const session = connectHttp2(t, front.port)
  await ask(session)
  only(front).drain()
  only(front).lookForSilence()
  const answered = await ask(session)
  assert.equal(answered.body, 'ok')
  await allClosed(front)
})

test('a connection is silent once it owes no answer and has said nothing since the last look', async (t) => {
  const front = await startHttp2Front(t, nothing)
  const session = connectHttp2(t, front.port)
  const answered = ask(session)
  const request = await front.request()
  only(front).lookForSilence()
  assert.equal(only(front).lookForSilence(), false)
  ok(request)
  await answered
  await until('it is silent', () => only(front).lookForSilence())
  assert.equal(only(front).isIdle(), true)
  const told = once(session, 'goaway')
  only(front).destroy()
  assert.equal((await told)[0], errorCode.none)
  await allClosed(front)
})

test('destroy cuts the answers that are owed, so that none is taken for whole', async (t) => {
  const front = await startHttp2Front(t, ({ stream }) => {
    stream.respond(responseHead(200), [])
    stream.write(Buffer.from('some'))
  })
  const session = connectHttp2(t, front.port)
  const streams = [session.request(), session.request()]
  const answers = streams.map(readAnswer)
  await Promise.all(streams.map((stream) => once(stream, 'data')))
  only(front).destroy()
  for (const { body, end } of await Promise.all(answers)) {
    assert.equal(body, 'some')
    assert.equal(end, errorCode.internal)
  }
  await allClosed(front)
  assert.deepEqual(
    front.requests.map(({ leaves }) => leaves),
    [1, 1],
  )
})

test('destroy does not wait for a client that takes nothing', async (t) => {
  const flood = ({ stream }: ReceivedRequest) => {
    stream.respond(responseHead(200), [])
    for (let index = 0; index < 50; index++) stream.write(Buffer.alloc(1024 * 1024))
  }
  const front = await startHttp2Front(t, flood, { lingerMs: 50 })
  const client = await connectHttp2Raw(t, front.port)
  const wide = Buffer.from([0x7f, 0xff, 0, 0])
  client.send(frameType.headers, whole, 1, headerBlock(getOf('/')))
  for (const stream of [0, 1]) client.send(frameType.windowUpdate, 0, stream, wide)
  client.pause()
  await front.request()
  only(front).destroy()
  await allClosed(front)
})

test('a connection without requests is closed after its time; pings do not prolong it', async (t) => {
  const front = await startHttp2Front(t, ok)
  const served = await connectHttp2Raw(t, front.port)
  served.send(frameType.headers, whole, 1, headerBlock(getOf('/')))
  await served.body(1)
  const mute = await connectHttp2Raw(t, front.port)
  await until('both are here', () => front.connections.size === 2)
  front.sweep(1_000)
  front.sweep(1_000 + defaultLimits.requestHeadTimeoutMs - 1)
  assert.equal(front.connections.size, 2)
  // In the middle of a head.
  mute.send(frameType.headers, flag.endStream, 1, headerBlock(getOf('/')))
  front.sweep(1_000 + defaultLimits.requestHeadTimeoutMs)
  await mute.closed()
  served.send(frameType.ping, 0, 0, Buffer.alloc(8))
  await served.sees('the ping is answered', ({ type }) => type === frameType.ping)
  assert.equal(front.connections.size, 1)
  front.sweep(1_000 + defaultLimits.clientIdleMs)
  assert.equal(await served.isSentAway(), errorCode.none)
  await allClosed(front)
})

test('a client that does not close its side after ours is not waited for', async (t) => {
  const front = await startHttp2Front(t, ok)
  const client = await connectHttp2Raw(t, front.port, { allowHalfOpen: true })
  await until('it is here', () => front.connections.size === 1)
  front.sweep(1_000)
  front.sweep(1_000 + defaultLimits.clientIdleMs)
  await client.isSentAway()
  front.sweep(2_000 + defaultLimits.clientIdleMs)
  front.sweep(2_000 + defaultLimits.clientIdleMs + defaultLimits.lingerMs)
  await allClosed(front)
})

test('a body that does not come in time is refused with 408, or cuts an answer that has begun', async (t) => {
  const front = await startHttp2Front(t, ({ stream }) => {
    stream.resumeBody()
  })
  const client = await connectHttp2Raw(t, front.port)
  for (const stream of [1, 3, 5]) client.send(frameType.headers, flag.endHeaders, stream, headerBlock(post))
  await front.request(2)
  const [first, second, third] = front.requests
  assert.ok(first !== undefined && second !== undefined && third !== undefined)
  second.stream.respond(responseHead(200), [])
  second.stream.flush()
  third.stream.pauseBody()
  front.sweep(1_000)
  client.send(frameType.data, 0, 1, Buffer.from('a'))
  await until('some comes', () => first.chunks.length > 0)
  front.sweep(1_000 + defaultLimits.requestBodyIdleMs)
  assert.equal(await client.isReset(3), errorCode.internal)
  assert.deepEqual([first.leaves, second.leaves, third.leaves], [0, 1, 0])
  front.sweep(1_000 + 2 * defaultLimits.requestBodyIdleMs)
  assert.match(await client.body(1), /^408 /)
  assert.deepEqual([first.leaves, second.leaves, third.leaves], [1, 1, 0])
  front.sweep(1_000 + defaultLimits.requestTimeoutMs)
  assert.match(await client.body(5), /^408 /)
  assert.equal(third.leaves, 1)
})

test('a client that takes nothing is cut off', async (t) => {
  const front = await startHttp2Front(t, ({ stream }) => {
    stream.respond(responseHead(200), [])
    while (stream.write(Buffer.alloc(16_384)));
  })
  const client = await connectHttp2Raw(t, front.port)
  client.send(frameType.headers, whole, 1, headerBlock(getOf('/')))
  await client.sees('some comes', ({ type }) => type === frameType.data)
  const request = await front.request()
  front.sweep(1_000)
  front.sweep(1_000 + defaultLimits.stallMs - 1)
  assert.equal(request.leaves, 0)
  front.sweep(1_000 + defaultLimits.stallMs)
  assert.equal(await client.isReset(1), errorCode.internal)
  await until('the leave is told', () => request.leaves === 1)
  await allClosed(front)
})

test('of a stream that gets on for none while others do, only that stream is cut', async (t) => {
  const front = await startHttp2Front(t, ({ stream }) => {
    if (stream.head.target === '/') ok({ stream } as ReceivedRequest)
    else {
      stream.respond(responseHead(200), [])
      while (stream.write(Buffer.alloc(16_384)));
    }
  })
  const client = await connectHttp2Raw(t, front.port)
  client.send(frameType.windowUpdate, 0, 0, Buffer.from([0, 0xff, 0, 0]))
  client.send(frameType.headers, whole, 1, headerBlock(getOf('/stuck')))
  const stuck = await front.request()
  for (let round = 0; round <= 10; round++) {
    const stream = 3 + 2 * round
    client.send(frameType.headers, whole, stream, headerBlock(getOf('/')))
    assert.equal(await client.body(stream), 'ok')
    assert.equal(stuck.leaves, 0)
    front.sweep(1_000 + round * defaultLimits.stallMs)
  }
  assert.equal(await client.isReset(1), errorCode.internal)
  await until('the leave is told', () => stuck.leaves === 1)
  assert.equal(front.connections.size, 1)
})

test('who is answered before all of its body came can read the answer, then is told to stop', async (t) => {
  const front = await startHttp2Front(t, ok)
  const client = await connectHttp2Raw(t, front.port)
  client.send(frameType.headers, flag.endHeaders, 1, headerBlock(post))
  client.send(frameType.data, 0, 1, Buffer.from('x'.repeat(1_000)))
  assert.equal(await client.body(1), 'ok')
  assert.ok(!client.frames.some(({ type }) => type === frameType.reset))
  front.sweep(1_000)
  assert.equal(await client.isReset(1), errorCode.none)
  const complete = client.frames.findIndex(({ type, flags }) => type === frameType.data && (flags & 1) === 1)
  assert.ok(complete < client.frames.findIndex(({ type }) => type === frameType.reset))
  await until('the stream is gone', () => only(front).isIdle())
  assert.deepEqual([front.requests[0]?.leaves, front.requests[0]?.chunks.length], [0, 0])
})

test('of a body that nobody wants a bounded part is read', async (t) => {
  const front = await startHttp2Front(t, ok, { discardBytes: 1024 * 1024 })
  const session = connectHttp2(t, front.port)
  const upload = session.request({ ':method': 'POST' })
  let taken = 0
  const send = () => {
    while (upload.write(Buffer.alloc(16_384), () => (taken += 16_384)));
  }
  upload.on('drain', send)
  send()
  const answered = readAnswer(upload)
  let before = -1
  await until('the client can send no more', async () => {
    const stands = taken === before
    before = taken
    for (let turn = 0; turn < 50; turn++) await new Promise(setImmediate)
    return stands && taken > 0
  })
  assert.ok(taken < 2 * 1024 * 1024, `${taken} bytes were taken`)
  front.sweep(1_000)
  assert.deepEqual((await answered).body, 'ok')
})
