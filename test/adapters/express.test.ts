// expressSessions against real Express, sockets and SQLite: what a visitor and an operator see.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Express } from 'express'
import { sessions } from '../../src/index.ts'
import type { Sessions } from '../../src/index.ts'
import { expressSessions, sessionOf } from '../../src/adapters/express.ts'
import { cookieOf, runApp } from './express-app.ts'
import type { Shop } from './express-app.ts'

function shopRoutes(app: Express, shop: Sessions<Shop>): void {
  app.get('/plain', (_req, res) => {
    res.send('plain')
  })
  app.get('/me', async (req, res) => {
    const { theme, cart } = await sessionOf(req, shop).data()
    res.json({ principal: await req.session.principal(), theme, cart })
  })
  app.post('/login/:name', async (req, res) => {
    await req.session.login(req.params.name)
    res.json({ ok: true })
  })
  app.post('/logout', async (req, res) => {
    await req.session.logout()
    res.json({ ok: true })
  })
  app.post('/cart/:sku', async (req, res) => {
    const data = await sessionOf(req, shop).data()
    ;(data.cart ??= []).push({ sku: req.params.sku, quantity: 1 })
    res.json(data.cart)
  })
  app.post('/theme/:theme', async (req, res) => {
    ;(await sessionOf(req, shop).data()).theme = req.params.theme
    res.set('etag', '"app"').cookie('seen', '1').json({ ok: true })
  })
}

const post = { method: 'POST' }

test('a request that does not touch its session calls no store and sets no cookie', async (context) => {
  const { visit, store } = await runApp(context, shopRoutes)
  const cookie = cookieOf(await visit('/theme/dark', post))
  store.calls.length = 0
  for (const answer of [await visit('/plain'), await visit('/plain', { cookie })]) {
    assert.equal(answer.text, 'plain')
    assert.deepEqual(answer.cookies, [])
    assert.equal(answer.headers.get('cache-control'), null)
  }
  assert.deepEqual(store.calls, [])
})

test('a malformed cookie is absent without a store call', async (context) => {
  const { visit, store } = await runApp(context, shopRoutes)
  for (const cookie of ['sid=short', `sid=${'a'.repeat(44)}`, `sid=${'!'.repeat(43)}`, 'sid']) {
    assert.equal((await visit('/me', { cookie })).text, '{}')
  }
  assert.deepEqual(store.calls, [])
})

test('reading loads once and writes nothing', async (context) => {
  const { visit, store } = await runApp(context, shopRoutes)
  const cookie = cookieOf(await visit('/theme/dark', post))
  store.calls.length = 0
  const answer = await visit('/me', { cookie })
  assert.equal(answer.text, '{"theme":"dark"}')
  assert.deepEqual(answer.cookies, [])
  assert.deepEqual(store.calls, ['load'])
})

test('a first cart gets a cookie, beside the cookies of the app, that no cache stores', async (context) => {
  const { visit } = await runApp(context, shopRoutes)
  const answer = await visit('/theme/dark', post)
  assert.equal(answer.cookies.length, 2)
  assert.match(answer.cookies[0] ?? '', /^seen=1;/)
  assert.match(answer.cookies[1] ?? '', /^sid=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/)
  assert.equal(answer.headers.get('cache-control'), 'no-store')
})

test('on HTTPS, as Express sees it, the cookie is __Host- and Secure, and the plain one is not read', async (context) => {
  const { visit } = await runApp(context, shopRoutes, { before: (app) => app.set('trust proxy', 'loopback') })
  const headers = { 'x-forwarded-proto': 'https' }
  const answer = await visit('/login/ann', { ...post, headers })
  assert.match(
    answer.cookies[0] ?? '',
    /^__Host-sid=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure$/,
  )
  const cookie = cookieOf(answer)
  assert.equal((await visit('/me', { cookie, headers })).text, '{"principal":"ann"}')
  assert.equal((await visit('/me', { cookie: cookie.replace('__Host-', ''), headers })).text, '{}')
  const gone = await visit('/logout', { ...post, cookie, headers })
  assert.deepEqual(gone.cookies, ['__Host-sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure'])
})

