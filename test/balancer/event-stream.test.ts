// Event streams: each event passes at once, and when the instance or the balancer leaves, a stream ends between two events.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import type { BalancerLimits } from '../../src/balancer/limits.ts'
import { until } from '../support/until.ts'
import { startBalancer, type TestBalancer } from './support/balancer.ts'
import { call, connectRaw, type RawClient } from './support/client.ts'
import { startHttpInstance, type HttpInstance } from './support/instance.ts'

/** Beyond the time of a test: what ends, ends in order. */
const neverMs = 300_000

/** Streams that leave are ended at once, in order or not at all; nothing else is passed before it is complete. */
const limits: Partial<BalancerLimits> = {
  streamSpreadMs: 0,
  streamCloseMs: neverMs,
  holdTimeMs: neverMs,
  lingerMs: 1,
}

/** Answers `/` with its id, anything else with an event stream whose response stands in `streams`. */
interface EventInstance extends HttpInstance {
  readonly streams: readonly ServerResponse[]
}

async function startEvents(t: TestContext, id: string, headers = {}): Promise<EventInstance> {
  const streams: ServerResponse[] = []
  const instance = await startHttpInstance(t, id, (request, response) => {
    if (request.url === '/') {
      response.end(id)
      return
    }
    streams.push(response)
    if (request.url === '/late') return
    response.writeHead(200, { 'content-type': 'text/event-stream', ...headers }).flushHeaders()
  })
  return { ...instance, streams }
}

interface Fleet extends TestBalancer {
  /** Has every stream of the start of a test. */
  readonly leaving: EventInstance
  readonly other: EventInstance
  /** The list says that the first drains; the other is new. */
  readonly leave: () => void
  readonly open: (path?: string) => Promise<RawClient>
}

async function startFleet(
  t: TestContext,
  changes: Partial<BalancerLimits> = {},
  headers = {},
): Promise<Fleet> {
  const balancer = await startBalancer(t, { random: () => 0, limits: { ...limits, ...changes } })
  const leaving = await startEvents(t, 'leaving', headers)
  const other = await startEvents(t, 'other', headers)
  balancer.use(leaving)
  const leave = () => {
    balancer.balancer.setUpstreams([{ ...leaving.upstream, draining: true }, other.upstream])
  }
  const open = async (path = '/events') => {
    const client = await connectRaw(t, balancer.port)
    client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    if (path !== '/late') await client.sees('\r\n\r\n')
    return client
  }
  return { ...balancer, leaving, other, leave, open }
}

/** What came of the body, without its chunks' framing. */
function bodyOf({ received }: RawClient): string {
  let body = ''
  let rest = received().slice(received().indexOf('\r\n\r\n') + 4)
  for (let size = -1; size !== 0;) {
    const sizeEnd = rest.indexOf('\r\n')
    size = sizeEnd === -1 ? 0 : Number.parseInt(rest.slice(0, sizeEnd), 16)
    body += rest.slice(sizeEnd + 2, sizeEnd + 2 + size)
    rest = rest.slice(sizeEnd + 2 + size + 2)
  }
  return body
}

const lastChunk = '\r\n0\r\n\r\n'

test('each event is with the client before the next is sent', async (t) => {
  const { open, leaving, quiet } = await startFleet(
    t,
    {},
    { 'content-type': 'Text/Event-Stream; charset=utf-8' },
  )
  const client = await open()
  const [stream] = leaving.streams
  for (const event of ['data: one\n\n', ': comment\n', 'data: two\r\n\r\n', 'data: thr', 'ee\n\n']) {
    stream?.write(event)
    await client.sees(event)
  }
  stream?.end()
  await client.sees(lastChunk)
  assert.equal(bodyOf(client), 'data: one\n\n: comment\ndata: two\r\n\r\ndata: three\n\n')
  await quiet()
})

