// Who a request is and how it fared: ids that reach the instances, and the explanation that a client on this machine may ask for.
import assert from 'node:assert/strict'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { startBalancer, type TestBalancer, type TestBalancerOptions } from './support/balancer.ts'
import { call, connectRaw } from './support/client.ts'
import { startHttpInstance, type HttpInstance } from './support/instance.ts'

interface Fleet extends TestBalancer {
  /** The header of each request that reached an instance, in order. */
  readonly seen: readonly IncomingHttpHeaders[]
  readonly living: HttpInstance
}

/** The first instance dies when it has a request, the second answers. */
async function startFleet(t: TestContext, options: TestBalancerOptions = {}): Promise<Fleet> {
  const balancer = await startBalancer(t, { random: () => 0, ...options })
  const seen: IncomingHttpHeaders[] = []
  const start = (id: string, answer: (request: IncomingMessage, response: ServerResponse) => void) =>
    startHttpInstance(t, id, (request, response) => {
      seen.push(request.headers)
      answer(request, response)
    })
  const dying = await start('dying', ({ socket }) => socket.resetAndDestroy())
  const living = await start('living', (_request, response) => response.end('alive'))
  balancer.use(dying, living)
  return { ...balancer, seen, living }
}

const asks = { 'x-drover-trace': '1' }

test('a client on loopback that asks is told each attempt, how it ended and what was decided then', async (t) => {
  const { port, records } = await startFleet(t)
  const { headers, text } = await call(port, '/', { headers: asks })
  assert.equal(text, 'alive')
  const told = String(headers['x-drover-trace'])
  assert.match(told, new RegExp(`^request;id="${records[0]?.requestId}";queue=\\d+\\.\\d\\d, attempt;`))
  const [, first = '', second = '', ...more] = told.split(/, (?=attempt;)/)
  assert.match(
    first,
    /^attempt;instance="dying";outcome=failed;progress=sent;ms=\d+\.\d\d;why=".*(ECONNRESET|closed).*; repeat"$/,
  )
  assert.match(second, /^attempt;instance="living";outcome=under-way;progress=responded;ms=\d+\.\d\d$/)
  assert.deepEqual(more, [])
})

test('a refusal is explained too: what was tried, and why nothing more was', async (t) => {
  const { port, seen } = await startFleet(t)
  const refused = await call(port, '/', { method: 'POST', headers: asks }, 'body')
  assert.equal(refused.status, 502)
  const told = String(refused.headers['x-drover-trace'])
  assert.match(told, /, attempt;instance="dying";outcome=failed;progress=sent;ms=\d+\.\d\d;why=".*; refuse"$/)
  assert.equal(seen.length, 1)
})

test('the time that a request waited for an instance is told', async (t) => {
  const { port, use, living, waits } = await startFleet(t)
  use()
  const answer = call(port, '/', { headers: asks })
  await waits()
  use(living)
  const queue = /;queue=([\d.]+)/.exec(String((await answer).headers['x-drover-trace']))?.[1]
  assert.ok(Number(queue) > 0, queue)
})

const untold: [what: string, headers: Record<string, string>, options: TestBalancerOptions][] = [
  ['that does not ask', {}, {}],
  ['that asks for something else', { 'x-drover-trace': 'yes' }, {}],
  ['behind a proxy', { ...asks, 'x-forwarded-for': '10.0.0.1' }, {}],
  ['behind a proxy that is believed', { ...asks, 'x-forwarded-for': '127.0.0.1' }, { trustForwarded: true }],
  ['behind a proxy of another kind', { ...asks, Via: '1.1 proxy' }, {}],
  ['of a balancer that explains nothing', asks, { trace: false }],
]

for (const [what, headers, options] of untold) {
  test(`a client ${what} is told nothing, and no instance sees the question`, async (t) => {
    const { port, seen } = await startFleet(t, options)
    const answer = await call(port, '/', { headers })
    assert.equal(answer.text, 'alive')
    assert.equal(answer.headers['x-drover-trace'], undefined)
    assert.deepEqual(
      seen.map((fields) => fields['x-drover-trace']),
      [undefined, undefined],
    )
  })
}

