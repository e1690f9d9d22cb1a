// What serve() does, whatever kind of app it is given: one suite, run by each kind.
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { isDroverError } from '../../src/base/errors.ts'
import { call, connectRaw } from '../balancer/support/client.ts'
import { listen } from '../support/free-port.ts'
import { until } from '../support/until.ts'
import { kinds, Site } from './support/kinds.ts'
import type { Kind } from './support/kinds.ts'
import { startServed, underDrover } from './support/served.ts'

for (const kind of kinds) describe(kind.name, () => instanceSuite(kind))

function instanceSuite(kind: Kind): void {
  test('serves the app, and answers health questions before any handler', async (t) => {
    const site = new Site()
    const { ready, port } = await listening(startServed(t, await kind.create(site)))
    assert.equal(await ready, true)
    assert.equal((await call(port, '/')).text, 'hello')
    assert.equal((await call(port, '/echo', { method: 'POST' }, 'a body')).text, 'a body')
    site.seen.length = 0
    for (const path of ['/readyz', '/livez', '/readyz?verbose']) {
      const answer = await call(port, path)
      assert.equal(answer.status, 200)
      assert.equal(answer.headers['cache-control'], 'no-store')
      const head = await call(port, path, { method: 'HEAD' })
      assert.deepEqual(
        [head.status, head.headers['content-length'], head.text],
        [200, String(answer.body.length), ''],
      )
      assert.equal((await call(port, path, { method: 'POST' }, 'x')).status, 405)
    }
    assert.deepEqual(site.seen, [])
  })

  test('is not ready until its check passes, but alive', async (t) => {
    const site = new Site()
    let answer = false
    const instance = await listening(startServed(t, await kind.create(site), { ready: () => answer }))
    const early = await call(instance.port, '/readyz')
    assert.deepEqual([early.status, early.headers['retry-after']], [503, '1'])
    assert.equal((await call(instance.port, '/livez')).status, 200)
    answer = true
    assert.equal(await instance.ready, true)
    assert.equal((await call(instance.port, '/readyz')).status, 200)
    assert.deepEqual(site.seen, [])
  })

  test('under drover up: refuses new work with the marker before any handler, and finishes the old', async (t) => {
    const site = new Site()
    const instance = await listening(startServed(t, await kind.create(site), {}, underDrover))
    await instance.ready
    const old = call(instance.port, '/hold')
    await until('the handler has it', () => site.seen.includes('GET /hold'))
    const drained = instance.drain()
    await until('it drains', () => instance.state === 'draining')

    const refused = await call(instance.port, '/echo', { method: 'POST' }, Buffer.alloc(1_000_000))
    assert.equal(refused.status, 503)
    assert.equal(refused.headers['x-drover-not-processed'], 'secret-word')
    assert.equal(refused.headers['retry-after'], '1')
    assert.equal(refused.headers.connection, 'close')
    const readiness = await call(instance.port, '/readyz')
    assert.deepEqual([readiness.status, readiness.headers['x-drover-not-processed']], [503, undefined])
    assert.equal((await call(instance.port, '/livez')).status, 200)
    assert.deepEqual(site.seen, ['GET /hold'])

    site.release()
    const answer = await old
    assert.deepEqual([answer.text, answer.headers.connection], ['held', 'close'])
    assert.deepEqual(await drained, { requests: 0, upgraded: 0 })
    assert.equal(instance.state, 'closed')
    assert.equal(instance.server.listening, false)
  })

  test('behind a foreign balancer: serves on while readiness fails, each answer the last of its connection', async (t) => {
    const site = new Site()
    const instance = await listening(startServed(t, await kind.create(site), { graceMs: 60_000 }))
    await instance.ready
    const agent = new Agent({ keepAlive: true })
    t.after(() => agent.destroy())
    assert.equal((await call(instance.port, '/', { agent })).headers.connection, 'keep-alive')
    const drained = instance.drain()
    assert.equal(instance.state, 'leaving')
    assert.equal((await call(instance.port, '/readyz')).status, 503)
    const answer = await call(instance.port, '/', { agent })
    assert.deepEqual([answer.status, answer.text, answer.headers.connection], [200, 'hello', 'close'])
    const old = call(instance.port, '/hold', { agent })
    await until('the handler has it', () => site.seen.includes('GET /hold'))

    void instance.close()
    await until('it drains', () => instance.state === 'draining')
    site.release()
    assert.equal((await old).text, 'held')
    assert.deepEqual(await drained, { requests: 0, upgraded: 0 })
    await assert.rejects(call(instance.port, '/'), { code: 'ECONNREFUSED' })
  })

  test('cuts what is not finished at the deadline', async (t) => {
    const site = new Site()
    const options = { graceMs: 0, drainTimeoutMs: 50 }
    const instance = await listening(startServed(t, await kind.create(site), options))
    await instance.ready
    const client = await connectRaw(t, instance.port)
    client.send('GET /hold HTTP/1.1\r\nHost: test\r\n\r\n')
    await until('the handler has it', () => site.seen.includes('GET /hold'))
    assert.deepEqual(await instance.drain(), { requests: 1, upgraded: 0 })
    await client.ends()
    assert.equal(client.received(), '')
    site.release()
  })

  test('says so when the port is taken', async (t) => {
    const other = createServer()
    const port = await listen(other)
    t.after(() => other.close())
    const instance = startServed(t, await kind.create(new Site()), { port })
    await assert.rejects(instance.ready, (error) => {
      assert.ok(isDroverError(error, 'PORT_TAKEN'))
      assert.match(
        error.message,
        new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${port}: another process does; `),
      )
      return true
    })
    assert.equal(instance.state, 'closed')
    assert.deepEqual(await instance.close(), { requests: 0, upgraded: 0 })
  })

  test('is closed while it starts', async (t) => {
    const instance = startServed(t, await kind.create(new Site()))
    assert.deepEqual(await instance.close(), { requests: 0, upgraded: 0 })
    assert.deepEqual([await instance.ready, instance.state], [false, 'closed'])
  })
}

async function listening<Served extends { readonly state: string }>(instance: Served): Promise<Served> {
  await until('it listens', () => instance.state !== 'starting')
  return instance
}
