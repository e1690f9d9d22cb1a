// The contract of the Redis store on a Sentinel client that somebody else made.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createSentinel } from 'redis'
import { redisSessionStore } from '../../src/stores/redis/index.ts'
import { sessionStoreContract } from '../../src/testing/index.ts'
import type { ManualClock } from '../../src/testing/index.ts'
import { startSentinels } from '../support/redis-sentinel.ts'
import type { RedisSentinels } from '../support/redis-sentinel.ts'

// Other tests share the processor: where a test is not about deadlines, they are far away.
const patient = { operationTimeoutMs: 20_000, connectTimeoutMs: 20_000, watchIntervalMs: 50 }
// Only a fault takes that long.
const watchWithinMs = 20_000

let servers: RedisSentinels
/** Each outlives its stores, as an app's does. One takes long to make; the most that a case opens have one each. */
const clients: Awaited<ReturnType<typeof connected>>[] = []
let opened = 0
before(async () => {
  servers = await startSentinels()
  for (let made = 0; made < 4; made += 1) clients.push(await connected())
})
after(async () => {
  await Promise.all(clients.map((client) => client.destroy()))
  await servers.stop()
})

function connected() {
  const sentinelRootNodes = servers.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }))
  return createSentinel({ name: 'herd', sentinelRootNodes, maxCommandRediscovers: 0 }).connect()
}

describe('redisSessionStore contract, injected Sentinel client', () => {
  const open = (clock: ManualClock) => {
    const client = clients[(opened += 1) % clients.length]
    assert.ok(client !== undefined)
    return redisSessionStore(client, { ...patient, clock })
  }
  for (const { name, run } of sessionStoreContract({ open, watchWithinMs })) test(name, run)
})
