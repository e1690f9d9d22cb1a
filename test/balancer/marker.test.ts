// An instance that leaves answers "not processed": what it refused goes elsewhere, a POST too, and nothing more goes to it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startBalancer } from './support/balancer.ts'
import { call } from './support/client.ts'
import { startHttpInstance, startRawInstance } from './support/instance.ts'

const marker = 'a-secret-word'
const refusal = (word: string) =>
  `HTTP/1.1 503 Service Unavailable\r\nx-drover-not-processed: ${word}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`

/** The first of the list is asked first. */
const random = () => 0

test('a POST that its instance has not processed takes effect once, on another', async (t) => {
  const balancer = await startBalancer(t, { marker, random })
  const effects: string[] = []
  const leaving = await startRawInstance(t, 'leaving', ({ socket }) => socket.end(refusal(marker)))
  const living = await startHttpInstance(t, 'living', (request, response) => {
    effects.push(request.method ?? '')
    request.resume().on('end', () => response.end('done'))
  })
  balancer.use(leaving, living)
  for (let index = 0; index < 5; index++) {
    const answer = await call(balancer.port, '/', { method: 'POST' }, 'body')
    assert.deepEqual([answer.status, answer.instance], [200, 'living'])
  }
  assert.deepEqual(effects, ['POST', 'POST', 'POST', 'POST', 'POST'])
  // Asked once, it is let go for good.
  assert.equal(leaving.accepted(), 1)
  assert.equal(balancer.records[0]?.attempts[0]?.outcome, 'not-processed')
})

for (const [what, options] of [
  ['of another secret', { marker, random }],
  ['where no secret is known', { random }],
] as const) {
  test(`a marker ${what} is a forgery: it licenses nothing, and the client does not see it`, async (t) => {
    const balancer = await startBalancer(t, options)
    const forging = await startRawInstance(t, 'forging', ({ socket }) => socket.end(refusal('forged')))
    const other = await startHttpInstance(t, 'other', (_request, response) => response.end())
    balancer.use(forging, other)
    const answer = await call(balancer.port, '/', { method: 'POST' }, 'body')
    assert.deepEqual([answer.status, answer.instance], [503, 'forging'])
    assert.equal(answer.headers['x-drover-not-processed'], undefined)
    assert.equal(other.accepted(), 0)
  })
}

test('a client cannot speak for an instance: its marker and its secrets end at the balancer', async (t) => {
  const balancer = await startBalancer(t, { marker })
  const seen: string[] = []
  balancer.use(
    await startHttpInstance(t, '1', (request, response) => {
      seen.push(...Object.keys(request.headers).filter((name) => name.startsWith('x-drover')))
      response.end()
    }),
  )
  const forged = { 'x-drover-not-processed': marker, 'x-drover-secret': marker, 'x-drover-trace': '1' }
  await call(balancer.port, '/', { headers: { ...forged, 'x-drover-instance': '7' } })
  assert.deepEqual(seen, [])
})
