// The shop with its orders in a real PostgreSQL, whose tables three servers create at once.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startPostgres, type PostgresServer } from '../support/postgres-server.ts'
import { testKeys } from './keyed-suite.ts'
import { startShop, type ShopServer } from './shop-server.ts'
import { signedIn, testShop } from './shop-suite.ts'

const program = 'examples/shop/server.ts'
let folder: string
let postgres: PostgresServer | undefined
let servers: ShopServer[] = []

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'drover-shop-'))
  postgres = await startPostgres()
  const env = { DATABASE_URL: postgres.url, SESSION_STORE: `sqlite:${join(folder, 'shop.db')}` }
  servers = await Promise.all([1, 2, 3].map(() => startShop({ program, env })))
})

after(async () => {
  await Promise.all(servers.map((server) => server.stop()))
  await postgres?.stop()
  await rm(folder, { recursive: true, force: true })
})

const url = (index: number): string => servers[index]?.url ?? ''

testShop(() => url(0))
testKeys({ urls: () => [url(0), url(1)], sessions: () => join(folder, 'shop.db') })

test('the shop: an order placed through one server is listed by every other', async () => {
  const ann = await signedIn(url(0))
  await ann.post(`${url(0)}/api/cart`, { sku: 'plant', quantity: 1 })
  const { id } = (await ann.post(`${url(1)}/api/checkout`)).body as { id: string }
  const { orders } = (await ann.get(`${url(2)}/api/orders`)).body as { orders: { id: string }[] }
  assert.equal(orders[0]?.id, id)
})

test('the shop: GET /health answers 503 while the database is away', async () => {
  await postgres?.stop()
  const response = await fetch(`${url(0)}/health`)
  assert.equal(response.status, 503)
  await response.arrayBuffer()
})
