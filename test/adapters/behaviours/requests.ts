// What a request costs and changes: nothing when it does not touch its session, a read when it reads, a write when it writes.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Adapter } from '../adapter.ts'
import { cookieOf, runApp } from '../running-app.ts'
import { post, shopApp } from '../shop-app.ts'

export function requests(adapter: Adapter): void {
  test('a request that does not touch its session calls no store and gets no header', async (context) => {
    const { visit, store } = await runApp(context, adapter, shopApp)
    const cookie = cookieOf(await visit('/theme/dark', post))
    store.calls.length = 0
    for (const answer of [await visit('/plain'), await visit('/plain', { cookie }), await visit('/none')]) {
      assert.match(answer.text, /^(?:plain|no such page)$/)
      assert.deepEqual(answer.cookies, [])
      assert.equal(answer.headers.get('cache-control'), null)
      assert.equal(answer.headers.get('vary'), null)
    }
    assert.deepEqual(store.calls, [])
  })

  test('a hostile cookie is absent without a store call', async (context) => {
    const { visit, store } = await runApp(context, adapter, shopApp)
    const hostile = [
      'sid=short',
      `sid=${'a'.repeat(44)}`,
      `sid=${'!'.repeat(43)}`,
      'sid',
      'sid=',
      '=;=;;=',
      `sid="${'a'.repeat(43)}"`,
      `SID=${'a'.repeat(43)}`,
      `__Host-sid=${'a'.repeat(43)}`,
      `sid=${'a'.repeat(65_000)}`,
      'sid=x;'.repeat(10_000),
      `__proto__=x; sid[]=${'a'.repeat(43)}`,
    ]
    for (const cookie of hostile) {
      const answer = await visit('/me', { cookie })
      assert.equal(answer.text, '{}', cookie.slice(0, 60))
      assert.deepEqual(answer.cookies, [])
    }
    assert.deepEqual(store.calls, [])
  })

  test('of several session cookies the first well-formed one counts', async (context) => {
    const { visit } = await runApp(context, adapter, shopApp)
    const dark = cookieOf(await visit('/theme/dark', post))
    const light = cookieOf(await visit('/theme/light', post))
    for (const [cookie, theme] of [
      [`${dark}; ${light}`, 'dark'],
      [`${light}; ${dark}`, 'light'],
      [`sid=broken; a=1; ${dark}`, 'dark'],
    ] as const) {
      assert.equal((await visit('/me', { cookie })).text, `{"theme":"${theme}"}`)
    }
  })

  test('a request that only reads loads once, writes nothing and sets no cookie', async (context) => {
    const { visit, store } = await runApp(context, adapter, shopApp)
    const cookie = cookieOf(await visit('/theme/dark', post))
    store.calls.length = 0
    const answer = await visit('/me', { cookie })
    assert.equal(answer.text, '{"theme":"dark"}')
    assert.deepEqual(answer.cookies, [])
    assert.deepEqual(store.calls, ['load'])
    assert.equal((await visit('/me')).text, '{}')
    assert.deepEqual(store.calls, ['load'])
  })

  test('the first change gives a cookie, beside those of the app', async (context) => {
    const { visit, store } = await runApp(context, adapter, shopApp)
    const answer = await visit('/theme/dark', post)
    assert.equal(answer.status, 200)
    assert.equal(answer.cookies.length, 2)
    assert.equal(answer.cookies[0], 'seen=1; Path=/')
    assert.match(answer.cookies[1] ?? '', /^sid=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/)
    assert.equal(answer.headers.get('etag'), '"app"')
    assert.deepEqual(store.calls, ['create'])
  })

  test('concurrent requests that change different fields both survive', async (context) => {
    const { visit, store } = await runApp(context, adapter, shopApp)
    const cookie = cookieOf(await visit('/login/ann', post))
    const held = store.holdNext('save')
    const slow = visit('/cart/mug', { ...post, cookie })
    await held.reached
    assert.equal((await visit('/theme/dark', { ...post, cookie })).status, 200)
    held.release()
    assert.equal((await slow).status, 200)
    assert.equal(
      (await visit('/me', { cookie })).text,
      '{"principal":"ann","theme":"dark","cart":[{"sku":"mug","quantity":1}]}',
    )
  })

  test('an unused session ends after the idle time, a used one at its absolute deadline', async (context) => {
    const { visit, clock } = await runApp(context, adapter, shopApp, { idle: '1h', absolute: '3h' })
    const minuteMs = 60_000
    const idle = cookieOf(await visit('/login/ann', post))
    const busy = cookieOf(await visit('/login/bob', post))
    for (let minutes = 40; minutes < 180; minutes += 40) {
      clock.nowMs += 40 * minuteMs
      const { status } = await visit('/theme/dark', { ...post, cookie: busy })
      assert.equal(status, 200, `${minutes} minutes`)
    }
    assert.equal((await visit('/me', { cookie: idle })).text, '{}')
    clock.nowMs += 20 * minuteMs
    assert.equal((await visit('/me', { cookie: busy })).text, '{}')
  })

  test('a failed slide of the idle deadline is reported, and the answer does not wait for it', async (context) => {
    const { visit, store, clock, reports } = await runApp(context, adapter, shopApp, { idle: '1h' })
    const cookie = cookieOf(await visit('/login/ann', post))
    clock.nowMs += 30 * 60_000
    store.failing.add('touch')
    const held = store.holdNext('touch')
    assert.equal((await visit('/me', { cookie })).status, 200)
    assert.deepEqual(reports, [])
    held.release()
    await new Promise(setImmediate)
    assert.equal(reports.length, 1)
  })
}
