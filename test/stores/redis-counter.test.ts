// The rate limit's counter on Redis: what rests there, and when it goes. Its semantics are the shared contract's.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ManualClock } from '../../src/testing/index.ts'
import { newKey, record } from '../../src/testing/session-store/stage.ts'
import { startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { connect, corePrefix, coreStore } from './redis-core.ts'
import type { Client } from './redis-core.ts'

const secondUs = 1_000_000

let server: RedisServer
let client: Client
before(async () => {
  server = await startRedis()
  client = await connect(server)
})
after(async () => {
  client.destroy()
  await server.stop()
})

describe('RedisSessionStore, rate counters', () => {
  test('takes while enough is left, to the microsecond, and refills with time', async () => {
    const [clock, key] = [new ManualClock(), newKey()]
    const store = coreStore(client, { clock })
    assert.deepEqual(await store.hit(key, 0, 2 * secondUs), { isTaken: true, usedUs: 0 })
    assert.equal(await client.exists(`${corePrefix}{${key}}:rate`), 0)
    assert.deepEqual(await store.hit(key, secondUs + 1, 2 * secondUs), {
      isTaken: true,
      usedUs: secondUs + 1,
    })
    assert.deepEqual(await store.hit(key, secondUs, 2 * secondUs), { isTaken: false, usedUs: secondUs + 1 })
    assert.deepEqual(await store.hit(key, secondUs - 1, 2 * secondUs), {
      isTaken: true,
      usedUs: 2 * secondUs,
    })
    clock.advance(500)
    assert.deepEqual(await store.hit(key, 0, secondUs), { isTaken: false, usedUs: 1.5 * secondUs })
    clock.advance(1_500)
    assert.deepEqual(await store.hit(key, 0, 2 * secondUs), { isTaken: true, usedUs: 0 })
  })

  test('two servers at once never take more than there is', async () => {
    const [key, clock] = [newKey(), new ManualClock()]
    const other = await connect(server)
    const stores = [coreStore(client, { clock }), coreStore(other, { clock })]
    const hits = await Promise.all(
      stores.flatMap((store) => Array.from({ length: 100 }, () => store.hit(key, secondUs, 50 * secondUs))),
    )
    assert.equal(hits.filter((hit) => hit.isTaken).length, 50)
    other.destroy()
  })

  test('rests as one number that Redis removes a minute after it is over, and meets no session of the same key', async () => {
    const [key, clock, most] = [newKey(), new ManualClock(), 2 ** 51]
    const store = coreStore(client, { clock })
    await store.create(key, record(clock, { a: '1' }))
    assert.deepEqual(await store.hit(key, most, most), { isTaken: true, usedUs: most })
    const untilUs = clock.now() * 1_000 + most
    const redisKey = `${corePrefix}{${key}}:rate`
    assert.equal(await client.get(redisKey), String(untilUs))
    const removedMs = (await client.pExpireTime(redisKey)) - Math.ceil(untilUs / 1_000)
    assert.ok(removedMs >= 60_000 && removedMs < 90_000, `removed ${removedMs} ms after it is over`)
    assert.equal((await store.load(key))?.fields.get('a'), '1')
  })

  test('an entry that cannot be read is unavailable, and stays as it was', async () => {
    const [key, store] = [newKey(), coreStore(client)]
    const redisKey = `${corePrefix}{${key}}:rate`
    for (const text of ['', 'soon', '-1', '1.5', '0x10']) {
      await client.set(redisKey, text)
      await assert.rejects(store.hit(key, 1, 2), { code: 'STORE_UNAVAILABLE' })
      assert.equal(await client.get(redisKey), text)
    }
  })
})
