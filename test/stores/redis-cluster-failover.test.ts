// The Redis store on a real Cluster, when a primary is killed, or hangs, under load.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'
import { redisSessionStore } from '../../src/stores/redis/index.ts'
import type { RedisStore } from '../../src/stores/redis/index.ts'
import { KeyNames } from '../../src/stores/redis/keys.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { newKey, newPrincipal, record } from '../../src/testing/session-store/stage.ts'
import type { Principal } from '../../src/testing/session-store/stage.ts'
import { startCluster } from '../support/redis-cluster.ts'
import type { RedisCluster } from '../support/redis-cluster.ts'
import { isReplica } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { FailoverLoad } from './failover-load.ts'

const names = new KeyNames('drover:session:')

// Each has servers of its own, and mostly waits for them.
describe('redisSessionStore on a Cluster, failover under load', { concurrency: true }, () => {
  test('a primary that is killed: every answer is right, nothing acknowledged is lost, other slots go on', async (t) => {
    await failOver(t, false, async (primary, cluster, key) => {
      await primary.stop()
      return async () => {
        // Until it has a replica again, the successor acknowledges no sign-in.
        await cluster.addReplica(await cluster.primaryOf(key, [primary]))
      }
    })
  })

  test('a primary that hangs, and goes on after its successor took over, near cache: the same', async (t) => {
    await failOver(t, true, async (primary) => {
      primary.pause()
      return async () => {
        primary.resume()
        await until('old primary that is a replica', () => isReplica(primary))
      }
    })
  })
})

/** Strikes one primary under load, waits for its sessions to be served again, repairs it, and looks at what is left. */
async function failOver(
  t: TestContext,
  nearCache: boolean,
  strike: (primary: RedisServer, cluster: RedisCluster, key: string) => Promise<() => Promise<void>>,
): Promise<void> {
  const cluster = await startCluster()
  const stores = [0, 1].map(() => redisSessionStore(cluster.url, { nearCache }))
  const [first] = stores
  assert.ok(first !== undefined)
  const load = new FailoverLoad(stores)
  try {
    await until('load', () => load.signIns > 200)
    const owner = newPrincipal()
    await until('sign-in', () => signsIn(first, owner))
    const redisKey = names.session(newKey(owner.tag))
    const primary = await cluster.primaryOf(redisKey)
    const struckMs = performance.now()
    const repair = await strike(primary, cluster, redisKey)
    const elsewhere = load.signIns
    await until('outage that shows', () => load.unavailable > 0)
    await until('list of the struck primary’s sessions', () => isListed(first, owner))
    const servedMs = performance.now() - struckMs
    assert.ok(load.signIns > elsewhere, 'an outage of one primary stopped the others')
    await repair()
    await until('sign-in at the successor', () => signsIn(first, owner))
    const repairedMs = performance.now() - struckMs
    const { signIns } = load
    await until('load after the failover', () => load.signIns > signIns + 200)
    await load.stop()
    await load.verify()
    assert.notEqual((await cluster.primaryOf(redisKey, [primary])).port, primary.port)
    t.diagnostic(
      `struck → its sessions served: ${Math.round(servedMs)} ms; → repaired, sign-ins too: ${Math.round(repairedMs)} ms; slowest call ${Math.round(load.slowestMs)} ms`,
    )
    t.diagnostic(
      `${load.answered} answers, ${load.unavailable} unavailable; ${load.acknowledgedAlive} sessions alive, ${load.acknowledgedEnded} ended`,
    )
  } finally {
    await load.stop()
    await Promise.all(stores.map((store) => store.close()))
    await cluster.stop()
  }
}

async function signsIn(store: RedisStore, { principal, tag }: Principal): Promise<boolean> {
  try {
    await store.create(newKey(tag), record(new ManualClock(), {}, { principal }))
    return true
  } catch {
    return false
  }
}

async function isListed(store: RedisStore, { tag }: Principal): Promise<boolean> {
  return (await store.list(tag).catch(() => [])).length > 0
}
