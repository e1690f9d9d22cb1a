// Which answers settle a key, and how they leave.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DroverError } from '../../src/base/errors.ts'
import { memoryIdempotencyStore } from '../../src/stores/memory/index.ts'
import type { AppAnswer, Mount } from './app.ts'
import { codeOf, failing, gate, newKey, stage } from './stage.ts'

/** Answers with the statuses in turn. */
function answering(...statuses: readonly number[]) {
  let runs = 0
  const app = async (): Promise<AppAnswer> => {
    const status = statuses[runs] ?? 200
    runs += 1
    return { status, body: `run ${runs}` }
  }
  return { app, runs: () => runs }
}

async function* pieces(count: number, text: string): AsyncGenerator<string> {
  for (let at = 0; at < count; at += 1) yield text
}

export function endings(framework: string, mount: Mount): void {
  describe(`idempotency keys with ${framework}: answers`, () => {
    test('5xx, 408, 425 and 429 leave the key free; 200, 302, 404 and 409 settle it', async (t) => {
      for (const status of [500, 503, 408, 425, 429]) {
        const { app, runs } = answering(status)
        const { post } = await stage(t, mount, app)
        const key = newKey()
        assert.equal((await post('/orders', { key })).status, status)
        assert.equal((await post('/orders', { key })).text, 'run 2')
        assert.equal(runs(), 2)
      }
      for (const status of [200, 404, 409]) {
        const { app, runs } = answering(status)
        const { post } = await stage(t, mount, app)
        const key = newKey()
        await post('/orders', { key })
        const again = await post('/orders', { key })
        assert.equal(again.status, status)
        assert.equal(again.text, 'run 1')
        assert.equal(runs(), 1)
      }
    })

    test('the app may decide which statuses settle', async (t) => {
      const { app, runs } = answering(503, 404)
      const { post } = await stage(t, mount, app, { settles: (status) => status === 503 })
      const key = newKey()
      await post('/orders', { key })
      assert.equal((await post('/orders', { key })).status, 503)
      assert.equal(runs(), 1)
    })

    test('a handler that throws is answered by the framework, and leaves the key free', async (t) => {
      let runs = 0
      const app = async () => {
        runs += 1
        if (runs === 1) throw new Error('the app is broken')
        return { status: 200, body: 'well' }
      }
      const { post } = await stage(t, mount, app)
      const key = newKey()
      assert.equal((await post('/orders', { key })).status, 500)
      assert.equal((await post('/orders', { key })).text, 'well')
    })

    test('an answer without a body, and one in pieces, are given again whole', async (t) => {
      for (const answer of [
        { status: 204, body: '' },
        { status: 200, body: pieces(100, 'ä') },
      ]) {
        const { post } = await stage(t, mount, async () => answer)
        const key = newKey()
        const first = await post('/orders', { key })
        const again = await post('/orders', { key })
        assert.equal(again.headers.get('idempotency-replayed'), 'true')
        assert.deepEqual([again.status, again.text], [first.status, first.text])
        assert.equal(first.text, answer.status === 204 ? '' : 'ä'.repeat(100))
      }
    })

    test('an answer too large to keep is sent whole, once; who asks again is told so, and nothing runs', async (t) => {
      let runs = 0
      const bodies = ['x'.repeat(1_001), pieces(300, '0123456789')]
      const app = async () => ({ status: 200, body: bodies[runs++] ?? '' })
      const { post } = await stage(t, mount, app, { maxResponseBytes: 1_000 })
      for (const length of [1_001, 3_000]) {
        const key = newKey()
        const first = await post('/orders', { key })
        assert.equal(first.text.length, length)
        const again = await post('/orders', { key })
        assert.equal(again.status, 409)
        assert.equal(codeOf(again), 'IDEMPOTENCY_RESPONSE_NOT_KEPT')
        assert.equal(again.headers.get('retry-after'), null)
      }
      assert.equal(runs, 2)
    })

    test('an event stream arrives as it is written, and cannot be had again', async (t) => {
      const { opened, open } = gate()
      const events = async function* () {
        yield 'data: 1\n\n'
        await opened
        yield 'data: 2\n\n'
      }
      const headers = { 'content-type': 'text/event-stream' }
      const { url, post } = await stage(t, mount, async () => ({ status: 200, headers, body: events() }))
      const key = newKey()
      const response = await fetch(`${url}/orders`, {
        method: 'POST',
        body: '{"item":"mug"}',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
      })
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      assert.equal((await reader?.read())?.value, 'data: 1\n\n')
      assert.equal(codeOf(await post('/orders', { key })), 'IDEMPOTENCY_RESPONSE_NOT_KEPT')
      open()
      assert.equal((await reader?.read())?.value, 'data: 2\n\n')
      assert.equal((await reader?.read())?.done, true)
    })

    test('an answer that cannot be recorded leaves all the same, and is reported', async (t) => {
      const { app, runs } = answering(200)
      const { post, errors } = await stage(t, mount, app, { store: failing('complete') })
      const key = newKey()
      assert.equal((await post('/orders', { key })).text, 'run 1')
      assert.equal(errors.length, 1)
      assert.equal((await post('/orders', { key })).status, 409)
      assert.equal(runs(), 1)
    })

    test('what the answer promises is saved before the key is settled; what cannot be saved leaves it free', async (t) => {
      const steps: string[] = []
      const right = memoryIdempotencyStore()
      const store = {
        ...failing(),
        reserve: right.reserve.bind(right),
        release: right.release.bind(right),
        complete: (...args: Parameters<typeof right.complete>) => {
          steps.push('completed')
          return right.complete(...args)
        },
      }
      let isDown = true
      const save = async () => {
        steps.push('saved')
        if (isDown) throw new DroverError('STORE_UNAVAILABLE', 'Cannot save the session: it is down')
      }
      const { app, runs } = answering(200, 200)
      const { post } = await stage(t, mount, app, { store, save })
      const key = newKey()
      const first = await post('/orders', { key })
      assert.equal(first.status, 503)
      assert.equal(codeOf(first), 'STORE_UNAVAILABLE')
      assert.equal(first.headers.get('retry-after'), '1')
      isDown = false
      assert.equal((await post('/orders', { key })).text, 'run 2')
      assert.deepEqual(steps, ['saved', 'saved', 'completed'])
      assert.equal((await post('/orders', { key })).text, 'run 2')
      assert.equal(runs(), 2)
    })
  })
}