test('the question does not reach an instance, however it is spelled', async (t) => {
  const { port, living, use, seen } = await startFleet(t)
  use(living)
  const client = await connectRaw(t, port)
  client.send('GET / HTTP/1.1\r\nHost: a\r\nX-DROVER-TRACE: 1\r\nx_drover_trace: 1\r\nX-Mine: 1\r\n\r\n')
  await client.sees('alive')
  assert.match(client.received(), /\r\nx-drover-trace: request;/)
  assert.equal(seen[0]?.['x-mine'], '1')
  assert.deepEqual(
    Object.keys(seen[0] ?? {}).filter((name) => name.includes('drover')),
    [],
  )
})

test("an app's own x-drover-trace is not passed to the client, in head or trailers, asked or not", async (t) => {
  const { port, living, use } = await startFleet(t)
  use(living)
  living.server.removeAllListeners('request').on('request', (_request, response: ServerResponse) => {
    response.writeHead(200, { 'x-drover-trace': 'forged', trailer: 'x-drover-trace' })
    response.write('alive')
    response.addTrailers({ 'x-drover-trace': 'forged' })
    response.end()
  })
  const unasked = await call(port, '/')
  assert.equal(unasked.headers['x-drover-trace'], undefined)
  assert.equal(unasked.trailers['x-drover-trace'], undefined)
  const asked = await call(port, '/', { headers: asks })
  assert.match(String(asked.headers['x-drover-trace']), /^request;[^]*"living"/)
  assert.doesNotMatch(JSON.stringify(asked.rawHeaders), /forged/)
  assert.equal(asked.trailers['x-drover-trace'], undefined)
})

const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'

test('ids that a client sent reach each instance that is asked, and the record', async (t) => {
  const { port, seen, records, quiet } = await startFleet(t)
  const headers = { 'X-Request-Id': 'order-17.a', traceparent, tracestate: 'vendor=1' }
  assert.equal((await call(port, '/', { headers })).text, 'alive')
  assert.deepEqual(
    seen.map((fields) => [fields['x-request-id'], fields['traceparent'], fields['tracestate']]),
    Array.from({ length: 2 }, () => ['order-17.a', traceparent, 'vendor=1']),
  )
  await quiet()
  const [{ requestId, traceId } = {}] = records
  assert.deepEqual([requestId, traceId], ['order-17.a', traceparent.slice(3, 35)])
})

const unusable: [what: string, fields: string][] = [
  ['none came', ''],
  [
    'those that came are malformed',
    'X-Request-Id: a b{}"\r\ntraceparent: 00-xyz-1-01\r\ntracestate: vendor=1\r\n',
  ],
  [
    'they came twice',
    `X-Request-Id: a\r\nX-Request-Id: b\r\ntraceparent: ${traceparent}\r\ntraceparent: ${traceparent}\r\n`,
  ],
]

for (const [what, fields] of unusable) {
  test(`ids are minted where ${what}: the same on each attempt, others for the next request`, async (t) => {
    const { port, seen, records } = await startFleet(t)
    for (let index = 1; index <= 2; index++) {
      const client = await connectRaw(t, port)
      client.send(`GET / HTTP/1.1\r\nHost: a\r\n${fields}Connection: close\r\n\r\n`)
      assert.equal(await client.ends(), 'closed')
    }
    const ids = seen.map((one) => `${String(one['x-request-id'])} ${one['traceparent'] as string}`)
    assert.equal(ids.length, 4)
    for (const id of ids) assert.match(id, /^[\w-]+ 00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-9a-f]$/)
    assert.deepEqual([ids[0], ids[2]], [ids[1], ids[3]])
    for (const which of [0, 1]) assert.notEqual(ids[0]?.split(' ')[which], ids[2]?.split(' ')[which])
    // A state means nothing beside another trace.
    assert.ok(seen.every(({ tracestate }) => tracestate === undefined))
    assert.deepEqual(
      records.map(({ requestId, traceId }) => `${requestId} ${traceId}`),
      [ids[0], ids[2]].map((id) => id?.replace(/ 00-([0-9a-f]{32})-.*/, ' $1')),
    )
  })
}
