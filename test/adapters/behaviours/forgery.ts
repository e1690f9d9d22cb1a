// A request that another site's page made is answered 403 before the app sees it (CSRF).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Adapter, Handler } from '../adapter.ts'
import { ask, cookieOf, responseTo, runApp } from '../running-app.ts'
import { post, shopApp } from '../shop-app.ts'

const foreign = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
const refusedText = '{"error":{"code":"CSRF_REFUSED","message":"Forbidden"}}\n'

export function forgery(adapter: Adapter): void {
  test('a forged request is 403, calls neither app nor store, and keeps the cookie', async (context) => {
    const seen: string[] = []
    const watched: Handler = (visit) => {
      seen.push(`${visit.method} ${visit.path}`)
      return shopApp(visit)
    }
    const { visit, store, reports } = await runApp(context, adapter, watched)
    const cookie = cookieOf(await visit('/login/ann', post))
    store.calls.length = 0
    seen.length = 0
    for (const headers of [foreign, { 'sec-fetch-site': 'same-site' }, { origin: 'null' }]) {
      const answer = await visit('/logout', { ...post, cookie, headers })
      assert.equal(answer.status, 403)
      assert.equal(answer.text, refusedText)
      assert.equal(answer.headers.get('cache-control'), 'no-store')
      assert.match(answer.headers.get('content-type') ?? '', /^application\/json/)
      assert.deepEqual(answer.cookies, [])
    }
    assert.deepEqual(seen, [])
    assert.deepEqual(store.calls, [])
    assert.equal(reports.length, 3)
    assert.equal((await visit('/me', { cookie, headers: foreign })).text, '{"principal":"ann"}')
  })

  test('a WebSocket that another site opens is refused, though its request is a GET', async (context) => {
    const app = await runApp(context, adapter, shopApp)
    const cookie = cookieOf(await app.visit('/login/ann', post))
    const upgrade = { cookie, connection: 'Upgrade', upgrade: 'websocket' }
    for (const [origin, status] of [
      [app.url, 200],
      ['https://evil.example', 403],
    ] as const) {
      const answer = await responseTo(ask(app, '/me', { headers: { ...upgrade, origin } }))
      answer.resume()
      assert.equal(answer.statusCode, status)
    }
  })

  test('a request with a body that is refused does not hurt the next one', async (context) => {
    const { visit } = await runApp(context, adapter, shopApp)
    const cookie = cookieOf(await visit('/login/ann', post))
    const body = 'x'.repeat(100_000)
    assert.equal((await visit('/theme/dark', { ...post, cookie, headers: foreign, body })).status, 403)
    assert.equal((await visit('/me', { cookie })).text, '{"principal":"ann"}')
  })

  test('a request of the same origin, and one of no browser, is let through', async (context) => {
    const { visit, url } = await runApp(context, adapter, shopApp)
    const cookie = cookieOf(await visit('/login/ann', post))
    for (const headers of [{ 'sec-fetch-site': 'same-origin' }, { origin: url }, {}]) {
      assert.equal((await visit('/theme/dark', { ...post, cookie, headers })).status, 200)
    }
  })

  test('where tokens are wanted, a client that tells no origin brings one', async (context) => {
    const { visit, store } = await runApp(context, adapter, shopApp, { csrf: 'token' })
    const given = await visit('/token')
    const cookie = cookieOf(given)
    const withToken = (token: string) =>
      visit('/theme/dark', { ...post, cookie, headers: { 'x-csrf-token': token } })
    assert.equal((await withToken(given.text)).status, 200)
    const refused = await withToken('made-up')
    assert.equal(refused.status, 403)
    assert.equal(refused.text, refusedText)
    assert.equal((await visit('/theme/light', { ...post, cookie })).status, 403)
    store.failing.add('load')
    const unknown = await withToken(given.text)
    assert.equal(unknown.status, 503)
    assert.equal(unknown.headers.get('retry-after'), '1')
    assert.deepEqual(unknown.cookies, [])
  })
}
