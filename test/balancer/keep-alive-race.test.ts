// Instances close idle connections at the worst moment: just as a request is on its way. No request that R1 lets us
// repeat may fail for that.
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test } from 'node:test'
import { until } from '../support/until.ts'
import { startBalancer } from './support/balancer.ts'
import { call } from './support/client.ts'
import { startHttpInstance, startRawInstance } from './support/instance.ts'

const answer = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nalive'

test('the only instance closes a used connection when the next request comes: GET is answered on a fresh one', async (t) => {
  const balancer = await startBalancer(t)
  const instance = await startRawInstance(t, '1', ({ socket }, _head, index) => {
    if (index === 0) socket.write(answer)
    else socket.resetAndDestroy()
  })
  balancer.use(instance)
  for (let index = 0; index < 10; index++) assert.equal((await call(balancer.port, '/')).text, 'alive')
  assert.equal(instance.accepted(), 10)
  await balancer.quiet()
})

test('the only instance closes a used connection when POST comes on it: 502, and the effect is not repeated', async (t) => {
  const balancer = await startBalancer(t)
  let posts = 0
  balancer.use(
    await startRawInstance(t, '1', ({ socket }, head, index) => {
      if (head.startsWith('POST')) posts++
      if (index === 0) socket.write(answer)
      else socket.resetAndDestroy()
    }),
  )
  assert.equal((await call(balancer.port, '/')).status, 200)
  assert.equal((await call(balancer.port, '/', { method: 'POST' }, 'x')).status, 502)
  assert.equal(posts, 1)
  await balancer.quiet()
})

test('POST takes no connection that has been idle for longer than a just used one', async (t) => {
  const balancer = await startBalancer(t, { limits: { justUsedMs: -1 } })
  const instance = await startRawInstance(t, '1', ({ socket }, _head, index) => {
    if (index === 0) socket.write(answer)
    else socket.resetAndDestroy()
  })
  balancer.use(instance)
  for (let index = 0; index < 5; index++) {
    assert.equal((await call(balancer.port, '/', { method: 'POST' }, 'x')).status, 200)
  }
})

test('an idle connection that an instance closes, or speaks on, is not used again', async (t) => {
  for (const end of ['', 'HTTP/1.1 408 Request Timeout\r\n\r\n']) {
    const balancer = await startBalancer(t)
    const instance = await startRawInstance(t, '1', ({ socket }) => {
      socket.write(answer)
    })
    balancer.use(instance)
    for (let index = 1; index <= 3; index++) {
      assert.equal((await call(balancer.port, '/', { method: 'POST' }, 'x')).status, 200)
      for (const socket of instance.sockets) socket.end(end)
      await until('the connection is gone', () => instance.sockets.size === 0)
      assert.equal(instance.accepted(), index)
    }
  }
})

test('connections that instances close at random moments cost no GET', async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  let state = seed
  // A linear congruential generator is random enough here, and repeats by seed.
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
  // On a busy machine more of them cross than the budget would let be repeated; that one is not what is asked here.
  const balancer = await startBalancer(t, { limits: { retriesPerSecond: 100_000 } })
  const instances = await Promise.all(
    ['1', '2'].map((id) =>
      startHttpInstance(t, id, (_request, response) => {
        const { socket } = response
        response.end(id)
        response.once('finish', () => setTimeout(() => socket?.destroy(), random() * 4))
      }),
    ),
  )
  balancer.use(...instances)
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  t.after(() => {
    agent.destroy()
  })
  const run = async () => {
    for (let index = 0; index < 150; index++) {
      const { status, text, instance } = await call(balancer.port, '/', { agent })
      assert.deepEqual([status, text], [200, instance])
      await new Promise((resolve) => setTimeout(resolve, random() * 4))
    }
  }
  await Promise.all(Array.from({ length: 8 }, run))
  await balancer.quiet()
})
