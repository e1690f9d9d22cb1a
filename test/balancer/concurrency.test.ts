// A cap on each instance: what comes beyond waits in a bounded queue for room, and is shed before the queue collapses.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { Balancer } from '../../src/balancer/balancer.ts'
import type { BalancerLimits } from '../../src/balancer/limits.ts'
import { until } from '../support/until.ts'
import { startBalancer, type TestBalancer } from './support/balancer.ts'
import { call, connectRaw } from './support/client.ts'
import { startHttpInstance, type HttpInstance } from './support/instance.ts'

/** Beyond the time of a test. */
const neverMs = 300_000

interface Held {
  readonly instance: string
  readonly path: string
  readonly response: ServerResponse
}

/** An instance that answers nothing by itself: what it was asked stands in `held`, in order. */
function startHolding(t: TestContext, instance: string, held: Held[]): Promise<HttpInstance> {
  return startHttpInstance(t, instance, (request, response) => {
    held.push({ instance, path: request.url ?? '', response })
  })
}

interface Fleet extends TestBalancer {
  readonly held: readonly Held[]
  readonly instance: HttpInstance
  /** Waits until so many requests have reached instances. */
  readonly reaches: (count: number) => Promise<unknown>
  /** Answers the request that came at this place. */
  readonly answer: (index: number) => void
}

async function startFleet(t: TestContext, limits: Partial<BalancerLimits> = {}): Promise<Fleet> {
  const balancer = await startBalancer(t, {
    random: () => 0,
    limits: { concurrency: 1, queueTimeMs: neverMs, ...limits },
  })
  const held: Held[] = []
  const instance = await startHolding(t, '1', held)
  balancer.use(instance)
  return {
    ...balancer,
    held,
    instance,
    reaches: (count) => until(`${count} came`, () => held.length === count),
    answer: (index) => held[index]?.response.end(held[index]?.path),
  }
}

test('a request beyond the cap waits for the one before it, and goes when that is answered', async (t) => {
  const { port, held, waits, reaches, answer, quiet, records } = await startFleet(t)
  const first = call(port, '/first')
  await reaches(1)
  const second = call(port, '/second', { method: 'POST' }, 'body')
  await waits(1)
  assert.equal(held.length, 1)
  answer(0)
  assert.equal((await first).text, '/first')
  await reaches(2)
  answer(1)
  assert.deepEqual([(await second).status, (await second).text], [200, '/second'])
  await quiet()
  assert.deepEqual(
    records.map(({ target, queueMs }) => [target, queueMs > 0]),
    [
      ['/first', false],
      ['/second', true],
    ],
  )
})

test('those that wait go in the order they came, one for each that ends', async (t) => {
  const { port, held, waits, reaches, answer } = await startFleet(t)
  const answers = [call(port, '/0')]
  await reaches(1)
  for (let index = 1; index <= 3; index++) {
    answers.push(call(port, `/${index}`))
    await waits(index)
  }
  for (let index = 0; index <= 3; index++) {
    assert.equal(held.length, index + 1)
    answer(index)
    assert.equal((await answers[index])?.text, `/${index}`)
    if (index < 3) await reaches(index + 2)
  }
})

test('room on any instance is room: the cap holds for each of them', async (t) => {
  const held: Held[] = []
  const { port, use, waits, reaches, answer, instance, held: onFirst } = await startFleet(t)
  use(instance, await startHolding(t, '2', held))
  const both = [call(port, '/'), call(port, '/')]
  await reaches(1)
  await until('the other is asked', () => held.length === 1)
  const third = call(port, '/third')
  await waits(1)
  held[0]?.response.end()
  await until('the third goes where there is room', () => held.length === 2)
  assert.equal(onFirst.length, 1)
  answer(0)
  held[1]?.response.end('there')
  assert.deepEqual([(await third).instance, (await third).text], ['2', 'there'])
  await Promise.all(both)
})

for (const end of ['dies', 'is left by its client'] as const) {
  test(`a request that ${end} makes room for the next`, async (t) => {
    const { port, held, waits, reaches, answer } = await startFleet(t)
    const client = await connectRaw(t, port)
    client.send('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n')
    await reaches(1)
    const next = call(port, '/next')
    await waits(1)
    if (end === 'dies') held[0]?.response.socket?.resetAndDestroy()
    else client.socket.destroy()
    await reaches(2)
    answer(1)
    assert.equal((await next).text, '/next')
  })
}

test('an instance that joins takes what waits', async (t) => {
  const { port, use, waits, reaches, instance } = await startFleet(t)
  const first = call(port, '/first')
  await reaches(1)
  const second = call(port, '/second')
  await waits(1)
  use(instance, await startHttpInstance(t, '2', (_request, response) => response.end('joined')))
  assert.deepEqual([(await second).instance, (await second).text], ['2', 'joined'])
  await instance.die()
  assert.equal((await first).instance, '2')
})