test('a forwarded protocol is not believed without a trusted proxy', async (context) => {
  const { visit } = await runApp(context, shopRoutes)
  const answer = await visit('/login/ann', { ...post, headers: { 'x-forwarded-proto': 'https' } })
  assert.match(answer.cookies[0] ?? '', /^sid=/)
})

test('behind the balancer the forwarded protocol decides, without any Express setting', async (context) => {
  process.env['DROVER_INSTANCE'] = 'i1'
  context.after(() => delete process.env['DROVER_INSTANCE'])
  const { visit } = await runApp(context, shopRoutes)
  const https = await visit('/login/ann', { ...post, headers: { 'x-forwarded-proto': 'https' } })
  assert.match(https.cookies[0] ?? '', /^__Host-sid=.*; Secure$/)
  const http = await visit('/login/ann', { ...post, headers: { 'x-forwarded-proto': 'http' } })
  assert.match(http.cookies[0] ?? '', /^sid=/)
})

test('login issues a new id, keeps the cart, and the id from before is worthless (fixation)', async (context) => {
  const { visit } = await runApp(context, shopRoutes)
  const planted = cookieOf(await visit('/cart/mug', post))
  const signedIn = cookieOf(await visit('/login/ann', { ...post, cookie: planted }))
  assert.notEqual(signedIn, planted)
  assert.equal(
    (await visit('/me', { cookie: signedIn })).text,
    '{"principal":"ann","cart":[{"sku":"mug","quantity":1}]}',
  )
  assert.equal((await visit('/me', { cookie: planted })).text, '{}')
})

test('logout clears the cookie and ends the session for every holder of it', async (context) => {
  const { visit } = await runApp(context, shopRoutes)
  const cookie = cookieOf(await visit('/login/ann', post))
  const answer = await visit('/logout', { ...post, cookie })
  assert.deepEqual(answer.cookies, ['sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax'])
  assert.equal((await visit('/me', { cookie })).text, '{}')
})

