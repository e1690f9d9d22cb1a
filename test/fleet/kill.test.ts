// The promise, end to end: instances of the real shop are killed one after another under load, and no user notices: what was
// answered is there, and nothing is there twice.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { startFleet, type FleetUnderTest } from '../support/fleet.ts'
import { ShopUser, type UserReport } from './shop-user.ts'

const users = 16
const loadMs = 10_000
const killEveryMs = 1_000

test('a SIGKILL of a random instance every second: no request fails, nobody is signed out, nothing is lost or done twice', async (t) => {
  const fleet = await startFleet({ args: ['--config', 'examples/shop/drover.config.ts'], shop: true })
  t.after(() => fleet.dispose())
  const crowd = Array.from(
    { length: users },
    (_, index) => new ShopUser(fleet.url, index % 2 === 0 ? 'ann' : 'bob'),
  )
  t.after(() => {
    for (const user of crowd) user.close()
  })
  await Promise.all(crowd.map((user) => user.signIn()))

  const endsAt = Date.now() + loadMs
  const isOver = () => Date.now() >= endsAt
  const [kills] = await Promise.all([
    killEverySecond(fleet, isOver),
    ...crowd.map(async (user) => {
      while (!isOver()) await user.shop()
    }),
  ])

  const total = sum(crowd.map((user) => user.report))
  t.diagnostic(`${kills} kills; ${total.gets} GETs, ${total.failedGets.length} failed`)
  t.diagnostic(`${total.posts} POSTs, ${total.failedPosts.length} failed; ${total.orders.length} orders`)
  assert.ok(kills >= loadMs / killEveryMs / 3, `only ${kills} instances were killed`)
  assert.ok(total.gets > users * 10, `only ${total.gets} GETs were made`)
  assert.ok(total.orders.length > users / 2, `only ${total.orders.length} orders were placed`)
  assert.deepEqual(total.failedGets, [])
  assert.deepEqual(total.failedPosts, [])
  assert.deepEqual(total.signOuts, [])
  assert.deepEqual(total.lostUpdates, [])
  assert.deepEqual(total.doubledUpdates, [])
  assert.deepEqual(storedOrders(fleet.folder), total.orders.toSorted())
})

function storedOrders(folder: string): readonly string[] {
  const database = new DatabaseSync(join(folder, 'orders.db'))
  const rows = database.prepare('SELECT id FROM orders').all()
  database.close()
  return rows.map(({ id }) => String(id)).toSorted()
}

/** Kills a random ready instance every second, whether or not the last one is back; answers how many died. */
async function killEverySecond(fleet: FleetUnderTest, isOver: () => boolean): Promise<number> {
  let kills = 0
  for (;;) {
    await delay(killEveryMs)
    if (isOver()) return kills
    const { instances } = await fleet.status()
    const ready = instances.filter((instance) => instance.state === 'ready')
    const victim = ready[Math.floor(Math.random() * ready.length)]
    if (victim?.pid == null) continue
    process.kill(victim.pid, 'SIGKILL')
    kills++
  }
}

function sum(reports: readonly UserReport[]): UserReport {
  return {
    gets: reports.reduce((count, report) => count + report.gets, 0),
    posts: reports.reduce((count, report) => count + report.posts, 0),
    failedGets: reports.flatMap((report) => report.failedGets),
    failedPosts: reports.flatMap((report) => report.failedPosts),
    signOuts: reports.flatMap((report) => report.signOuts),
    lostUpdates: reports.flatMap((report) => report.lostUpdates),
    doubledUpdates: reports.flatMap((report) => report.doubledUpdates),
    orders: reports.flatMap((report) => report.orders),
  }
}
