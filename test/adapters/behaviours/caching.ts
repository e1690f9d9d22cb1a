// No shared cache stores an answer that used the session, and none is kept from storing the others.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Adapter, Handler } from '../adapter.ts'
import { cookieOf, runApp } from '../running-app.ts'
import { post, shopApp } from '../shop-app.ts'

const cachedByAll = { 'cache-control': 'public, max-age=60', vary: 'Accept-Encoding' }

const reader: Handler = async (visit) => {
  if (visit.method === 'POST') return shopApp(visit)
  if (visit.path !== '/untouched') await visit.session.data()
  switch (visit.path) {
    case '/silent':
      return { body: 'hello' }
    case '/unchanged':
      return { status: 304, headers: cachedByAll }
    case '/moved':
      return { redirect: '/silent' }
    case '/varies':
      return { body: 'hello', headers: { vary: '*', 'cache-control': 'no-store' } }
    case '/cdn':
      return {
        body: 'hello',
        headers: { 'cdn-cache-control': 'max-age=600', 'surrogate-control': 'max-age=600' },
      }
    default:
      return { body: 'hello', headers: cachedByAll }
  }
}

export function caching(adapter: Adapter): void {
  test('an answer that used the session is private and varies by cookie', async (context) => {
    const { visit } = await runApp(context, adapter, reader)
    const cookie = cookieOf(await visit('/theme/dark', post))
    for (const [path, cacheControl, vary] of [
      ['/public', 'private, max-age=60', 'Accept-Encoding, Cookie'],
      ['/unchanged', 'private, max-age=60', 'Accept-Encoding, Cookie'],
      ['/silent', 'private, no-cache', 'Cookie'],
      ['/moved', 'private, no-cache', /Cookie$/],
      ['/varies', 'no-store', '*'],
      ['/cdn', 'private, no-cache', 'Cookie'],
    ] as const) {
      // A visitor without a session depends on it as well: with the cookie the answer would be another.
      for (const who of [cookie, undefined]) {
        const { headers } = await visit(path, { cookie: who })
        assert.equal(headers.get('cache-control'), cacheControl, path)
        if (typeof vary === 'string') assert.equal(headers.get('vary'), vary, path)
        // Express chooses what to say of a redirect by Accept.
        else assert.match(headers.get('vary') ?? '', vary)
        assert.equal(headers.get('cdn-cache-control'), null)
        assert.equal(headers.get('surrogate-control'), null)
      }
    }
  })

  test('an answer that did not use the session is cached as the app says', async (context) => {
    const { visit } = await runApp(context, adapter, reader)
    const { headers } = await visit('/untouched')
    assert.equal(headers.get('cache-control'), cachedByAll['cache-control'])
    assert.equal(headers.get('vary'), cachedByAll.vary)
  })

  test('an answer with a session cookie is stored by nobody', async (context) => {
    const { visit } = await runApp(context, adapter, shopApp)
    const given = await visit('/theme/dark', post)
    assert.equal(given.headers.get('cache-control'), 'no-store')
    assert.equal(given.headers.get('vary'), 'Cookie')
    const changed = await visit('/theme/light', { ...post, cookie: cookieOf(given) })
    assert.equal(changed.headers.get('cache-control'), 'private, no-cache')
    const taken = await visit('/logout', { ...post, cookie: cookieOf(given) })
    assert.equal(taken.headers.get('cache-control'), 'no-store')
  })
}
