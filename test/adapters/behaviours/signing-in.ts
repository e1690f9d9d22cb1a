// Signing in and out, over HTTP and HTTPS, and what a slower request can no longer do.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Adapter } from '../adapter.ts'
import { cookieOf, runApp } from '../running-app.ts'
import { post, shopApp } from '../shop-app.ts'

export function signingIn(adapter: Adapter): void {
  test('login issues a new id, keeps the cart, and the id from before is worthless (fixation)', async (context) => {
    const { visit } = await runApp(context, adapter, shopApp)
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
    const { visit } = await runApp(context, adapter, shopApp)
    const cookie = cookieOf(await visit('/login/ann', post))
    const answer = await visit('/logout', { ...post, cookie })
    assert.deepEqual(answer.cookies, ['sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax'])
    assert.equal((await visit('/me', { cookie })).text, '{}')
  })

  test('on HTTPS, as the framework sees it, the cookie is __Host- and Secure, and the plain one is not read', async (context) => {
    const { visit } = await runApp(context, adapter, shopApp, { trustProxy: true })
    const headers = { 'x-forwarded-proto': 'https' }
    const answer = await visit('/login/ann', { ...post, headers })
    assert.match(
      answer.cookies[0] ?? '',
      /^__Host-sid=[\w.-]+; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure$/,
    )
    const cookie = cookieOf(answer)
    assert.equal((await visit('/me', { cookie, headers })).text, '{"principal":"ann"}')
    assert.equal((await visit('/me', { cookie: cookie.replace('__Host-', ''), headers })).text, '{}')
    const gone = await visit('/logout', { ...post, cookie, headers })
    assert.deepEqual(gone.cookies, ['__Host-sid=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax; Secure'])
  })

  test('forwarded headers are not believed without a trusted proxy', async (context) => {
    const { visit, store } = await runApp(context, adapter, shopApp)
    const headers = { 'x-forwarded-proto': 'https', 'x-forwarded-for': '203.0.113.7' }
    const answer = await visit('/login/ann', { ...post, headers })
    assert.match(answer.cookies[0] ?? '', /^sid=/)
    assert.match(store.identities[0]?.ip ?? '', /127\.0\.0\.1$/)
  })

  test('a sign-in keeps the address of the client that a trusted proxy names', async (context) => {
    const { visit, store } = await runApp(context, adapter, shopApp, { trustProxy: true })
    await visit('/login/ann', { ...post, headers: { 'x-forwarded-for': '203.0.113.7' } })
    assert.equal(store.identities[0]?.ip, '203.0.113.7')
  })

  test('behind the balancer the forwarded protocol decides, without any setting of the framework', async (context) => {
    process.env['DROVER_INSTANCE'] = 'i1'
    context.after(() => delete process.env['DROVER_INSTANCE'])
    const { visit } = await runApp(context, adapter, shopApp)
    const https = await visit('/login/ann', { ...post, headers: { 'x-forwarded-proto': 'https' } })
    assert.match(https.cookies[0] ?? '', /^__Host-sid=.*; Secure$/)
    const http = await visit('/login/ann', { ...post, headers: { 'x-forwarded-proto': 'http' } })
    assert.match(http.cookies[0] ?? '', /^sid=/)
  })

  test('a slower request does not revive a session that was signed out, and is not answered 200', async (context) => {
    const { visit, store, reports } = await runApp(context, adapter, shopApp)
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
    const { visit, store } = await runApp(context, adapter, shopApp)
    const cookie = cookieOf(await visit('/login/ann', post))
    const held = store.holdNext('load')
    const slow = visit('/me', { cookie })
    await held.reached
    await visit('/logout', { ...post, cookie })
    held.release()
    assert.equal((await slow).text, '{}')
    assert.deepEqual((await slow).cookies, [])
  })
}
