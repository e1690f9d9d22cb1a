// The contract of the Redis store behind real Sentinels.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { redisSessionStore } from '../../src/stores/redis/index.ts'
import { sessionStoreContract } from '../../src/testing/index.ts'
import type { ManualClock } from '../../src/testing/index.ts'
import { startFixture } from '../support/fixture.ts'
import { startSentinels } from '../support/redis-sentinel.ts'
import type { RedisSentinels } from '../support/redis-sentinel.ts'
import { until } from '../support/until.ts'

// Other tests share the processor: where a test is not about deadlines, they are far away.
const patient = { operationTimeoutMs: 20_000, connectTimeoutMs: 20_000 }
// Only a fault takes that long.
const watchWithinMs = 20_000

let servers: RedisSentinels
before(async () => {
  servers = await startSentinels()
})
after(() => servers.stop())

describe('redisSessionStore contract, by Sentinel URL', () => {
  const open = (clock: ManualClock) => redisSessionStore(servers.url, { ...patient, clock })
  for (const { name, run } of sessionStoreContract({ open, watchWithinMs })) test(name, run)
})

describe('redisSessionStore behind Sentinels', () => {
  test('a process that has nothing else to do waits for its answer, and ends after close', async () => {
    const program = startFixture(new URL('./fixtures/redis-load-once.ts', import.meta.url), [servers.url])
    assert.equal(await program.exited, 0, program.stderr())
    assert.deepEqual(program.lines, ['absent'])
  })

  test('watching a session keeps no process alive', async () => {
    const program = startFixture(new URL('./fixtures/redis-watch-only.ts', import.meta.url), [
      servers.url,
      'key',
    ])
    assert.equal(await program.exited, 0, program.stderr())
  })

  test('a name that no Sentinel knows is unavailable, and says so', async () => {
    const store = redisSessionStore(servers.url.replace('/herd', '/flock'), patient)
    await assert.rejects(store.load('key'), {
      code: 'STORE_UNAVAILABLE',
      message: /no Sentinel names the primary "flock" \(.*watches no primary of this name/,
    })
    await store.close()
  })

  test('one Sentinel that hangs and one that is gone cost nothing', async () => {
    const [hung, gone] = servers.sentinels
    hung?.pause()
    await gone?.stop()
    try {
      for (let at = 0; at < 3; at += 1) {
        // From each of them on.
        const store = redisSessionStore(servers.url, { random: () => at / 3 })
        await until('answer', () =>
          store.load('key').then(
            () => true,
            () => false,
          ),
        )
        await store.close()
      }
    } finally {
      hung?.resume()
    }
  })
})
