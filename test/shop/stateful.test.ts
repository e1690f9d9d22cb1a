// The shop on express-session: the same shop on one server, and a forgetful one on two.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { shopServers } from './shop-servers.ts'
import { signedIn, testShop } from './shop-suite.ts'

const { url } = shopServers({
  program: 'examples/shop-stateful/server.ts',
  count: 2,
  env: (folder) => ({ DATABASE_URL: `sqlite:${join(folder, 'orders.db')}` }),
})

testShop(() => url(0))

test('the stateful shop: a visitor signed in on one server is a stranger on the other', async () => {
  const ann = await signedIn(url(0))
  await ann.post(`${url(0)}/api/cart`, { sku: 'mug', quantity: 1 })
  assert.equal((await ann.get(`${url(0)}/api/me`)).status, 200)
  assert.equal((await ann.get(`${url(1)}/api/me`)).status, 401)
  assert.deepEqual((await ann.get(`${url(1)}/api/cart`)).body, { items: [], total: 0 })
})
