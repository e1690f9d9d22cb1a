// A Redis server that stops being a primary under the store's connection.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { redisSessionStore } from '../../src/stores/redis/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { change, newKey, record } from '../../src/testing/session-store/stage.ts'
import { startSentinels } from '../support/redis-sentinel.ts'
import { askRedis, startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { FailoverLoad } from './failover-load.ts'

/** The ids of others' connections to a server. */
async function connections(server: RedisServer): Promise<readonly string[]> {
  const text = String(await askRedis(server, 'CLIENT', 'LIST', 'TYPE', 'normal'))
  return text.split('\n').flatMap((line) => /^id=(\d+) (?!.*cmd=client\|list)/.exec(line)?.[1] ?? [])
}

// Each has servers of its own, and mostly waits for them.
describe('redisSessionStore, demotion', { concurrency: true }, () => {
  test('a server that takes no writes any more: unavailable, over a new connection each time, and found when it does', async () => {
    const [server, other] = [await startRedis(), await startRedis()]
    const store = redisSessionStore(server.url, { operationTimeoutMs: 20_000 })
    const [key, clock] = [newKey(), new ManualClock()]
    const save = () => store.save(key, change(clock, { a: '1' }))
    try {
      await store.create(key, record(clock))
      const before = await connections(server)
      await askRedis(server, 'REPLICAOF', '127.0.0.1', String(other.port))
      await assert.rejects(save(), { code: 'STORE_UNAVAILABLE', message: /READONLY/ })
      await until('new connection', async () => {
        const now = await connections(server)
        return now.length > 0 && !now.some((id) => before.includes(id))
      })
      await askRedis(server, 'REPLICAOF', 'NO', 'ONE')
      // The other server was empty, so the session is gone by now, or is not if no copy was made in time.
      await until('answer', () =>
        save().then(
          () => true,
          () => false,
        ),
      )
    } finally {
      await store.close()
      await Promise.all([server.stop(), other.stop()])
    }
  })

  // Sentinel then promotes a replica while the primary still takes writes, for some time, and the other replica still follows
  // it: what has to survive that must be at every replica.
  test('a failover that an operator asks for, all replicas waited for: every answer is right, nothing acknowledged is lost', async (t) => {
    const servers = await startSentinels()
    const stores = [0, 1].map(() => redisSessionStore(servers.url, { waitForReplicas: 2 }))
    const load = new FailoverLoad(stores)
    try {
      await until('load', () => load.signIns > 200)
      const primary = await servers.primary()
      const [sentinel] = servers.sentinels
      assert.ok(sentinel !== undefined)
      await askRedis(sentinel, 'SENTINEL', 'FAILOVER', 'herd')
      await until('another primary', async () => (await servers.primary()) !== primary)
      const { signIns } = load
      await until('load after the failover', () => load.signIns > signIns + 200)
      await load.stop()
      await load.verify()
      t.diagnostic(
        `${load.answered} answers, ${load.unavailable} unavailable; slowest call ${Math.round(load.slowestMs)} ms`,
      )
    } finally {
      await load.stop()
      await Promise.all(stores.map((store) => store.close()))
      await servers.stop()
    }
  })

  test('an old primary that comes back, and a Sentinel that knows no other, mislead nobody', async () => {
    // As rarely as Redis has it, so that the late one is wrong for a while.
    const servers = await startSentinels(2_000)
    const open = (url: string) => redisSessionStore(url, { operationTimeoutMs: 20_000 })
    const [store, key] = [open(servers.url), newKey()]
    const isCreated = () =>
      store.create(key, record(new ManualClock())).then(
        () => true,
        () => false,
      )
    try {
      const primary = await servers.primary()
      primary.pause()
      await until('successor', async () => (await servers.primary()) !== primary)
      await until('session at the successor', isCreated)
      const late = await servers.addSentinel(primary)
      assert.equal(await servers.primary(late), primary)
      const url = servers.url.replace('://', `://127.0.0.1:${late.port},`)
      primary.resume()
      // Each asks the Sentinels anew, the first ones while that one still names the old primary, which takes itself for one.
      for (let round = 0; round < 20; round += 1) {
        const fresh = open(url)
        const ask = () =>
          fresh.load(key).then(
            (found) => ({ found }),
            () => undefined,
          )
        assert.ok((await until('answer', ask)).found !== undefined, 'an acknowledged session is absent')
        await fresh.close()
      }
    } finally {
      await store.close()
      await servers.stop()
    }
  })
})
