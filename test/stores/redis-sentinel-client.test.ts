// The contract of the Redis store on a Sentinel client that somebody else made.
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
const clients: { destroy: () => unknown }[] = []
before(async () => {
  servers = await startSentinels()
})
after(async () => {
  await Promise.all(clients.map((client) => client.destroy()))
  await servers.stop()
})

describe('redisSessionStore contract, injected Sentinel client', () => {
  const open = async (clock: ManualClock) => {
    const sentinelRootNodes = servers.sentinels.map(({ port }) => ({ host: '127.0.0.1', port }))
    const client = createSentinel({ name: 'herd', sentinelRootNodes, maxCommandRediscovers: 0 })
    clients.push(client)
    await client.connect()
    return redisSessionStore(client, { ...patient, clock })
  }
  for (const { name, run } of sessionStoreContract({ open, watchWithinMs })) test(name, run)
})
