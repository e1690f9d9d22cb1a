// Idempotency keys (rule R1): only a key that the route is known to enforce lets a POST be sent to a second instance.
import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test, type TestContext } from 'node:test'
import type { EnforcedRoute } from '../../src/balancer/messages.ts'
import { until } from '../support/until.ts'
import { startBalancer } from './support/balancer.ts'
import { call, connectRaw } from './support/client.ts'
import { startHttpInstance } from './support/instance.ts'

interface Effect {
  readonly instance: string
  readonly body: string
  /** Each key as it came; several are kept apart. */
  readonly keys: readonly string[]
}

interface Fleet {
  readonly port: number
  /** One for each whole request that reached an instance, in order. */
  readonly effects: readonly Effect[]
  readonly quiet: () => Promise<unknown>
}

function keysOf({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.filter((_value, index) => rawHeaders[index - 1]?.toLowerCase() === 'idempotency-key')
}

/** The first two instances die when they have the whole request, before they answer; the third answers. */
async function startFleet(t: TestContext, enforcedRoutes: readonly EnforcedRoute[]): Promise<Fleet> {
  const { port, quiet, use } = await startBalancer(t, { random: () => 0, enforcedRoutes })
  const effects: Effect[] = []
  const start = (instance: string) =>
    startHttpInstance(t, instance, (request, response) => {
      let body = ''
      request.setEncoding('utf8').on('data', (text: string) => (body += text))
      request.on('end', () => {
        effects.push({ instance, body, keys: keysOf(request) })
        if (instance === '3') response.end('done')
        else request.socket.resetAndDestroy()
      })
    })
  use(await start('1'), await start('2'), await start('3'))
  return { port, effects, quiet }
}

const sent = { 'Idempotency-Key': 'order-17' }

for (const method of ['POST', 'PATCH']) {
  test(`a ${method} with a key on a declared route is repeated with it until an instance answers`, async (t) => {
    const { port, effects, quiet } = await startFleet(t, [{ path: '/orders' }])
    const answer = await call(port, '/orders?from=cart', { method, headers: sent }, 'one')
    assert.deepEqual([answer.status, answer.instance, answer.text], [200, '3', 'done'])
    assert.deepEqual(
      effects,
      ['1', '2', '3'].map((instance) => ({ instance, body: 'one', keys: ['order-17'] })),
    )
    await quiet()
  })
}

const declared: EnforcedRoute = { path: '/orders' }
const minting: EnforcedRoute = { path: '/orders', mint: true }

const unlicensed: [what: string, route: EnforcedRoute, path: string, fields: string][] = [
  ['without a key', declared, '/orders', ''],
  ['whose route is not declared', declared, '/carts', 'Idempotency-Key: a\r\n'],
  ['on another path under the declared one', declared, '/orders/17', 'Idempotency-Key: a\r\n'],
  ['whose key is spelled with _', declared, '/orders', 'Idempotency_Key: a\r\n'],
  ['whose key has another name', declared, '/orders', 'X-Idempotency-Key: a\r\n'],
  ['with an empty key', declared, '/orders', 'Idempotency-Key:\r\n'],
  ['with two keys', declared, '/orders', 'Idempotency-Key: a\r\nIdempotency-Key: b\r\n'],
  [
    'whose key ends at this hop',
    declared,
    '/orders',
    'Idempotency-Key: a\r\nConnection: Idempotency-Key\r\n',
  ],
  ['whose key is spelled with _, where one would be minted', minting, '/orders', 'Idempotency_Key: a\r\n'],
  ['with an empty key, where one would be minted', minting, '/orders', 'Idempotency-Key:\r\n'],
  ['on another path than where a key is minted', minting, '/carts', ''],
]

for (const [what, route, path, fields] of unlicensed) {
  test(`a POST ${what} is answered 502 and reached one instance only`, async (t) => {
    const { port, effects, quiet } = await startFleet(t, [route])
    const client = await connectRaw(t, port)
    client.send(`POST ${path} HTTP/1.1\r\nHost: a\r\n${fields}Content-Length: 3\r\n\r\none`)
    await client.sees('HTTP/1.1 502 ')
    await quiet()
    assert.deepEqual(
      effects.map(({ instance, body }) => [instance, body]),
      [['1', 'one']],
    )
  })
}

test('a key is minted where the client sent none, and is the same on each attempt', async (t) => {
  const { port, effects, quiet } = await startFleet(t, [minting])
  assert.equal((await call(port, '/orders', { method: 'POST' }, 'one')).status, 200)
  assert.deepEqual(
    effects.map(({ instance }) => instance),
    ['1', '2', '3'],
  )
  const [first, ...others] = effects.map(({ keys }) => keys)
  assert.equal(first?.length, 1)
  assert.match(first[0] ?? '', /^"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"$/)
  assert.deepEqual(others, [first, first])
  await quiet()
})

test('each request has a minted key of its own, its resubmission by the client too', async (t) => {
  const { port, effects } = await startFleet(t, [minting])
  for (let click = 0; click < 2; click++)
    assert.equal((await call(port, '/orders', { method: 'POST' }, 'one')).status, 200)
  const keys = effects.filter(({ instance }) => instance === '3').map((effect) => effect.keys[0])
  assert.equal(new Set(keys).size, 2)
})

test('no key is minted beside the one that a client sent', async (t) => {
  const { port, effects, quiet } = await startFleet(t, [minting])
  assert.equal((await call(port, '/orders', { method: 'POST', headers: sent }, 'one')).status, 200)
  assert.deepEqual(
    effects.map(({ keys }) => keys),
    [['order-17'], ['order-17'], ['order-17']],
  )
  await quiet()
})

test('no key is added on other routes and to other methods', async (t) => {
  const { port, effects } = await startFleet(t, [minting])
  for (const [method, path] of [
    ['GET', '/orders'],
    ['PUT', '/orders'],
  ] as const)
    assert.equal((await call(port, path, { method }, method === 'PUT' ? 'one' : '')).status, 200)
  assert.equal((await call(port, '/carts', { method: 'POST' }, 'one')).status, 502)
  assert.equal(effects.length, 7)
  assert.ok(effects.every(({ keys }) => keys.length === 0))
})

test('the first declared route that fits decides, and a prefix holds for all below it', async (t) => {
  const { port, effects } = await startFleet(t, [{ path: '/api/*', methods: ['PATCH'], mint: true }])
  assert.equal((await call(port, '/api/orders/17', { method: 'PATCH' }, 'one')).status, 200)
  assert.equal(effects.length, 3)
  assert.equal((await call(port, '/api/orders/17', { method: 'POST', headers: sent }, 'one')).status, 502)
  assert.equal(effects.length, 4)
})

/** The first instance dies when it has the request, the second answers; both tell what they heard of dead owners. */
async function startPair(t: TestContext, marker: string) {
  const balancer = await startBalancer(t, { random: () => 0, enforcedRoutes: [declared], marker })
  const heard: string[][] = []
  const start = (instance: string) =>
    startHttpInstance(t, instance, (request, response) => {
      request.resume().on('end', () => {
        heard.push([instance, String(request.headers['x-drover-dead-owner'])])
        if (instance === '2') response.end('done')
        else request.socket.resetAndDestroy()
      })
    })
  const [first, second] = [await start('1'), await start('2')]
  balancer.use(first, second)
  return { ...balancer, first, second, heard }
}

test('where instances know the secret word, a POST waits for the word that its first instance is dead, and passes it on', async (t) => {
  const { port, use, first, second, heard, waits } = await startPair(t, 'secret')
  const answer = call(port, '/orders', { method: 'POST', headers: sent }, 'one')
  await waits()
  assert.deepEqual(heard, [['1', 'undefined']])
  use(second)
  assert.equal((await answer).text, 'done')
  assert.deepEqual(heard[1], ['2', `secret 1#${first.upstream.epoch}`])
})

test('of several instances that died over one POST, the next hears of all: any of them may hold the lease', async (t) => {
  const { port, use, first, second, heard, waits } = await startPair(t, 'secret')
  const third = await startHttpInstance(t, '3', (request) => {
    heard.push(['3', String(request.headers['x-drover-dead-owner'])])
    request.socket.resetAndDestroy()
  })
  use(first, third)
  const answer = call(port, '/orders', { method: 'POST', headers: sent }, 'one')
  await waits()
  use(third)
  await until('the third has died over it', () => heard.length === 2)
  await waits()
  use(second)
  assert.equal((await answer).text, 'done')
  const [one, other] = [first, third].map(({ upstream }) => `${upstream.id}#${upstream.epoch}`)
  assert.deepEqual(heard, [
    ['1', 'undefined'],
    ['3', `secret ${one}`],
    ['2', `secret ${one} ${other}`],
  ])
})

test('without that word the POST is repeated all the same, a while later', async (t) => {
  const { port, heard } = await startPair(t, 'secret')
  const answer = await call(port, '/orders', { method: 'POST', headers: sent }, 'one')
  assert.equal(answer.text, 'done')
  assert.deepEqual(heard, [
    ['1', 'undefined'],
    ['2', 'undefined'],
  ])
})

test('a client cannot say that an owner is dead', async (t) => {
  const { port, heard, use, second } = await startPair(t, 'secret')
  use(second)
  await call(port, '/', { headers: { 'x-drover-dead-owner': 'secret 1#1' } })
  assert.deepEqual(heard, [['2', 'undefined']])
})

test('a POST that waits for its repeat is not given to an instance that came since and enforces no keys', async (t) => {
  const { balancer, port, use, first, second, heard, waits } = await startPair(t, 'secret')
  use(first)
  const answer = call(port, '/orders', { method: 'POST', headers: sent }, 'one')
  await waits()
  // As the primary tells it: what the new one does not announce first, then of the new one.
  balancer.configure({ reveal: true, marker: 'secret' })
  use(second)
  assert.equal((await answer).status, 502)
  assert.deepEqual(heard, [['1', 'undefined']])
})
