// What every adapter on node:http must do beside the shared suite: answers that the app writes by hand.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { Adapter } from './adapter.ts'
import { ask, cookieOf, responseTo, runApp, textOf } from './running-app.ts'
import { post, shopApp } from './shop-app.ts'

export function nodeSuite(adapter: Adapter): void {
  test('headers and cookies given to writeHead stay, beside the session cookie', async (context) => {
    const heads = [
      { 'set-cookie': ['theme=dark', 'lang=en'], 'x-app': 'yes' },
      ['set-cookie', 'theme=dark', 'set-cookie', 'lang=en', 'x-app', 'yes'],
    ]
    for (const head of heads) {
      const { visit } = await runApp(context, adapter, async ({ session, res }) => {
        await session.login('ann')
        res.setHeader('x-app', 'no')
        res.writeHead(201, 'Made', head as string[])
        res.write('by ')
        res.end('hand')
        return undefined
      })
      const answer = await visit('/')
      assert.equal(answer.status, 201)
      assert.equal(answer.text, 'by hand')
      assert.equal(answer.headers.get('x-app'), 'yes')
      assert.deepEqual(answer.cookies.slice(0, -1), ['theme=dark', 'lang=en'])
      assert.match(answer.cookies.at(-1) ?? '', /^sid=/)
    }
  })

  test('caching given to writeHead is made private when the session was read', async (context) => {
    const { visit } = await runApp(context, adapter, async ({ path, session, res }) => {
      if (path !== '/untouched') await session.data()
      res.writeHead(200, { 'Cache-Control': 'public, max-age=60', Vary: 'Accept' })
      res.end('by hand')
      return undefined
    })
    const { headers } = await visit('/')
    assert.equal(headers.get('cache-control'), 'private, max-age=60')
    assert.equal(headers.get('vary'), 'Accept, Cookie')
    const untouched = await visit('/untouched')
    assert.equal(untouched.headers.get('cache-control'), 'public, max-age=60')
    assert.equal(untouched.headers.get('vary'), 'Accept')
  })

  test('flushHeaders sends the head after the save and before the body', async (context) => {
    const body = Promise.withResolvers<void>()
    const app = await runApp(context, adapter, async ({ session, res }) => {
      await session.login('ann')
      res.writeHead(200, { 'content-type': 'text/event-stream' })
      res.flushHeaders()
      await body.promise
      res.end('data: one\n\n')
      return undefined
    })
    const response = await responseTo(ask(app, '/'))
    assert.match(String(response.headers['set-cookie']), /^sid=/)
    body.resolve()
    assert.equal(await textOf(response), 'data: one\n\n')
  })

  test('informational answers leave at once, before the save', async (context) => {
    const app = await runApp(context, adapter, async ({ session, res }) => {
      res.writeEarlyHints({ link: '</style.css>; rel=preload' })
      await session.login('ann')
      res.writeHead(200)
      res.end('done')
      return undefined
    })
    const held = app.store.holdNext('create')
    const asked = ask(app, '/')
    const [hints] = await once(asked, 'information')
    assert.equal(hints.statusCode, 103)
    await held.reached
    held.release()
    const response = await responseTo(asked)
    assert.equal(response.statusCode, 200)
    assert.match(String(response.headers['set-cookie']), /^sid=/)
    assert.equal(await textOf(response), 'done')
  })

  test('what changes while an answer streams is saved before its end', async (context) => {
    const { visit } = await runApp(context, adapter, async (asked) => {
      if (asked.path !== '/') return shopApp(asked)
      const { session, res } = asked
      res.writeHead(200)
      res.write('one')
      ;(await session.data()).theme = 'dark'
      res.end('two')
      return undefined
    })
    const cookie = cookieOf(await visit('/login/ann', post))
    assert.equal((await visit('/', { cookie })).text, 'onetwo')
    assert.equal((await visit('/me', { cookie })).text, '{"principal":"ann","theme":"dark"}')
  })

  test('a stream whose last save fails is cut, so that it is not taken for complete', async (context) => {
    const app = await runApp(context, adapter, async (asked) => {
      if (asked.path !== '/') return shopApp(asked)
      const { session, res } = asked
      res.writeHead(200)
      res.write('one')
      ;(await session.data()).theme = 'dark'
      res.end('two')
      return undefined
    })
    const cookie = cookieOf(await app.visit('/login/ann', post))
    app.store.failing.add('save')
    const response = await responseTo(ask(app, '/', { headers: { cookie } }))
    await assert.rejects(textOf(response), { code: 'ECONNRESET' })
    assert.equal(app.reports.length, 1)
  })

  test('a writer that does not listen to backpressure is refused, not buffered without end', async (context) => {
    const { visit } = await runApp(context, adapter, async ({ session, res }) => {
      await session.login('ann')
      res.writeHead(200)
      for (let chunk = 0; chunk < 20; chunk += 1) res.write('x'.repeat(100_000))
      res.end()
      return undefined
    })
    const answer = await visit('/')
    assert.equal(answer.status, 500)
    assert.match(answer.text, /RESPONSE_BUFFER_FULL/)
    assert.deepEqual(answer.cookies, [])
  })

  test('a head that Node refuses is none: the answer given instead still carries the cookie', async (context) => {
    const { visit, store } = await runApp(context, adapter, async ({ session, res }) => {
      assert.throws(() => res.writeHead(200, { 'x-bad': 'a\nb' }), { code: 'ERR_INVALID_CHAR' })
      await session.login('ann')
      res.writeHead(200)
      res.end('instead')
      return undefined
    })
    const answer = await visit('/')
    assert.equal(answer.text, 'instead')
    assert.match(answer.cookies[0] ?? '', /^sid=/)
    assert.deepEqual(store.calls, ['create'])
  })
}
