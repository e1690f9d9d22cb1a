// What SIGTERM and SIGINT do to a process that serves, seen from outside.
import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { describe, test } from 'node:test'
import { call, connectRaw } from '../balancer/support/client.ts'
import { listen } from '../support/free-port.ts'
import { until } from '../support/until.ts'
import { ForeignBalancer } from './support/foreign-balancer.ts'
import { kinds } from './support/kinds.ts'
import { startProcess, startProgram } from './support/served-process.ts'

const handler = 'node:http handler'
const hold = 'GET /hold HTTP/1.1\r\nHost: test\r\n\r\n'

for (const { name } of kinds) {
  test(`${name}: SIGTERM under load behind a foreign balancer fails no request, and ends with exit code 0`, async (t) => {
    const served = await startProcess(t, name, { graceMs: 60_000 })
    const balancer = new ForeignBalancer(served.port, 8)
    t.after(() => balancer.stop())
    await until('requests are answered', () => balancer.answered > 200)
    served.signal('SIGTERM')
    await balancer.stopped
    assert.deepEqual(balancer.failures, [])
    assert.ok(balancer.lastAnswers > 0, 'requests were answered after the signal')
    served.say('close')
    assert.equal(await served.exited, 0, served.stderr())
    assert.deepEqual(served.lines.slice(1), ['draining', `closed after ${balancer.answered}`])
  })
}

// Each has a process of its own, and mostly waits for it.
describe('signals', { concurrency: true }, () => {
  test('the grace ends by itself', async (t) => {
    const served = await startProcess(t, handler, { graceMs: 50 })
    served.signal('SIGTERM')
    assert.equal(await served.exited, 0, served.stderr())
  })

  test('SIGINT knows no grace, and finishes what is in flight', async (t) => {
    const served = await startProcess(t, handler, { graceMs: 60_000 })
    const old = await connectRaw(t, served.port)
    old.send(hold)
    await served.prints('holding')
    served.signal('SIGINT')
    await served.prints('draining')
    served.say('release')
    await old.sees('held')
    assert.equal(await served.exited, 0, served.stderr())
  })

  test('under drover up: SIGTERM refuses new work at once, and finishes the old', async (t) => {
    const env = { DROVER_INSTANCE: '1', DROVER_MARKER: 'secret-word' }
    const served = await startProcess(t, handler, {}, env)
    const old = await connectRaw(t, served.port)
    old.send(hold)
    await served.prints('holding')
    served.signal('SIGTERM')
    await served.prints('draining')
    const refused = await call(served.port, '/')
    assert.deepEqual([refused.status, refused.headers['x-drover-not-processed']], [503, 'secret-word'])
    served.say('release')
    await old.sees('held')
    assert.equal(await served.exited, 0, served.stderr())
  })

  test('a handler that hangs is cut at the deadline: a warning, and exit code 1', async (t) => {
    const served = await startProcess(t, handler, { graceMs: 0, drainTimeoutMs: 100 })
    const old = await connectRaw(t, served.port)
    old.send(hold)
    await served.prints('holding')
    served.signal('SIGTERM')
    assert.equal(await served.exited, 1)
    assert.match(
      served.stderr(),
      /Warning: Cut 1 requests that were not finished 100 ms after the drain began/,
    )
    await old.ends()
  })

  test('another signal ends at once, by an exit code that works for process 1 too', async (t) => {
    for (const [first, second, code] of [
      ['SIGTERM', 'SIGINT', 130],
      ['SIGINT', 'SIGTERM', 143],
    ] as const) {
      const served = await startProcess(t, handler, { graceMs: 60_000, drainTimeoutMs: 60_000 })
      const old = await connectRaw(t, served.port)
      old.send(hold)
      await served.prints('holding')
      served.signal(first)
      await until(
        'it leaves',
        async () => (await call(served.port, '/readyz').catch(() => ({ status: 503 }))).status === 503,
      )
      served.signal(second)
      assert.equal(await served.exited, code)
    }
  })

  test('without signals: false, a signal ends it as any process', async (t) => {
    const served = await startProcess(t, handler, { signals: false })
    served.signal('SIGTERM')
    assert.equal(await served.exited, 'SIGTERM')
  })

  test('a port that is taken ends the process with a clear error', async (t) => {
    const other = createServer()
    const port = String(await listen(other))
    t.after(() => other.close())
    const served = startProgram(t, handler, { host: '127.0.0.1' }, { PORT: port })
    assert.equal(await served.exited, 1)
    assert.match(
      served.stderr(),
      new RegExp(`Cannot listen on 127\\.0\\.0\\.1:${port}: another process does`),
    )
    assert.match(served.stderr(), /code: 'PORT_TAKEN'/)
  })
})
