// Sessions mounted twice, of two kinds, or not at all.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sessions } from '../../../src/index.ts'
import type { Sessions } from '../../../src/index.ts'
import { MemoryStore } from '../../support/memory-store.ts'
import type { Adapter, Shop } from '../adapter.ts'
import { runApp } from '../running-app.ts'
import { post, shopApp } from '../shop-app.ts'

function otherShop(): { readonly other: Sessions<Shop>; readonly store: MemoryStore } {
  const store = new MemoryStore({ now: Date.now })
  return { other: sessions<Shop>({ store, cookieName: 'other', onError: () => undefined }), store }
}

export function mounting(adapter: Adapter): void {
  test('mounted twice, a request still has one session and one commit', async (context) => {
    let opened = 0
    const counted = (shop: Sessions<Shop>) => {
      const open = shop.open.bind(shop)
      shop.open = (...args) => {
        opened += 1
        return open(...args)
      }
      return [shop, shop]
    }
    const { visit, store } = await runApp(context, adapter, shopApp, { mounted: counted })
    assert.equal((await visit('/theme/dark', post)).cookies.length, 2)
    assert.deepEqual(store.calls, ['create'])
    // What a middleware between the two holds is the session that the handler gets.
    assert.equal(opened, 1)
  })

  test('two kinds of sessions on one request: both are saved, or the answer does not leave', async (context) => {
    const { other, store: otherStore } = otherShop()
    const app = await runApp(
      context,
      adapter,
      async ({ session, sessionOf }) => {
        ;(await session.data()).theme = 'dark'
        ;(await sessionOf(other).data()).theme = 'light'
        return { body: 'saved' }
      },
      { mounted: (shop) => [shop, other] },
    )
    const both = await app.visit('/')
    assert.equal(both.text, 'saved')
    assert.deepEqual(new Set(both.cookies.map((line) => line.split('=')[0])), new Set(['other', 'sid']))
    assert.equal(both.headers.get('vary'), 'Cookie')
    otherStore.isUnavailable = true
    const inner = await app.visit('/')
    assert.equal(inner.status, 503)
    assert.deepEqual(
      inner.cookies.filter((line) => line.startsWith('other=')),
      [],
    )
    otherStore.isUnavailable = false
    app.store.failing.add('create')
    const outer = await app.visit('/')
    assert.equal(outer.status, 503)
    assert.deepEqual(outer.cookies, [])
  })

  test('the session of a shop that is not mounted is SESSION_NOT_MOUNTED', async (context) => {
    const { other } = otherShop()
    const { visit } = await runApp(context, adapter, ({ sessionOf }) => {
      assert.throws(() => sessionOf(other), { code: 'SESSION_NOT_MOUNTED' })
      return { body: 'thrown' }
    })
    assert.equal((await visit('/')).text, 'thrown')
  })
}
