// Keys, the balancer and the supervisor together: a POST whose instance is killed in the middle is answered, and done once.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { startFleet } from '../support/fleet.ts'
import type { FleetUnderTest } from '../support/fleet.ts'
import { newKey, postTo } from './stage.ts'

const folder = mkdtempSync(join(tmpdir(), 'drover-orders-'))
const orders = join(folder, 'orders.db')
let fleet: FleetUnderTest

before(async () => {
  const server = fileURLToPath(new URL('fixtures/orders-server.ts', import.meta.url))
  const config = {
    command: [process.execPath, '--conditions=source', server],
    instances: 3,
    env: { ORDERS: orders },
    health: '/',
    idempotentRoutes: [{ path: '/orders', mint: true }],
  }
  const path = join(folder, 'drover.config.mjs')
  writeFileSync(path, `export default ${JSON.stringify(config)}\n`)
  fleet = await startFleet({ args: ['--config', path] })
})
after(async () => {
  await fleet.dispose()
  rmSync(folder, { recursive: true })
})

function ordered(item: string): number {
  const database = new DatabaseSync(orders)
  const { n } = { ...database.prepare('SELECT count(*) AS n FROM orders WHERE item = ?').get(item) }
  database.close()
  return Number(n)
}

for (const [dieAt, isRepeated] of [
  ['before', false],
  ['after', true],
] as const) {
  for (const [whose, key] of [
    ["the client's", newKey()],
    ["the balancer's", undefined],
  ] as const) {
    test(`an order whose instance is killed ${dieAt} it is written, with ${whose} key: answered at once, done once`, async () => {
      const item = `${dieAt} ${whose}`
      const body = JSON.stringify({ item, dieAt })
      const answer = await postTo(`${fleet.url}/orders`, { key, body })
      assert.equal(answer.status, 201, answer.text)
      assert.equal(JSON.parse(answer.text).isRepeated, isRepeated)
      assert.equal(ordered(item), 1)
      if (key === undefined) return
      const again = await postTo(`${fleet.url}/orders`, { key, body })
      assert.equal(again.headers.get('idempotency-replayed'), 'true')
      assert.equal(again.text, answer.text)
      assert.equal(ordered(item), 1)
    })
  }
}
