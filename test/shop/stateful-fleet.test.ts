// The "before": the shop on one server's memory, behind the same balancer as the other.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startFleet } from '../support/fleet.ts'
import { until } from '../support/until.ts'
import { Visitor } from './visitor.ts'

test('the stateful shop behind the balancer: only the instance that signed a visitor in knows the visitor', async (t) => {
  const config = 'examples/shop-stateful/drover.config.ts'
  const fleet = await startFleet({ args: ['--config', config], shop: true })
  t.after(() => fleet.dispose())
  const ann = new Visitor()
  const login = await ann.post(`${fleet.url}/api/login`, { user: 'ann', password: 'ann' })
  const home = login.headers.get('x-drover-instance')
  const statuses = new Map<string | null, number>()
  await until('every instance has answered', async () => {
    const me = await ann.get(`${fleet.url}/api/me`)
    const instance = me.headers.get('x-drover-instance')
    assert.equal(me.status, instance === home ? 200 : 401)
    statuses.set(instance, me.status)
    return statuses.size === 3
  })
  assert.deepEqual(
    [...statuses.values()].toSorted((left, right) => left - right),
    [200, 401, 401],
  )
})