test('a client that does not read slows its instance down, and has every event when it does', async (t) => {
  const { open, leaving } = await startFleet(t)
  const client = await open()
  client.socket.pause()
  const [stream] = leaving.streams
  const event = `data: ${'x'.repeat(50_000)}\n\n`
  const count = 1_000
  let written = 0
  const fill = () => {
    while (written < count) {
      written++
      if (stream?.write(event) !== true) return
    }
    stream?.end()
  }
  stream?.on('drain', fill)
  fill()
  let before = -1
  await until('the instance can write no more', async () => {
    const isSettled = written === before
    before = written
    await new Promise((resolve) => setTimeout(resolve, 100))
    return isSettled && written === before
  })
  assert.ok(written < count / 2, `the instance could write ${written} events that nobody read`)
  client.socket.resume()
  await until('every event came', () => client.received().length > count * event.length)
  await client.sees(lastChunk)
  assert.equal(client.received().match(/data: /g)?.length, count)
})

test('a stream between two events ends when its instance drains, and its client goes on elsewhere', async (t) => {
  const { open, leave, leaving, quiet, records } = await startFleet(t)
  const client = await open()
  leaving.streams[0]?.write('data: one\n\n')
  await client.sees('data: one\n\n')
  leave()
  await client.sees(lastChunk)
  assert.equal(bodyOf(client), 'data: one\n\n')
  await until('the instance is let go', () => leaving.sockets.size === 0)
  await quiet()
  assert.deepEqual(
    records.map(({ end, attempts }) => [end, attempts[0]?.outcome]),
    [['answered', 'answered']],
  )
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.equal(await client.ends(), 'closed')
  assert.match(client.received(), /x-drover-instance: other\r\n[^]*other$/)
})

test('a stream that has said nothing yet ends too, and one whose instance is off the list', async (t) => {
  const { open, use, leaving, other } = await startFleet(t)
  const client = await open()
  use(other)
  await client.sees('\r\n\r\n0\r\n\r\n')
  await until('the instance is let go', () => leaving.sockets.size === 0)
})

for (const [lineEnd, name] of [
  ['\n', 'LF'],
  ['\r\n', 'CR LF'],
  ['\r', 'CR'],
] as const) {
  test(`a stream in the middle of an event, with lines that end in ${name}, has it whole before it ends`, async (t) => {
    const { open, leave, leaving } = await startFleet(t)
    const client = await open()
    const [stream] = leaving.streams
    const begun = `data: one${lineEnd}${lineEnd}id: 2${lineEnd}data: t`
    stream?.write(begun)
    await client.sees(begun)
    // Told after it; so when it has ended, the other has been told too.
    const idle = await open()
    leave()
    await idle.sees('\r\n\r\n0\r\n\r\n')
    const rest = `wo${lineEnd}data: too${lineEnd}${lineEnd}`
    stream?.write(`${rest}data: three${lineEnd}${lineEnd}`)
    await client.sees(lastChunk)
    assert.equal(bodyOf(client), begun + rest)
    await until('the instance is let go', () => leaving.sockets.size === 0)
  })
}

test('an event that is not complete at the deadline is reset, never ended as if whole', async (t) => {
  const { open, leave, leaving, quiet, records } = await startFleet(t, { streamCloseMs: 100 })
  const client = await open()
  leaving.streams[0]?.write('data: half')
  await client.sees('data: half')
  leave()
  assert.equal(await client.ends(), 'reset')
  assert.ok(!client.received().includes(lastChunk))
  await until('the instance is let go', () => leaving.sockets.size === 0)
  await quiet()
  assert.equal(records[0]?.end, 'reset')
})

test('streams of other instances stay, and new ones open there', async (t) => {
  const { open, use, leave, leaving, other } = await startFleet(t)
  const ending = await open()
  use(leaving, other)
  const staying = await open()
  assert.deepEqual([leaving.streams.length, other.streams.length], [1, 1])
  leave()
  await ending.sees(lastChunk)
  const later = await open()
  assert.equal(other.streams.length, 2)
  for (const [index, client] of [staying, later].entries()) {
    other.streams[index]?.write('data: still here\n\n')
    await client.sees('data: still here\n\n')
    assert.ok(!client.received().includes(lastChunk))
  }
})

