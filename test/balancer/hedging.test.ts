// Hedging: a slow GET is sent to a second instance too. One answer comes, the other attempt is let go, nothing with an effect
// is ever sent twice, and the share of hedges is bounded.
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test, type TestContext } from 'node:test'
import type { HedgingOptions } from '../../src/balancer/messages.ts'
import { until } from '../support/until.ts'
import { startBalancer, type TestBalancer } from './support/balancer.ts'
import { call, connectRaw } from './support/client.ts'
import { startRawInstance, type RawConnection, type TestInstance } from './support/instance.ts'
import { handshakeFor } from './support/web-socket.ts'

interface Asked {
  readonly instance: string
  /** Method and path. */
  readonly request: string
  readonly connection: RawConnection
}

interface Fleet extends TestBalancer {
  /** Requests for paths that hang, in the order they came. */
  readonly asked: readonly Asked[]
  /** Waits for the attempts at such a request, and answers them in order. */
  readonly attempts: (request: string, count: number) => Promise<readonly Asked[]>
  /** Makes so many quick requests, one after the other. */
  readonly warm: (count: number) => Promise<void>
}

/** Answers at once, but for paths that begin with `/hang`, and HEAD: those it leaves to the test. */
function startHanging(t: TestContext, instance: string, asked: Asked[]): Promise<TestInstance> {
  return startRawInstance(t, instance, (connection, head) => {
    const [method = '', path = ''] = head.split(' ')
    if (path.startsWith('/hang')) asked.push({ instance, request: `${method} ${path}`, connection })
    else connection.socket.write(ok('quick'))
  })
}

