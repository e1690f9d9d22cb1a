// Answers that leave in pieces: nothing before the save, each piece when it is there, and never more in memory than needed.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { until } from '../../support/until.ts'
import type { Adapter } from '../adapter.ts'
import { ask, cookieOf, responseTo, runApp, textOf } from '../running-app.ts'
import { shopApp } from '../shop-app.ts'

const text = { 'content-type': 'text/plain' }
const events = { 'content-type': 'text/event-stream' }

export function streams(adapter: Adapter): void {
  test('a stream leaves after the save, and each piece before the next one exists', async (context) => {
    const more = Promise.withResolvers<void>()
    async function* pieces() {
      yield 'one'
      await more.promise
      yield 'two'
    }
    const app = await runApp(context, adapter, async ({ session }) => {
      await session.login('ann')
      return { body: pieces(), headers: text }
    })
    const held = app.store.holdNext('create')
    const asked = ask(app, '/')
    let hasBegun = false
    asked.once('response', () => (hasBegun = true))
    const arriving = responseTo(asked)
    await held.reached
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate)
    assert.equal(hasBegun, false)
    held.release()
    const response = await arriving
    assert.match(String(response.headers['set-cookie']), /^sid=/)
    const [first] = await once(response, 'data')
    assert.equal(String(first), 'one')
    more.resolve()
    assert.equal(await textOf(response), 'two')
  })

  test('an event stream saves later changes by commit(), and others see them while it runs', async (context) => {
    const change = Promise.withResolvers<void>()
    const end = Promise.withResolvers<void>()
    const app = await runApp(context, adapter, async (visit) => {
      if (visit.path === '/me') return shopApp(visit)
      const { session } = visit
      await session.login('ann')
      async function* news() {
        yield 'data: hello\n\n'
        await change.promise
        ;(await session.data()).theme = 'dark'
        await session.commit()
        yield 'data: saved\n\n'
        await end.promise
      }
      return { body: news(), headers: { ...events, 'cache-control': 'no-cache' } }
    })
    const response = await responseTo(ask(app, '/events'))
    const cookie = String(response.headers['set-cookie']).split(';')[0]
    assert.match(response.headers['content-type'] ?? '', /^text\/event-stream/)
    assert.equal(response.headers['cache-control'], 'private, no-cache')
    assert.equal(String((await once(response, 'data'))[0]), 'data: hello\n\n')
    assert.equal((await app.visit('/me', { cookie })).text, '{"principal":"ann"}')
    change.resolve()
    assert.equal(String((await once(response, 'data'))[0]), 'data: saved\n\n')
    assert.equal((await app.visit('/me', { cookie })).text, '{"principal":"ann","theme":"dark"}')
    end.resolve()
    assert.equal(await textOf(response), '')
  })

  test('a sign-in after the first byte fails loudly, and nothing is stored', async (context) => {
    const told: unknown[] = []
    const app = await runApp(context, adapter, ({ session }) => {
      async function* pieces() {
        yield 'one'
        await session.login('ann')
        await session.commit().catch((error: unknown) => told.push(error))
        await session.logout()
        yield 'two'
      }
      return { body: pieces(), headers: text }
    })
    const response = await responseTo(ask(app, '/'))
    assert.equal(await textOf(response), 'onetwo')
    assert.equal(response.headers['set-cookie'], undefined)
    assert.match(String(told[0]), /the response head has left without its cookie/)
    assert.deepEqual(app.store.calls, [])
  })

  test('a stream whose save fails is 503, and its source is told to stop', async (context) => {
    let isStopped = false
    const app = await runApp(context, adapter, async ({ session }) => {
      await session.login('ann')
      return { body: endless(() => (isStopped = true)), headers: text }
    })
    app.store.failing.add('create')
    const answer = await app.visit('/')
    assert.equal(answer.status, 503)
    assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
    // A source that nobody began to read has nothing to stop.
    if (adapter.returnsResponse !== true) await until('source that has stopped', () => isStopped)
  })

  test('a large answer to a slow reader never lies in memory whole', async (context) => {
    const chunk = 'x'.repeat(256 * 1_024)
    const chunks = 160
    let made = 0
    async function* pieces() {
      for (; made < chunks; made += 1) yield chunk
    }
    const app = await runApp(context, adapter, async ({ session }) => {
      await session.login('ann')
      return { body: pieces(), headers: text }
    })
    const held = app.store.holdNext('create')
    const arriving = responseTo(ask(app, '/'))
    await held.reached
    await stalled(() => made)
    assert.ok(made <= 8, `${made} chunks while held`)
    held.release()
    const response = await arriving
    await stalled(() => made)
    // The two sockets' buffers hold some megabytes; the rest is not made before it is wanted.
    assert.ok(made < chunks / 2, `${made} of ${chunks} chunks made before anything was read`)
    let bytes = 0
    for await (const piece of response) bytes += Buffer.byteLength(piece)
    assert.equal(bytes, chunk.length * chunks)
  })

  test('a client that leaves in mid-answer stops its source, and what was saved stays', async (context) => {
    let isStopped = false
    const app = await runApp(context, adapter, async (visit) => {
      if (visit.path === '/me') return shopApp(visit)
      await visit.session.login('ann')
      return { body: endless(() => (isStopped = true)), headers: text }
    })
    const response = await responseTo(ask(app, '/'))
    await once(response, 'data')
    response.destroy()
    await until('source that has stopped', () => isStopped)
    const cookie = String(response.headers['set-cookie']).split(';')[0]
    assert.equal((await app.visit('/me', { cookie })).text, '{"principal":"ann"}')
  })

  test('a client that leaves during the save changes nothing about it', async (context) => {
    const app = await runApp(context, adapter, shopApp)
    const cookie = cookieOf(await app.visit('/login/ann', { method: 'POST' }))
    for (const fails of [false, true]) {
      const held = app.store.holdNext('save')
      const asked = ask(app, `/theme/${fails ? 'light' : 'dark'}`, { method: 'POST', headers: { cookie } })
      asked.on('error', () => undefined)
      await held.reached
      const closed = new Promise((resolve) => asked.once('close', resolve))
      asked.destroy()
      await closed
      if (fails) app.store.failing.add('save')
      held.release()
      await new Promise(setImmediate)
    }
    app.store.failing.clear()
    const saved = () => app.visit('/me', { cookie })
    await until('theme is saved', async () => (await saved()).text === '{"principal":"ann","theme":"dark"}')
  })
}

/** A body without end, that tells when nobody wants it any more. */
async function* endless(onStop: () => void): AsyncGenerator<string> {
  try {
    for (;;) {
      yield 'x'.repeat(10_000)
      await new Promise(setImmediate)
    }
  } finally {
    onStop()
  }
}

/** Resolves when the count has stood still for a while. Too early makes the test weaker, never red. */
async function stalled(count: () => number): Promise<void> {
  let last = -1
  let still = 0
  await until('source that pauses', () => {
    still = count() === last ? still + 1 : 0
    last = count()
    return still >= 20
  })
}