test('new requests go elsewhere as soon as an instance drains, though a stream still holds it', async (t) => {
  const { open, leave, port, leaving } = await startFleet(t)
  const client = await open()
  leaving.streams[0]?.write('data: half')
  await client.sees('data: half')
  leave()
  for (let index = 0; index < 5; index++) assert.equal((await call(port, '/')).text, 'other')
  leaving.streams[0]?.write('\n\n')
  await client.sees(lastChunk)
})

test('streams of one instance do not all end at once: each has its share of the spread', async (t) => {
  // With this chance the first ends at the start of its share, and so does the second, half of the spread later.
  const { open, leave, leaving } = await startFleet(t, { streamSpreadMs: 2 * neverMs })
  const [first, second] = [await open(), await open()]
  leave()
  await first.sees(lastChunk)
  leaving.streams[1]?.write('data: still here\n\n')
  await second.sees('data: still here\n\n')
  assert.ok(!second.received().includes(lastChunk))
})

for (const [what, headers] of [
  ['compressed', { 'content-encoding': 'gzip' }],
  ['of a length that was told', { 'content-length': '22' }],
] as const) {
  test(`a stream that is ${what} has no place to end early, and goes on to its own end`, async (t) => {
    const { open, leave, leaving } = await startFleet(t, {}, headers)
    const client = await open()
    leaving.streams[0]?.write('data: one\n\n')
    await client.sees('data: one\n\n')
    leave()
    leaving.streams[0]?.end('data: two\n\n')
    await client.sees('data: two\n\n')
  })
}

test('a balancer that drains ends its event streams between two events, and cuts none', async (t) => {
  const { open, balancer, leaving } = await startFleet(t)
  const between = await open()
  const within = await open()
  const [, stream] = leaving.streams
  stream?.write('data: half')
  await within.sees('data: half')
  const drained = balancer.drain(neverMs)
  assert.equal(await between.ends(), 'closed')
  assert.ok(between.received().endsWith('\r\n\r\n0\r\n\r\n'))
  stream?.write('\n\n')
  assert.equal(await within.ends(), 'closed')
  assert.ok(within.received().endsWith(lastChunk))
  assert.equal(bodyOf(within), 'data: half\n\n')
  assert.equal(await drained, 0)
})

test('a balancer that drains resets a stream in the middle of an event at its deadline, and counts it', async (t) => {
  const { open, balancer, leaving } = await startFleet(t)
  const client = await open()
  leaving.streams[0]?.write('data: half')
  await client.sees('data: half')
  assert.equal(await balancer.drain(100), 1)
  assert.equal(await client.ends(), 'reset')
})

test('a stream that begins when its instance drains already ends between two events', async (t) => {
  const { open, leave, leaving } = await startFleet(t)
  const client = await open('/late')
  await until('the instance is asked', () => leaving.streams.length === 1)
  leave()
  leaving.streams[0]?.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
  await client.sees(lastChunk)
})

test('a stream that begins when the balancer drains already ends between two events', async (t) => {
  const { open, balancer, leaving } = await startFleet(t)
  const client = await open('/late')
  await until('the instance is asked', () => leaving.streams.length === 1)
  const drained = balancer.drain(5_000)
  leaving.streams[0]?.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: one\n\n')
  assert.equal(await client.ends(), 'closed')
  assert.ok(client.received().endsWith(lastChunk))
  assert.equal(await drained, 0)
})

test('a balancer that drains hastens streams whose instance had more time', async (t) => {
  const { open, leave, balancer } = await startFleet(t, { streamSpreadMs: 2 * neverMs, streamCloseMs: 1 })
  const clients = [await open(), await open()]
  leave()
  assert.equal(await balancer.drain(3_000), 0)
  for (const client of clients) assert.ok(client.received().endsWith('\r\n\r\n0\r\n\r\n'))
})
