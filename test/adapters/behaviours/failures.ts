// A store that fails, data that cannot be kept, an app that throws: never a 200 for something that was not saved.
import assert from 'node:assert/strict'
import { Agent } from 'node:http'
import { test } from 'node:test'
import type { Adapter, Visit } from '../adapter.ts'
import { ask, cookieOf, responseTo, runApp, textOf } from '../running-app.ts'
import type { Answer } from '../running-app.ts'
import { post, shopApp } from '../shop-app.ts'

const unavailableText = '{"error":{"code":"STORE_UNAVAILABLE","message":"Service Unavailable"}}\n'

/** A whole answer in the app's place. */
function assertReplaced(answer: Answer, what: string): void {
  assert.equal(answer.status, 503, what)
  assert.equal(answer.text, unavailableText, what)
  assert.equal(answer.headers.get('retry-after'), '1', what)
  assert.equal(answer.headers.get('cache-control'), 'no-store', what)
  assert.equal(answer.headers.get('etag'), null, what)
  assert.deepEqual(answer.cookies, [], what)
}

export function failures(adapter: Adapter): void {
  const failing = [
    ['/theme/dark', 'create', 'nobody'],
    ['/login/ann', 'create', 'nobody'],
    ['/theme/light', 'save', 'visitor'],
    ['/login/ann', 'replace', 'visitor'],
    ['/theme/light', 'save', 'ann'],
    ['/login/ann', 'replace', 'ann'],
    ['/login/bob', 'create', 'ann'],
    ['/login/bob', 'delete', 'ann'],
    ['/logout', 'delete', 'ann'],
  ] as const

  test('a save that fails is 503 with Retry-After, and carries nothing of the answer', async (context) => {
    const { visit, store, reports } = await runApp(context, adapter, shopApp)
    for (const [path, method, who] of failing) {
      const cart = cookieOf(await visit('/cart/mug', post))
      const ann = cookieOf(await visit('/login/ann', post))
      store.failing.add(method)
      reports.length = 0
      const cookie = { nobody: undefined, visitor: cart, ann }[who]
      assertReplaced(await visit(path, { ...post, cookie }), `${path} of ${who}, failing to ${method}`)
      assert.equal(reports.length, 1)
      store.failing.clear()
      assert.equal((await visit('/me', { cookie: cart })).text, '{"cart":[{"sku":"mug","quantity":1}]}')
    }
  })

  test('a sign-in or sign-out that cannot be saved leaves the visitor as before', async (context) => {
    const { visit, store } = await runApp(context, adapter, shopApp)
    const ann = cookieOf(await visit('/login/ann', post))
    for (const [path, method] of [
      ['/login/ann', 'replace'],
      ['/login/bob', 'delete'],
      ['/logout', 'delete'],
    ] as const) {
      store.failing.add(method)
      assertReplaced(await visit(path, { ...post, cookie: ann }), `${path}, failing to ${method}`)
      store.failing.clear()
      assert.equal((await visit('/me', { cookie: ann })).text, '{"principal":"ann"}')
    }
  })

  test('a load that fails is 503 with Retry-After, and keeps the cookie', async (context) => {
    const { visit, store } = await runApp(context, adapter, shopApp)
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

  test('the connection of an answer that was replaced stays usable, after HEAD too', async (context) => {
    const app = await runApp(context, adapter, async (visit) => {
      await visit.session.login('ann')
      return { body: 'hello', headers: { 'content-length': '5' } }
    })
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    context.after(() => {
      agent.destroy()
    })
    const statuses: unknown[] = []
    for (const [method, fails] of [
      ['HEAD', true],
      ['GET', true],
      ['GET', false],
    ] as const) {
      if (fails) app.store.failing.add('create')
      else app.store.failing.clear()
      const asked = ask(app, '/', { agent, method })
      const response = await responseTo(asked)
      const text = await textOf(response)
      const body = fails ? unavailableText : 'hello'
      assert.equal(response.headers['content-length'], String(body.length))
      assert.equal(text, method === 'HEAD' ? '' : body)
      statuses.push([response.statusCode, asked.reusedSocket])
    }
    assert.deepEqual(statuses, [
      [503, false],
      [503, true],
      [200, true],
    ])
  })

  test('data that cannot be kept is 500, and the operator reads which field', async (context) => {
    const { visit, reports } = await runApp(context, adapter, async ({ session }) => {
      Object.assign(await session.data(), { when: new Date(0) })
      return { body: 'saved' }
    })
    const answer = await visit('/')
    assert.equal(answer.status, 500)
    assert.equal(
      answer.text,
      '{"error":{"code":"SESSION_VALUE_INVALID","message":"Internal Server Error"}}\n',
    )
    assert.match(String(reports[0]), /Cannot keep session field "when".*a Date/)
  })

  test('an app that throws before it touches its session is answered 500, and no store is called', async (context) => {
    const { visit, store } = await runApp(context, adapter, () => {
      throw new Error('a bug')
    })
    const answer = await visit('/')
    assert.equal(answer.status, 500)
    assert.deepEqual(answer.cookies, [])
    assert.deepEqual(store.calls, [])
  })

  test('an app that throws after a change is answered 500, with a cookie if and only if it was saved', async (context) => {
    const handler = async ({ path, session }: Visit) => {
      if (path === '/me') return shopApp({ method: 'GET', path, session } as Visit)
      ;(await session.data()).theme = 'dark'
      throw new Error('a bug')
    }
    const { visit, store } = await runApp(context, adapter, handler)
    const answer = await visit('/')
    assert.equal(answer.status, 500)
    assert.equal(answer.cookies.length, store.calls.length)
    const [line] = answer.cookies
    if (line !== undefined)
      assert.equal((await visit('/me', { cookie: cookieOf(answer) })).text, '{"theme":"dark"}')
    store.failing.add('create')
    const failed = await visit('/')
    assert.ok([500, 503].includes(failed.status))
    assert.deepEqual(failed.cookies, [])
  })
}