test('concurrent requests that change different fields both survive', async (context) => {
  const { visit, store } = await runApp(context, shopRoutes)
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

test('a slower request does not revive a session that was signed out, and is not answered 200', async (context) => {
  const { visit, store, reports } = await runApp(context, shopRoutes)
  const cookie = cookieOf(await visit('/login/ann', post))
  const held = store.holdNext('save')
  const slow = visit('/theme/dark', { ...post, cookie })
  await held.reached
  assert.equal((await visit('/logout', { ...post, cookie })).status, 200)
  held.release()
  const answer = await slow
  assert.equal(answer.status, 409)
  assert.equal(answer.text, '{"error":{"code":"SESSION_GONE","message":"Conflict"}}\n')
  // Not even cleared: by now the browser may hold the cookie of a newer sign-in.
  assert.deepEqual(answer.cookies, [])
  assert.equal((await visit('/me', { cookie })).text, '{}')
  assert.equal(reports.length, 1)
})

test('a slow reader of a session that was signed out answers, and revives nothing', async (context) => {
  const { visit, store } = await runApp(context, shopRoutes)
  const cookie = cookieOf(await visit('/login/ann', post))
  const held = store.holdNext('load')
  const slow = visit('/me', { cookie })
  await held.reached
  await visit('/logout', { ...post, cookie })
  held.release()
  assert.equal((await slow).text, '{}')
  assert.deepEqual((await slow).cookies, [])
})

for (const [path, method] of [
  ['/login/ann', 'create'],
  ['/theme/dark', 'create'],
] as const) {
  test(`POST ${path} whose save fails is 503 with Retry-After, and carries nothing of the app's answer`, async (context) => {
    const { visit, store, reports } = await runApp(context, shopRoutes)
    store.failing.add(method)
    const answer = await visit(path, post)
    assert.equal(answer.status, 503)
    assert.equal(answer.headers.get('retry-after'), '1')
    assert.deepEqual(answer.cookies, [])
    assert.equal(answer.headers.get('etag'), null)
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.text, '{"error":{"code":"STORE_UNAVAILABLE","message":"Service Unavailable"}}\n')
    assert.equal(reports.length, 1)
  })
}

test('a login or logout that cannot be saved leaves the visitor as before', async (context) => {
  const { visit, store } = await runApp(context, shopRoutes)
  const visitor = cookieOf(await visit('/cart/mug', post))
  store.failing.add('replace')
  assert.equal((await visit('/login/ann', { ...post, cookie: visitor })).status, 503)
  store.failing.clear()
  assert.equal((await visit('/me', { cookie: visitor })).text, '{"cart":[{"sku":"mug","quantity":1}]}')
  const ann = cookieOf(await visit('/login/ann', { ...post, cookie: visitor }))
  store.failing.add('delete')
  const answer = await visit('/logout', { ...post, cookie: ann })
  assert.equal(answer.status, 503)
  assert.deepEqual(answer.cookies, [])
  store.failing.clear()
  assert.match((await visit('/me', { cookie: ann })).text, /"principal":"ann"/)
})

test('a load that fails is answered 503 by Express itself, and keeps the cookie', async (context) => {
  const { visit, store } = await runApp(context, shopRoutes)
  const cookie = cookieOf(await visit('/login/ann', post))
  store.failing.add('load')
  for (const [path, init] of [
    ['/me', {}],
    ['/theme/dark', post],
    ['/login/bob', post],
  ] as const) {
    const answer = await visit(path, { ...init, cookie })
    assert.equal(answer.status, 503, path)
    assert.equal(answer.headers.get('retry-after'), '1', path)
    assert.deepEqual(answer.cookies, [], path)
  }
  store.failing.clear()
  assert.equal((await visit('/me', { cookie })).text, '{"principal":"ann"}')
})

test('a failed slide of the idle deadline is reported, and the answer does not wait for it', async (context) => {
  const { visit, store, clock, reports } = await runApp(context, shopRoutes, { idle: '1h' })
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

test('an unused session ends after the idle time, a used one at its absolute deadline', async (context) => {
  const { visit, clock } = await runApp(context, shopRoutes, { idle: '1h', absolute: '3h' })
  const minuteMs = 60_000
  const idle = cookieOf(await visit('/login/ann', post))
  const busy = cookieOf(await visit('/login/bob', post))
  for (let minutes = 40; minutes < 180; minutes += 40) {
    clock.nowMs += 40 * minuteMs
    assert.equal((await visit('/theme/dark', { ...post, cookie: busy })).status, 200, `${minutes} minutes`)
  }
  assert.equal((await visit('/me', { cookie: idle })).text, '{}')
  clock.nowMs += 20 * minuteMs
  assert.equal((await visit('/me', { cookie: busy })).text, '{}')
})

test('an answer whose data cannot be kept is 500, and the operator reads which field', async (context) => {
  const { visit, reports } = await runApp(context, (app) => {
    app.get('/', async (req, res) => {
      Object.assign(await req.session.data(), { when: new Date(0) })
      res.send('saved')
    })
  })
  const answer = await visit('/')
  assert.equal(answer.status, 500)
  assert.equal(answer.text, '{"error":{"code":"SESSION_VALUE_INVALID","message":"Internal Server Error"}}\n')
  assert.match(String(reports[0]), /Cannot keep session field "when".*a Date/)
})

test('sessionOf a request that no middleware saw is SESSION_NOT_MOUNTED', async (context) => {
  const other = sessions({ store: 'sqlite:.never-opened/other.db' })
  const { visit } = await runApp(context, (app) => {
    app.get('/', (req, res) => {
      assert.throws(() => sessionOf(req, other), { code: 'SESSION_NOT_MOUNTED' })
      res.send('thrown')
    })
  })
  assert.equal((await visit('/')).text, 'thrown')
})

test('mounted twice, a request still has one session and one commit', async (context) => {
  const { visit, store } = await runApp(context, (app, shop) => {
    app.use('/theme', expressSessions(shop))
    shopRoutes(app, shop)
  })
  assert.equal((await visit('/theme/dark', post)).cookies.length, 2)
  assert.deepEqual(store.calls, ['create'])
})
