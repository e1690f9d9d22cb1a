// The Redis stores on a real Cluster: their contracts, and slots that move.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createCluster } from 'redis'
import { KeyNames } from '../../src/stores/redis/keys.ts'
import { redisSessionStore, redisTokenStore } from '../../src/stores/redis/index.ts'
import { ManualClock, sessionStoreContract, tokenStoreContract } from '../../src/testing/index.ts'
import { change, newKey, newPrincipal, record } from '../../src/testing/session-store/stage.ts'
import { startCluster } from '../support/redis-cluster.ts'
import type { RedisCluster } from '../support/redis-cluster.ts'
import { askRedis, isReplica } from '../support/redis-server.ts'

// Other tests share the processor: where a test is not about deadlines, they are far away.
const patient = { operationTimeoutMs: 20_000, connectTimeoutMs: 20_000, watchIntervalMs: 50 }
// Only a fault takes that long.
const watchWithinMs = 20_000
const names = new KeyNames('drover:session:')

describe('redisSessionStore contract', () => {
  let cluster: RedisCluster
  before(async () => {
    cluster = await startCluster()
  })
  after(async () => {
    await cluster.stop()
  })

  describe('by Cluster URL', () => {
    const open = (clock: ManualClock) => redisSessionStore(cluster.url, { ...patient, clock })
    for (const { name, run } of sessionStoreContract({ open, watchWithinMs })) test(name, run)
  })

  describe('redisTokenStore by Cluster URL', () => {
    const open = (clock: ManualClock) => redisTokenStore(cluster.url, { ...patient, clock })
    for (const { name, run } of tokenStoreContract({ open })) test(name, run)
  })

  describe('on an injected Cluster client', () => {
    const connected = () => createCluster({ rootNodes: cluster.nodes.map(({ url }) => ({ url })) }).connect()
    /** Each outlives its stores, as an app's does. One takes long to make; the most that a case opens have one each. */
    const clients: Awaited<ReturnType<typeof connected>>[] = []
    let opened = 0
    before(async () => {
      for (let made = 0; made < 4; made += 1) clients.push(await connected())
    })
    after(() => {
      for (const client of clients) client.destroy()
    })
    const open = (clock: ManualClock) => {
      const client = clients[(opened += 1) % clients.length]
      assert.ok(client !== undefined)
      return redisSessionStore(client, { ...patient, clock })
    }
    for (const { name, run } of sessionStoreContract({ open, watchWithinMs })) test(name, run)
  })

  test('sessions in a slot that moves to another node are found all the way, changed and ended', async () => {
    const [store, clock] = [
      redisSessionStore(cluster.url, { ...patient, nearCache: true }),
      new ManualClock(),
    ]
    const { principal, tag } = newPrincipal()
    const keys = Array.from({ length: 20 }, () => newKey(tag))
    for (const key of keys) await store.create(key, record(clock, {}, { principal }))
    const all = () => Promise.all(keys.map((key) => store.load(key)))
    const move = await beginMove(cluster, names.session(keys[0] ?? ''))
    for (const [at, key] of keys.entries()) {
      if (at % 2 === 0) await move.key(names.session(key))
      assert.ok((await all()).every((found) => found !== undefined))
    }
    const strange = newKey(tag)
    assert.equal(await store.load(strange), undefined)
    await move.end()
    for (const [at, key] of keys.entries()) {
      assert.equal(await store.save(key, change(clock, { at: String(at) })), 'saved')
      assert.equal((await store.load(key))?.fields.get('at'), String(at))
    }
    await store.revokeAll(tag)
    assert.ok((await all()).every((found) => found === undefined))
    await store.close()
  })
})

/** Moves the slot of a key to another primary, as `redis-cli --cluster reshard` does, one key at a time. */
async function beginMove(cluster: RedisCluster, key: string) {
  const source = await cluster.primaryOf(key)
  const slot = String(await askRedis(source, 'CLUSTER', 'KEYSLOT', key))
  const roles = await Promise.all(cluster.nodes.map((node) => isReplica(node)))
  const target = cluster.nodes.find((node, at) => node !== source && roles[at] === false)
  assert.ok(target !== undefined)
  const [sourceId, targetId] = await Promise.all(
    [source, target].map((node) => askRedis(node, 'CLUSTER', 'MYID')),
  )
  await askRedis(target, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(sourceId))
  await askRedis(source, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(targetId))
  const moveKey = (moved: string) =>
    askRedis(source, 'MIGRATE', '127.0.0.1', String(target.port), moved, '0', '5000')
  return {
    key: moveKey,
    async end() {
      const left = await askRedis(source, 'CLUSTER', 'GETKEYSINSLOT', slot, '1000')
      for (const rest of Array.isArray(left) ? left : []) await moveKey(String(rest))
      for (const node of [target, source]) {
        await askRedis(node, 'CLUSTER', 'SETSLOT', slot, 'NODE', String(targetId))
      }
    },
  }
}