test('beyond the bound of the queue a request is told at once to come again, and its connection goes on', async (t) => {
  const { port, balancer, waits, reaches, answer, held } = await startFleet(t, { queued: 1 })
  const first = call(port, '/first')
  await reaches(1)
  const second = call(port, '/second')
  await waits(1)
  const client = await connectRaw(t, port)
  client.send('GET /third HTTP/1.1\r\nHost: a\r\n\r\n')
  await client.sees('HTTP/1.1 503 ')
  await client.sees('\r\n\r\n503 ')
  assert.match(client.received(), /retry-after: [123]\r/i)
  assert.deepEqual([balancer.load().parked, balancer.state().shed, held.length], [1, 1, 1])
  answer(0)
  await reaches(2)
  client.send('GET /again HTTP/1.1\r\nHost: a\r\n\r\n')
  await waits(1)
  answer(1)
  await reaches(3)
  answer(2)
  await client.sees('/again')
  assert.deepEqual([(await first).text, (await second).text], ['/first', '/second'])
})

test('a wait in the queue that lasts too long is answered 503 with Retry-After; the rest goes on', async (t) => {
  const { port, reaches, answer, held, records, quiet } = await startFleet(t, { queueTimeMs: 1 })
  const first = call(port, '/first')
  await reaches(1)
  const late = await call(port, '/late')
  assert.equal(late.status, 503)
  assert.match(late.headers['retry-after'] ?? '', /^[123]$/)
  answer(0)
  assert.equal((await first).text, '/first')
  const next = call(port, '/next')
  await reaches(2)
  answer(1)
  assert.equal((await next).text, '/next')
  await quiet()
  assert.deepEqual(
    held.map(({ path }) => path),
    ['/first', '/next'],
  )
  assert.equal(records.find(({ target }) => target === '/late')?.attempts.length, 0)
})

test('a client that leaves frees its place in the queue', async (t) => {
  const { port, waits, reaches, answer, held } = await startFleet(t, { queued: 1 })
  const first = call(port, '/first')
  await reaches(1)
  const client = await connectRaw(t, port)
  client.send('GET /left HTTP/1.1\r\nHost: a\r\n\r\n')
  await waits(1)
  client.socket.destroy()
  await waits(0)
  const next = call(port, '/next')
  await waits(1)
  answer(0)
  await reaches(2)
  answer(1)
  assert.deepEqual([(await first).text, (await next).text], ['/first', '/next'])
  assert.deepEqual(
    held.map(({ path }) => path),
    ['/first', '/next'],
  )
})

test('a queue that stays overdue sheds what newly comes, keeps what waits, and takes again when it has drained', async (t) => {
  let nowMs = 1
  const balancer = new Balancer(
    { reveal: true, limits: { concurrency: 1, queueTimeMs: neverMs, responseTimeoutMs: 10 * neverMs } },
    { random: () => 0, now: () => nowMs },
  )
  await balancer.listen({ host: '127.0.0.1', port: 0 })
  t.after(() => balancer.drain(0))
  const port = balancer.port ?? 0
  const held: Held[] = []
  balancer.setUpstreams([(await startHolding(t, '1', held)).upstream])
  const answers = ['/0', '/1', '/2', '/3'].map((path) => ({ path, answer: call(port, path) }))
  await until('one is asked and three wait', () => held.length === 1 && balancer.load().parked === 3)
  // The oldest has waited for more than half of its time: that alone may be a burst.
  nowMs += neverMs * 0.6
  answers.push({ path: '/4', answer: call(port, '/4') })
  await until('another may wait', () => balancer.load().parked === 4)
  // It is still so a while later: the queue does not drain.
  nowMs += 100
  const shed = await call(port, '/shed')
  assert.deepEqual([shed.status, balancer.load().parked, balancer.state().shed], [503, 4, 1])
  assert.match(shed.headers['retry-after'] ?? '', /^[123]$/)
  for (let count = 1; count <= 5; count++) {
    await until('the next is asked', () => held.length === count)
    held[count - 1]?.response.end(held[count - 1]?.path)
  }
  for (const { path, answer } of answers) assert.equal((await answer).text, path)
  const taken = call(port, '/taken')
  await until('it is asked', () => held.length === 6)
  const waiting = call(port, '/waiting')
  await until('one may wait again', () => balancer.load().parked === 1)
  held[5]?.response.end()
  await until('the last is asked', () => held.length === 7)
  held[6]?.response.end()
  assert.deepEqual([(await taken).status, (await waiting).status], [200, 200])
})