function ok(body: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

/** The first instance of the list that is not busier than others is chosen first. */
async function startFleet(
  t: TestContext,
  ids: readonly string[],
  hedging?: HedgingOptions,
  random: () => number = () => 0,
): Promise<Fleet> {
  const options = { random, limits: { ejectAfter: 0 } }
  const balancer = await startBalancer(t, hedging === undefined ? options : { ...options, hedging })
  const asked: Asked[] = []
  balancer.use(...(await Promise.all(ids.map((id) => startHanging(t, id, asked)))))
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  t.after(() => {
    agent.destroy()
  })
  return {
    ...balancer,
    asked,
    attempts: (request, count) =>
      until(`${request} is asked ${count} times`, () => {
        const attempts = asked.filter((one) => one.request === request)
        return attempts.length === count && attempts
      }),
    warm: async (count) => {
      for (let index = 0; index < count; index++) await call(balancer.port, '/', { agent })
    },
  }
}

/** Enough latencies to know what is slow. */
const enough = 100

for (const method of ['GET', 'HEAD']) {
  test(`a ${method} that hangs is answered by a second instance, and the first is let go`, async (t) => {
    const { port, attempts, warm, records, quiet } = await startFleet(t, ['1', '2'], {})
    await warm(enough)
    const answer = call(port, '/hang', { method })
    const [first, second] = await attempts(`${method} /hang`, 2)
    assert.deepEqual([first?.instance, second?.instance], ['1', '2'])
    second?.connection.socket.write(method === 'GET' ? ok('hedged') : ok('hedged').slice(0, -6))
    const { status, instance, text } = await answer
    assert.deepEqual([status, instance, text], [200, '2', method === 'GET' ? 'hedged' : ''])
    await until('the first is let go', () => first?.connection.socket.destroyed)
    assert.equal(second?.connection.socket.destroyed, false)
    await quiet()
    assert.deepEqual(
      records.at(-1)?.attempts.map(({ instance: id, outcome }) => [id, outcome]),
      [
        ['1', 'hedged-away'],
        ['2', 'answered'],
      ],
    )
  })
}

test('the first instance may still be the one that answers; then the second is let go', async (t) => {
  const { port, attempts, warm, records, quiet } = await startFleet(t, ['1', '2'], {})
  await warm(enough)
  const client = await connectRaw(t, port)
  client.send('GET /hang HTTP/1.1\r\nHost: a\r\n\r\n')
  const [first, second] = await attempts('GET /hang', 2)
  // The loser's answer comes too, a moment late.
  first?.connection.socket.write(ok('first'))
  second?.connection.socket.write(ok('second'))
  await client.sees('\r\n\r\nfirst')
  await until('the second is let go', () => second?.connection.socket.destroyed)
  await quiet()
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  assert.equal(await client.ends(), 'closed')
  assert.deepEqual(client.received().match(/HTTP\/1\.1 200|first|second|quick/g), [
    'HTTP/1.1 200',
    'first',
    'HTTP/1.1 200',
    'quick',
  ])
  assert.deepEqual(
    records.at(-2)?.attempts.map(({ outcome }) => outcome),
    ['answered', 'hedged-away'],
  )
})

const unhedged: [what: string, request: string, text: string][] = [
  ['POST', 'POST /hang', 'POST /hang HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
  ['PUT', 'PUT /hang', 'PUT /hang HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
  ['DELETE', 'DELETE /hang', 'DELETE /hang HTTP/1.1\r\nHost: a\r\n\r\n'],
  ['GET with a body', 'GET /hang', 'GET /hang HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi'],
  ['WebSocket', 'GET /hang', handshakeFor('/hang')],
]

for (const [what, request, text] of unhedged) {
  test(`a ${what} that hangs is not sent a second time`, async (t) => {
    const { port, asked, attempts, warm } = await startFleet(t, ['1', '2'], { share: 1 })
    await warm(enough)
    const client = await connectRaw(t, port)
    client.send(text)
    const [only] = await attempts(request, 1)
    // A GET that comes later is hedged: by then this one would have been.
    for (const later of ['/hang-later', '/hang-again']) {
      await warm(1)
      const answer = call(port, later)
      const pair = await attempts(`GET ${later}`, 2)
      pair[1]?.connection.socket.write(ok('hedged'))
      assert.equal((await answer).text, 'hedged')
    }
    assert.equal(asked.filter((one) => one.request === request).length, 1)
    only?.connection.socket.write(ok('once'))
    await client.sees('once')
  })
}

test('nothing is hedged where hedging is not asked for, nor while too few response times are known', async (t) => {
  const off = await startFleet(t, ['1', '2'])
  await off.warm(enough)
  const few = await startFleet(t, ['1', '2'], {})
  await few.warm(enough / 2)
  for (const { port, asked, attempts, warm } of [off, few]) {
    const answer = call(port, '/hang')
    const [only] = await attempts('GET /hang', 1)
    await warm(enough / 2 - 1)
    assert.equal(asked.length, 1)
    only?.connection.socket.write(ok('waited for'))
    assert.equal((await answer).text, 'waited for')
  }
})

test('hedges are bounded by their share of the requests', async (t) => {
  const { port, asked, warm, records } = await startFleet(t, ['1', '2'], { share: 0.02 })
  await warm(enough + 10)
  const paths = Array.from({ length: 10 }, (_, index) => `/hang-${index}`)
  const answers = paths.map((path) => call(port, path))
  for (const path of paths)
    await until(`${path} is asked`, () => asked.some(({ request }) => request === `GET ${path}`))
  // While these are answered the time comes to hedge those that hang.
  await warm(enough - 60)
  const hedged = asked.length - paths.length + records.filter((record) => record.attempts.length > 1).length
  const requests = enough + 10 + paths.length + enough - 60
  assert.ok(hedged >= 1 && hedged <= 0.02 * requests, `${hedged} of ${requests} requests were hedged`)
  for (const { connection, request } of asked) connection.socket.write(ok(request))
  assert.deepEqual(
    (await Promise.all(answers)).map(({ text }) => text),
    paths.map((path) => `GET ${path}`),
  )
})

for (const order of [
  [0, 1],
  [1, 0],
]) {
  test(`when both fail, ${order[0] === 0 ? 'the first' : 'the second'} first, the request goes to a third`, async (t) => {
    const { port, attempts, warm, records, quiet } = await startFleet(t, ['1', '2', '3'], { share: 1 })
    await warm(enough)
    const answer = call(port, '/hang')
    const pair = await attempts('GET /hang', 2)
    for (const index of order) {
      pair[index]?.connection.socket.resetAndDestroy()
      await until('it is gone', () => pair[index]?.connection.socket.destroyed)
    }
    const [, , third] = await attempts('GET /hang', 3)
    assert.equal(third?.instance, '3')
    third.connection.socket.write(ok('third'))
    assert.deepEqual([(await answer).instance, (await answer).text], ['3', 'third'])
    await quiet()
    assert.deepEqual(
      records.at(-1)?.attempts.map(({ outcome }) => outcome),
      ['failed', 'failed', 'answered'],
    )
  })
}

test('when one of the two fails, the other goes on alone', async (t) => {
  const { port, attempts, warm, asked } = await startFleet(t, ['1', '2'], { share: 1 })
  await warm(enough)
  for (const [path, dead] of [
    ['/hang-1', 0],
    ['/hang-2', 1],
  ] as const) {
    await warm(1)
    const answer = call(port, path)
    const pair = await attempts(`GET ${path}`, 2)
    pair[dead]?.connection.socket.resetAndDestroy()
    await until('it is gone', () => pair[dead]?.connection.socket.destroyed)
    pair[1 - dead]?.connection.socket.write(ok(path))
    assert.deepEqual([(await answer).instance, (await answer).text], [pair[1 - dead]?.instance, path])
  }
  assert.equal(asked.length, 4)
})

test('a client that leaves frees both instances', async (t) => {
  const { port, attempts, warm, quiet } = await startFleet(t, ['1', '2'], {})
  await warm(enough)
  const client = await connectRaw(t, port)
  client.send('GET /hang HTTP/1.1\r\nHost: a\r\n\r\n')
  const pair = await attempts('GET /hang', 2)
  client.socket.destroy()
  await until('both are let go', () => pair.every(({ connection }) => connection.socket.destroyed))
  await quiet()
})

test('with no second instance a slow GET is waited for', async (t) => {
  const { port, attempts, warm, asked, records } = await startFleet(t, ['1'], { share: 1 })
  await warm(enough)
  const answer = call(port, '/hang')
  const [only] = await attempts('GET /hang', 1)
  await warm(enough / 2)
  assert.equal(asked.length, 1)
  only?.connection.socket.write(ok('slow'))
  assert.equal((await answer).text, 'slow')
  assert.equal(records.at(-1)?.attempts.length, 1)
})

test('hedging that is switched off while a hedge is under way lets the loser go all the same', async (t) => {
  const { port, balancer, attempts, warm, quiet, records } = await startFleet(t, ['1', '2'], {})
  await warm(enough)
  const answer = call(port, '/hang')
  const [first, second] = await attempts('GET /hang', 2)
  balancer.configure({ reveal: true })
  second?.connection.socket.write(ok('hedged'))
  assert.deepEqual([(await answer).instance, (await answer).text], ['2', 'hedged'])
  await until('the first is let go', () => first?.connection.socket.destroyed)
  await quiet()
  assert.deepEqual(
    records.at(-1)?.attempts.map(({ outcome }) => outcome),
    ['hedged-away', 'answered'],
  )
})

test('hedging off and the loser answers late', async (t) => {
  const { port, balancer, attempts, warm, quiet } = await startFleet(t, ['1', '2'], {})
  await warm(enough)
  const answer = call(port, '/hang')
  const [first, second] = await attempts('GET /hang', 2)
  balancer.configure({ reveal: true })
  second?.connection.socket.write(ok('hedged'))
  assert.equal((await answer).text, 'hedged')
  first?.connection.socket.write(ok('late'))
  await quiet()
  assert.equal((await call(port, '/')).text, 'quick')
})

test('a GET whose first connection is still being made when its time comes is hedged too', async (t) => {
  let onPick = (): unknown => undefined
  const random = () => {
    onPick()
    return 0
  }
  const { port, attempts, warm } = await startFleet(t, ['1', '2'], { share: 1 }, random)
  await warm(enough)
  // The connections to both are in use, so that the next needs a fresh one.
  const one = call(port, '/hang-1')
  const pair = await attempts('GET /hang-1', 2)
  // The hedge's time comes before the event loop hears that the connection is made.
  onPick = () =>
    setImmediate(() => {
      const endMs = performance.now() + 20
      while (performance.now() < endMs);
    })
  const answer = call(port, '/hang')
  const two = await attempts('GET /hang', 2)
  two[1]?.connection.socket.write(ok('hedged'))
  assert.equal((await answer).text, 'hedged')
  for (const { connection } of pair) connection.socket.write(ok('x'))
  await one
})
