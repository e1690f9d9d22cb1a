// The stores of idempotency keys and leases on real Redis and PostgreSQL servers: their contracts, and what an outage looks like.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Pool } from 'pg'
import { RESP_TYPES, createClient } from 'redis'
import { postgresIdempotencyStore, postgresLeaseStore } from '../../src/stores/postgres/index.ts'
import { redisIdempotencyStore, redisLeaseStore } from '../../src/stores/redis/index.ts'
import { idempotencyStoreContract, leaseStoreContract } from '../../src/testing/index.ts'
import type { Clock } from '../../src/testing/index.ts'
import { again, attempt } from '../../src/testing/idempotency-store/stage.ts'
import { startPostgres } from '../support/postgres-server.ts'
import type { PostgresServer } from '../support/postgres-server.ts'
import { askRedis, startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'

// Other tests share the processor: where a test is not about deadlines, they are far away.
const patient = { operationTimeoutMs: 20_000, connectTimeoutMs: 20_000, openTimeoutMs: 20_000 }
const unavailable = { name: 'DroverError', code: 'STORE_UNAVAILABLE', status: 503 }

let redis: RedisServer
let postgres: PostgresServer
before(async () => {
  const started = await Promise.all([startRedis(), startPostgres()])
  redis = started[0]
  postgres = started[1]
})
after(() => Promise.all([redis.stop(), postgres.stop()]))

describe('redisIdempotencyStore', () => {
  const open = (clock: Clock) => redisIdempotencyStore(redis.url, { ...patient, clock })
  for (const { name, run } of idempotencyStoreContract({ open })) test(name, run)

  test('by an injected client with Maps and Buffers, and a prefix of its own', async () => {
    const client = await createClient({
      url: redis.url,
      commandOptions: { typeMapping: { [RESP_TYPES.MAP]: Map, [RESP_TYPES.BLOB_STRING]: Buffer } },
    }).connect()
    const openMine = (clock: Clock) =>
      redisIdempotencyStore(client, { ...patient, clock, keyPrefix: 'mine:' })
    for (const { run } of idempotencyStoreContract({ open: openMine })) await run()
    const keys = await askRedis(redis, 'KEYS', 'mine:*')
    assert.ok(Array.isArray(keys) && keys.length > 5)
    client.destroy()
  })

  test('Redis forgets a key by itself, a minute after it is over', async () => {
    const store = redisIdempotencyStore(redis.url, patient)
    const first = attempt({ leaseMs: 1_000, retentionMs: 2_000 })
    await store.reserve(first)
    const leftMs = () => askRedis(redis, 'PTTL', `drover:idempotency:${first.key}`)
    const reservedMs = Number(await leftMs())
    assert.ok(reservedMs > 60_000 && reservedMs <= 63_000)
    await store.complete(first.key, first.token, 'answer', 10_000)
    const doneMs = Number(await leftMs())
    assert.ok(doneMs > 63_000 && doneMs <= 70_000)
    await store.close()
  })

  test('what is no entry, too few replicas and a server that hangs are outages', async (t) => {
    const first = attempt()
    const key = `drover:idempotency:${first.key}`
    const store = redisIdempotencyStore(redis.url, { operationTimeoutMs: 300 })
    for (const command of [
      ['SET', key, 'text'],
      ['HSET', key, 'f', first.fingerprint],
      ['HSET', key, 'x', 'y'],
    ]) {
      await askRedis(redis, ...command)
      await assert.rejects(store.reserve(first), unavailable)
      await askRedis(redis, 'DEL', key)
    }
    const careful = redisIdempotencyStore(redis.url, { ...patient, waitForReplicas: 1 })
    await assert.rejects(careful.reserve(first), unavailable)
    t.after(() => redis.resume())
    redis.pause()
    await assert.rejects(store.reserve(again(first)), unavailable)
    redis.resume()
    await Promise.all([store.close(), careful.close()])
  })
})

describe('redisLeaseStore', () => {
  const open = (clock: Clock) => redisLeaseStore(redis.url, { ...patient, clock })
  for (const { name, run } of leaseStoreContract({ open })) test(name, run)
})

describe('postgresIdempotencyStore', () => {
  const open = (clock: Clock) => postgresIdempotencyStore(postgres.url, { ...patient, clock })
  for (const { name, run } of idempotencyStoreContract({ open })) test(name, run)

  test('by a pool, unprepared, in a schema of its own', async () => {
    const pool = new Pool({ connectionString: postgres.url, max: 4 })
    const options = { ...patient, schema: 'my "schema"', prepare: false }
    const openMine = (clock: Clock) => postgresIdempotencyStore(pool, { ...options, clock })
    for (const { run } of idempotencyStoreContract({ open: openMine })) await run()
    const { rows } = await pool.query('SELECT count(*)::int AS n FROM "my ""schema""".drover_idempotency')
    assert.ok(rows[0].n > 0)
    await pool.end()
  })

  test('keys that are over are swept, and others stay', async (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let nowMs = Date.now()
    const options = { ...patient, schema: 'swept', clock: { now: () => nowMs }, random: () => 0.5 }
    const store = postgresIdempotencyStore(postgres.url, options)
    for (let count = 0; count < 3; count += 1) await store.reserve(attempt({ leaseMs: 1, retentionMs: 1 }))
    const kept = attempt()
    await store.reserve(kept)
    nowMs += 2
    t.mock.timers.tick(60_000)
    const pool = new Pool({ connectionString: postgres.url, max: 1 })
    let left: unknown[] = []
    while (left.length !== 1) {
      left = (await pool.query('SELECT key FROM swept.drover_idempotency')).rows
    }
    assert.deepEqual(left, [{ key: kept.key }])
    t.mock.timers.reset()
    await Promise.all([store.close(), pool.end()])
  })

  test('a server that hangs, or lost its tables, is an outage until it is back', async (t) => {
    const store = postgresIdempotencyStore(postgres.url, { operationTimeoutMs: 500, probeIntervalMs: 1 })
    const first = attempt()
    await store.reserve(first)
    t.after(() => postgres.resume())
    postgres.pause()
    await assert.rejects(store.reserve(again(first)), unavailable)
    postgres.resume()
    const patientStore = postgresIdempotencyStore(postgres.url, patient)
    assert.equal((await patientStore.reserve(again(first))).status, 'running')
    const pool = new Pool({ connectionString: postgres.url, max: 1 })
    await pool.query("DROP TABLE drover_idempotency; DELETE FROM drover_schema WHERE part = 'idempotency'")
    await assert.rejects(patientStore.reserve(again(first)), unavailable)
    assert.equal((await patientStore.reserve(again(first))).status, 'reserved')
    await Promise.all([store.close(), patientStore.close(), pool.end()])
  })
})

describe('postgresLeaseStore', () => {
  const open = (clock: Clock) => postgresLeaseStore(postgres.url, { ...patient, clock })
  for (const { name, run } of leaseStoreContract({ open })) test(name, run)
})
