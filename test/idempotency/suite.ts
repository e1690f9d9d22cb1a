// What idempotency keys do to requests, whatever the framework: run by each of them.
import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { Mount } from './app.ts'
import { endings } from './endings.ts'
import { codeOf, failing, gate, newKey, stage } from './stage.ts'
import { until } from '../support/until.ts'

/** Counts what it does. */
function shop() {
  let orders = 0
  const app = async () => {
    orders += 1
    return {
      status: 201,
      headers: {
        'content-type': 'application/json',
        location: `/orders/${orders}`,
        'set-cookie': `last=${orders}`,
        'x-note': 'a, b',
        link: ['</orders>; rel=up', '</mugs>; rel=related'],
      },
      body: JSON.stringify({ order: orders }),
    }
  }
  return { app, orders: () => orders }
}

export function idempotencySuite(framework: string, mount: Mount): void {
  describe(`idempotency keys with ${framework}: requests`, () => {
    test('the first one runs, and its answer is given again: status, headers, body, but no cookies', async (t) => {
      const { app, orders } = shop()
      const { post } = await stage(t, mount, app)
      const key = newKey()
      const first = await post('/orders', { key })
      assert.equal(first.status, 201)
      assert.equal(first.headers.get('set-cookie'), 'last=1')
      assert.equal(first.headers.get('link'), '</orders>; rel=up, </mugs>; rel=related')
      assert.equal(first.headers.get('idempotency-replayed'), null)
      for (const spelled of [key, key.replaceAll('"', '')]) {
        const again = await post('/orders', { key: spelled })
        assert.equal(again.status, 201)
        assert.equal(again.text, first.text)
        for (const name of ['location', 'x-note', 'link', 'content-type', 'content-length']) {
          assert.equal(again.headers.get(name), first.headers.get(name), name)
        }
        assert.equal(again.headers.get('set-cookie'), null)
        assert.equal(again.headers.get('idempotency-replayed'), 'true')
      }
      assert.equal(orders(), 1)
    })

    test('without a key, and with other methods, nothing changes', async (t) => {
      const { app, orders } = shop()
      const { post } = await stage(t, mount, app)
      const key = newKey()
      await post('/orders')
      await post('/orders')
      for (const method of ['GET', 'PUT', 'GET', 'PUT']) await post('/orders', { key, method })
      assert.equal(orders(), 6)
    })

    test('a key that is missing where it is required, or malformed, is 400 and runs nothing', async (t) => {
      const { app, orders } = shop()
      const { post } = await stage(t, mount, app, { required: true })
      const missing = await post('/orders')
      assert.equal(missing.status, 400)
      assert.equal(codeOf(missing), 'IDEMPOTENCY_KEY_MISSING')
      for (const key of ['""', '"a', 'a b', '"a";b=1', '"a", "b"', `"${'x'.repeat(256)}"`, '" "']) {
        const refused = await post('/orders', { key })
        assert.equal(refused.status, 400, key)
        assert.equal(codeOf(refused), 'IDEMPOTENCY_KEY_INVALID')
      }
      assert.equal(orders(), 0)
    })

    test('the same key with another body or query is 422 and runs nothing', async (t) => {
      const { app, orders } = shop()
      const { post } = await stage(t, mount, app)
      const key = newKey()
      await post('/orders?a=1', { key })
      for (const refused of [
        await post('/orders?a=1', { key, body: '{"item":"lamp"}' }),
        await post('/orders?a=2', { key }),
        await post('/orders', { key }),
      ]) {
        assert.equal(refused.status, 422)
        assert.equal(codeOf(refused), 'IDEMPOTENCY_KEY_REUSED')
      }
      assert.equal((await post('/orders?a=1', { key })).status, 201)
      assert.equal(orders(), 1)
    })

    test('keys of other paths, methods and principals are other keys', async (t) => {
      const { app, orders } = shop()
      const { post } = await stage(t, mount, app, { principalFromHeader: true })
      const key = newKey()
      const ann = { 'x-user': 'ann' }
      await post('/orders', { key, headers: ann })
      await post('/orders', { key, headers: { 'x-user': 'bob' } })
      await post('/orders/1', { key, headers: ann })
      await post('/orders', { key, headers: ann, method: 'PATCH' })
      assert.equal(orders(), 4)
      assert.equal((await post('/orders', { key, headers: ann })).text, '{"order":1}')
      const nobody = await post('/orders', { key })
      assert.equal(nobody.status, 401)
      assert.equal(codeOf(nobody), 'IDEMPOTENCY_PRINCIPAL_UNKNOWN')
      assert.equal(orders(), 4)
    })

    test('while one runs, another is 409 with Retry-After; then it gets the answer', async (t) => {
      const { opened, open } = gate()
      let runs = 0
      const app = async () => {
        runs += 1
        await opened
        return { status: 200, body: 'done' }
      }
      const { post } = await stage(t, mount, app, { lease: '20s' })
      const key = newKey()
      const first = post('/orders', { key })
      await until('the first one runs', () => runs === 1)
      const second = await post('/orders', { key })
      assert.equal(second.status, 409)
      assert.equal(codeOf(second), 'IDEMPOTENCY_KEY_RUNNING')
      const seconds = Number(second.headers.get('retry-after'))
      assert.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 20)
      open()
      assert.equal((await first).text, 'done')
      assert.equal((await post('/orders', { key })).text, 'done')
      assert.equal(runs, 1)
    })

    test('an answer is recorded although its client is gone', async (t) => {
      const { opened, open } = gate()
      const left = new AbortController()
      let runs = 0
      const app = async () => {
        runs += 1
        await opened
        return { status: 200, body: 'done' }
      }
      const { post } = await stage(t, mount, app)
      const key = newKey()
      const first = post('/orders', { key, signal: left.signal })
      await until('it runs', () => runs === 1)
      left.abort()
      await assert.rejects(first)
      open()
      await until('the answer is there', async () => (await post('/orders', { key })).text === 'done')
      assert.equal(runs, 1)
    })

    /** The first request with a key is held by instance 3#7; `tellDead` repeats it with a word on dead owners. */
    const holdFirst = async (t: TestContext) => {
      const { opened, open } = gate()
      let runs = 0
      const app = async () => {
        runs += 1
        if (runs === 1) await opened
        return { status: 200, body: `run ${runs}` }
      }
      const environment = { DROVER_MARKER: 'secret', DROVER_INSTANCE: '3', DROVER_EPOCH: '7' }
      const { post } = await stage(t, mount, app, { environment })
      const key = newKey()
      const first = post('/orders', { key })
      await until('the first one runs', () => runs === 1)
      const tellDead = (word: string) => post('/orders', { key, headers: { 'x-drover-dead-owner': word } })
      return { post, key, first, tellDead, open }
    }

    test('a lease is stolen only by the word of the balancer that its owner is dead', async (t) => {
      const { post, key, first, tellDead, open } = await holdFirst(t)
      for (const word of [
        'secret 3#6',
        'secret 33#7',
        'secre 3#7',
        'guess 3#7',
        '3#7',
        'secret',
        '3#7 secret',
      ]) {
        assert.equal((await tellDead(word)).status, 409, word)
      }
      assert.equal((await tellDead('secret 3#7')).text, 'run 2')
      open()
      const late = await first
      assert.equal(late.status, 409)
      assert.equal(codeOf(late), 'IDEMPOTENCY_KEY_TAKEN')
      assert.equal(late.headers.get('retry-after'), '1')
      assert.equal((await post('/orders', { key })).text, 'run 2')
    })

    test('of several owners that are dead, the lease is taken from the one that has it', async (t) => {
      const { first, tellDead, open } = await holdFirst(t)
      assert.equal((await tellDead('secret 4#1 5#2')).status, 409)
      assert.equal((await tellDead('secret 4#1 3#7 5#2')).text, 'run 2')
      open()
      assert.equal(codeOf(await first), 'IDEMPOTENCY_KEY_TAKEN')
    })

    test('while the store is down a keyed request is 503 with Retry-After and runs nothing', async (t) => {
      const { app, orders } = shop()
      const { post, errors } = await stage(t, mount, app, { store: failing('reserve') })
      const refused = await post('/orders', { key: newKey() })
      assert.equal(refused.status, 503)
      assert.equal(codeOf(refused), 'STORE_UNAVAILABLE')
      assert.equal(refused.headers.get('retry-after'), '1')
      assert.equal(orders(), 0)
      assert.equal(errors.length, 1)
      assert.equal((await post('/orders')).status, 201)
    })
  })
  endings(framework, mount)
}
