// The shop on its embedded store: sessions and orders in SQLite files, shared by servers that start together.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { testKeys } from './keyed-suite.ts'
import { filesIn, shopServers } from './shop-servers.ts'
import { signedIn, testShop } from './shop-suite.ts'
import { Visitor } from './visitor.ts'

const { url, server, folder } = shopServers({
  program: 'examples/shop/server.ts',
  count: 3,
  env: filesIn,
})

testShop(() => url(0))
testKeys({ urls: () => [url(0), url(1)], sessions: () => join(folder(), 'shop.db') })

test('the shop: any server answers for a visitor whom another one signed in', async () => {
  const visitor = new Visitor()
  await visitor.post(`${url(0)}/api/cart`, { sku: 'mug', quantity: 2 })
  await visitor.post(`${url(1)}/api/login`, { user: 'ann', password: 'ann' })
  assert.deepEqual((await visitor.get(`${url(2)}/api/me`)).body, { user: 'ann' })
  const placed = await visitor.post(`${url(0)}/api/checkout`)
  assert.equal((placed.body as { total: number }).total, 3_600)
  assert.deepEqual((await visitor.get(`${url(1)}/api/cart`)).body, { items: [], total: 0 })
  await visitor.post(`${url(2)}/api/logout`)
  assert.equal((await visitor.get(`${url(0)}/api/me`)).status, 401)
})

test('the shop: different products, added at once through different servers, all stay in the cart', async () => {
  const visitor = await signedIn(url(0))
  const skus = ['mug', 'lamp', 'teapot']
  await Promise.all(
    skus.map((sku, index) => visitor.post(`${url(index)}/api/cart`, { sku, quantity: index + 1 })),
  )
  const { items } = (await visitor.get(`${url(0)}/api/cart`)).body as { items: { sku: string }[] }
  assert.deepEqual(
    items.map((item) => item.sku),
    skus,
  )
})

test('the shop: one cart, checked out at once on every server, becomes one order', async () => {
  const visitor = await signedIn(url(0), 'bob')
  await visitor.post(`${url(0)}/api/cart`, { sku: 'candle', quantity: 2 })
  const answers = await Promise.all([0, 1, 2].map((index) => visitor.post(`${url(index)}/api/checkout`)))
  const placed = answers.filter((answer) => answer.status === 201)
  assert.ok(placed.length > 0)
  const { orders } = (await visitor.get(`${url(0)}/api/orders`)).body as {
    orders: { items: { sku: string }[] }[]
  }
  assert.equal(orders.filter((order) => order.items.some((item) => item.sku === 'candle')).length, 1)
})

test('the shop: SIGTERM ends a server with exit code 0', async () => {
  const last = server(2)
  await fetch(`${url(2)}/`).then((response) => response.text())
  assert.equal(await last?.stop(), 0, last?.output())
})
