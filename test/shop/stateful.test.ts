// The shop on express-session: the same shop on one server, and a forgetful one on two.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startShop, type ShopServer } from './shop-server.ts'
import { signedIn, testShop } from './shop-suite.ts'

const program = 'examples/shop-stateful/server.ts'
let folder: string
let servers: ShopServer[] = []

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-shop-'))
  const env = { DATABASE_URL: `sqlite:${join(folder, 'orders.db')}` }
  servers = await Promise.all([startShop({ program, env }), startShop({ program, env })])
})

after(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  await rm(folder, { recursive: true, force: true })
})

const url = (index: number): string => servers[index]?.url ?? ''

testShop(() => url(0))

test('the stateful shop: a visitor signed in on one server is a stranger on the other', async () => {
  const ann = await signedIn(url(0))
  await ann.post(`${url(0)}/api/cart`, { sku: 'mug', quantity: 1 })
  assert.equal((await ann.get(`${url(0)}/api/me`)).status, 200)
  assert.equal((await ann.get(`${url(1)}/api/me`)).status, 401)
  assert.deepEqual((await ann.get(`${url(1)}/api/cart`)).body, { items: [], total: 0 })
})
