// Without budget a repeat waits: for the supervisor's word that the instance is dead, for budget, or for its time to end.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { BalancerLimits } from '../../src/balancer/limits.ts'
import { until } from '../support/until.ts'
import { startBalancer, type TestBalancer } from './support/balancer.ts'
import { call, connectRaw } from './support/client.ts'
import { startHttpInstance, startRawInstance, type TestInstance } from './support/instance.ts'

const noBudget = { retryShare: 0, retriesPerSecond: 0 }
/** Beyond the time of a test. */
const neverMs = 300_000

interface Fleet extends TestBalancer {
  /** Fails each attempt when it has the request, and goes on listening. */
  readonly failing: TestInstance
  readonly living: TestInstance
  /** How many requests the living one had. */
  readonly reached: () => number
}

async function startFleet(t: TestContext, limits: Partial<BalancerLimits>): Promise<Fleet> {
  const balancer = await startBalancer(t, { random: () => 0, limits: { ...noBudget, ...limits } })
  const failing = await startRawInstance(t, 'failing', ({ socket }) => {
    socket.resetAndDestroy()
  })
  let reached = 0
  const living = await startHttpInstance(t, 'living', (_request, response) => {
    reached++
    response.end('alive')
  })
  return { ...balancer, failing, living, reached: () => reached }
}

test('a repeat without budget waits, and goes once the instance that failed is off the list', async (t) => {
  const { port, use, failing, living, reached, waits, records, quiet } = await startFleet(t, {
    retryWaitMs: neverMs,
  })
  use(failing, living)
  const answer = call(port, '/')
  await waits(1)
  // The living instance is there all the time: it is the budget that holds the request back.
  assert.equal(reached(), 0)
  use(living)
  const { status, instance, text } = await answer
  assert.deepEqual([status, instance, text], [200, 'living', 'alive'])
  await quiet()
  assert.deepEqual(
    records[0]?.attempts.map(({ instance: id, outcome }) => [id, outcome]),
    [
      ['failing', 'failed'],
      ['living', 'answered'],
    ],
  )
})

test('a repeat without budget goes on waiting while its instance is only draining', async (t) => {
  const { port, balancer, use, failing, living, reached, waits } = await startFleet(t, {
    retryWaitMs: neverMs,
  })
  use(failing, living)
  const client = await connectRaw(t, port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await waits(1)
  balancer.setUpstreams([{ ...failing.upstream, draining: true }, living.upstream])
  assert.deepEqual([balancer.load().parked, reached()], [1, 0])
})

test('a restarted instance is another: the death of the one before is confirmed by it', async (t) => {
  const { port, balancer, use, failing, living, waits } = await startFleet(t, { retryWaitMs: neverMs })
  use(failing)
  const answer = call(port, '/')
  await waits(1)
  balancer.setUpstreams([{ ...living.upstream, id: failing.upstream.id }])
  assert.deepEqual([(await answer).status, (await answer).text], [200, 'alive'])
})

test('deaths that are confirmed cost no budget: a whole fleet of them is outlived', async (t) => {
  const { port, use, living, waits } = await startFleet(t, { retryWaitMs: neverMs })
  const doomed = await Promise.all(
    ['1', '2', '3'].map((id) => startRawInstance(t, id, ({ socket }) => socket.resetAndDestroy())),
  )
  use(...doomed, living)
  const answer = call(port, '/')
  for (let dead = 1; dead <= doomed.length; dead++) {
    await waits(1)
    use(...doomed.slice(dead), living)
  }
  assert.deepEqual([(await answer).status, (await answer).instance], [200, 'living'])
})

test('an instance that dies when it is off the list already costs no budget and no wait', async (t) => {
  const { port, use, living, records, quiet } = await startFleet(t, { retryWaitMs: neverMs })
  const hanging = await startRawInstance(t, 'hanging', () => undefined)
  use(hanging)
  const answer = call(port, '/')
  await until('it is asked', () => hanging.sockets.size === 1)
  use(living)
  await hanging.die()
  assert.equal((await answer).instance, 'living')
  await quiet()
  assert.deepEqual([records[0]?.attempts.length, records[0]?.queueMs], [2, 0])
})

test('a repeat that no word and no budget comes for is answered 503 with Retry-After, and not made', async (t) => {
  const { port, balancer, use, failing, living, reached, quiet, records } = await startFleet(t, {
    retryWaitMs: 1,
  })
  use(failing, living)
  const answer = await call(port, '/')
  assert.equal(answer.status, 503)
  assert.match(answer.headers['retry-after'] ?? '', /^[123]$/)
  assert.equal(reached(), 0)
  await quiet()
  assert.equal(balancer.state().retryBudgetExhausted, 1)
  assert.deepEqual([records[0]?.end, records[0]?.attempts.length], ['refused', 1])
})

test('a budget that requests pay into is spent by repeats, then the next one waits', async (t) => {
  const { port, use, failing, living, waits, reached } = await startFleet(t, {
    retryShare: 0.5,
    retryWaitMs: neverMs,
    ejectAfter: 0,
  })
  // The first attempt always goes to the first of the list: two requests pay for the repeat of the second.
  use(failing, living)
  const first = call(port, '/first')
  await waits(1)
  // The second request pays the half that was missing.
  const second = call(port, '/second')
  await until('one is repeated', () => reached() === 1)
  await waits(1)
  use(living)
  assert.deepEqual([(await first).status, (await second).status, reached()], [200, 200, 2])
})

test('a budget that is granted anew lets the waiting repeats go', async (t) => {
  const { port, balancer, use, failing, living, waits } = await startFleet(t, { retryWaitMs: neverMs })
  use(failing, living)
  const early = call(port, '/')
  await waits(1)
  balancer.configure({ reveal: true, limits: { retriesPerSecond: 10 } })
  // One that came before keeps the settings it came with; a new one has the new budget.
  assert.equal((await call(port, '/')).instance, 'living')
  assert.equal(balancer.load().parked, 1)
  use(living)
  assert.equal((await early).status, 200)
})

test('a client that leaves while its repeat waits is forgotten', async (t) => {
  const { port, use, failing, living, waits, reached, quiet } = await startFleet(t, { retryWaitMs: neverMs })
  use(failing, living)
  const client = await connectRaw(t, port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  await waits(1)
  client.socket.resetAndDestroy()
  await quiet()
  use(living)
  assert.equal(reached(), 0)
})

test('an instance that refuses the connection costs budget too, until the list is without it', async (t) => {
  const { port, use, failing, living, waits, reached } = await startFleet(t, { retryWaitMs: neverMs })
  await failing.die()
  use(failing, living)
  const answer = call(port, '/', { method: 'POST' }, 'one')
  await waits(1)
  assert.equal(reached(), 0)
  use(living)
  assert.deepEqual([(await answer).status, reached()], [200, 1])
})

test('an instance that drained and is then off the list is as gone as any: the repeat goes', async (t) => {
  const { port, balancer, use, failing, living, reached, waits } = await startFleet(t, {
    retryWaitMs: neverMs,
  })
  use(failing, living)
  const answer = call(port, '/')
  await waits(1)
  balancer.setUpstreams([{ ...failing.upstream, draining: true }, living.upstream])
  assert.deepEqual([balancer.load().parked, reached()], [1, 0])
  use(living)
  assert.equal((await answer).status, 200)
})
