// The TokenStore contract on real Redis and PostgreSQL servers, and what an outage looks like.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Pool } from 'pg'
import { RESP_TYPES, createClient } from 'redis'
import { postgresTokenStore } from '../../src/stores/postgres/index.ts'
import { redisTokenStore } from '../../src/stores/redis/index.ts'
import { tokenStoreContract } from '../../src/testing/index.ts'
import type { Clock } from '../../src/testing/index.ts'
import {
  familyAt,
  newKey,
  revokedMs,
  Told,
  turnAt,
  unavailable,
} from '../../src/testing/token-store/stage.ts'
import { systemClock } from '../../src/base/clock.ts'
import { startPostgres } from '../support/postgres-server.ts'
import type { PostgresServer } from '../support/postgres-server.ts'
import { askRedis, startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'

// Other tests share the processor: where a test is not about deadlines, they are far away.
const patient = { operationTimeoutMs: 20_000, connectTimeoutMs: 20_000, openTimeoutMs: 20_000 }

let redis: RedisServer
let postgres: PostgresServer
before(async () => {
  const started = await Promise.all([startRedis(), startPostgres()])
  redis = started[0]
  postgres = started[1]
})
after(() => Promise.all([redis.stop(), postgres.stop()]))

describe('redisTokenStore', () => {
  const open = (clock: Clock) => redisTokenStore(redis.url, { ...patient, clock })
  for (const { name, run } of tokenStoreContract({ open })) test(name, run)

  test('by an injected client with Maps and Buffers, and a prefix of its own', async () => {
    const client = await createClient({
      url: redis.url,
      commandOptions: { typeMapping: { [RESP_TYPES.MAP]: Map, [RESP_TYPES.BLOB_STRING]: Buffer } },
    }).connect()
    const openMine = (clock: Clock) => redisTokenStore(client, { ...patient, clock, keyPrefix: 'mine:' })
    for (const { run } of tokenStoreContract({ open: openMine })) await run()
    const keys = await askRedis(redis, 'KEYS', 'mine:*')
    assert.ok(Array.isArray(keys) && keys.length > 5)
    client.destroy()
  })

  test('Redis forgets by itself what is over: families, marks and the feed', async () => {
    const prefix = 'forgotten:'
    const store = redisTokenStore(redis.url, { ...patient, keyPrefix: prefix })
    const key = newKey()
    await store.createFamily(key, familyAt(systemClock))
    await store.endFamily(newKey(), systemClock.now() + revokedMs)
    const keys = await askRedis(redis, 'KEYS', `${prefix}*`)
    assert.ok(Array.isArray(keys) && keys.length === 4)
    for (const one of keys) assert.ok(Number(await askRedis(redis, 'PTTL', String(one))) > 60_000)
    await store.close()
  })

  test('the feed lets go of what is over as it grows', async () => {
    let nowMs = Date.now()
    const store = redisTokenStore(redis.url, {
      ...patient,
      keyPrefix: 'trimmed:',
      clock: { now: () => nowMs },
    })
    for (let count = 0; count < 5; count += 1) await store.endFamily(newKey(), nowMs + 10)
    nowMs += 10
    await store.endFamily(newKey(), nowMs + revokedMs)
    assert.equal(Number(await askRedis(redis, 'XLEN', 'trimmed:{revocations}:log')), 1)
    await store.close()
  })

  test('revocations that last, as of sessions in cookies, keep none that are over soon', async () => {
    let nowMs = Date.now()
    const options = { ...patient, keyPrefix: 'mixed:', clock: { now: () => nowMs } }
    const store = redisTokenStore(redis.url, options)
    const lasting = [newKey(), newKey()]
    const [early = '', late = ''] = lasting
    await store.endFamily(early, nowMs + 86_400_000)
    for (let count = 0; count < 5; count += 1) await store.endFamily(newKey(), nowMs + 10)
    nowMs += 10
    await store.endFamily(late, nowMs + 86_400_000)
    const lengths = ['log', 'log:long'].map((name) => askRedis(redis, 'XLEN', `mixed:{revocations}:${name}`))
    assert.deepEqual((await Promise.all(lengths)).map(Number), [0, 2])
    const other = redisTokenStore(redis.url, options)
    const told = new Told(other)
    for (const key of lasting) await told.until('it is replayed', () => told.ofFamily(key).length > 0)
    const key = newKey()
    await store.endFamily(key, nowMs + 10_000)
    await told.until('a short one is told', () => told.ofFamily(key).length > 0)
    await Promise.all([store.close(), other.close()])
  })

  test('what is no family, no ring and no revocation is an outage, never absent', async () => {
    const prefix = 'broken:'
    const store = redisTokenStore(redis.url, { ...patient, keyPrefix: prefix })
    const key = newKey()
    const [tag, random] = key.split('.')
    for (const command of [
      ['SET', `${prefix}{${tag}}:${random}`, 'text'],
      ['HSET', `${prefix}{${tag}}:${random}`, 't', 'text'],
    ]) {
      await askRedis(redis, ...command)
      await assert.rejects(store.loadFamily(key), unavailable)
      await assert.rejects(store.advanceFamily(key, turnAt(systemClock, 1)), unavailable)
      await askRedis(redis, 'DEL', String(command[1]))
    }
    await askRedis(redis, 'HSET', `${prefix}ring:main`, 'v', '1')
    await assert.rejects(store.loadKeys('main'), unavailable)
    await askRedis(redis, 'XADD', `${prefix}{revocations}:log`, '*', 'u', '9e15', 'r', 'nonsense')
    const told = new Told(store)
    await told.until('the cut is told', () => told.cuts.length > 0)
    assert.equal(told.currents.length, 0)
    await store.close()
  })

  test('a server that hangs cuts the feed, once; what was revoked elsewhere meanwhile is told when it is back', async (t) => {
    const [here, there] = [
      redisTokenStore(redis.url, { operationTimeoutMs: 300 }),
      redisTokenStore(redis.url, patient),
    ]
    const told = new Told(here)
    await told.until('it is current', () => told.currents.length > 0)
    t.after(() => redis.resume())
    redis.pause()
    await told.until('the cut is told', () => told.cuts.length > 0)
    await assert.rejects(here.loadFamily(newKey()), unavailable)
    const currents = told.currents.length
    const key = newKey()
    const ending = there.endFamily(key, Date.now() + revokedMs)
    redis.resume()
    await ending
    await told.until('it is told', () => told.ofFamily(key).length > 0)
    await told.until('it is current again', () => told.currents.length > currents)
    assert.equal(told.cuts.length, 1)
    await Promise.all([here.close(), there.close()])
  })
})

describe('postgresTokenStore', () => {
  const open = (clock: Clock) => postgresTokenStore(postgres.url, { ...patient, clock })
  for (const { name, run } of tokenStoreContract({ open })) test(name, run)

  test('by a pool, unprepared, in a schema of its own', async () => {
    const pool = new Pool({ connectionString: postgres.url, max: 6 })
    const options = { ...patient, schema: 'my "schema"', prepare: false }
    const openMine = (clock: Clock) => postgresTokenStore(pool, { ...options, clock })
    for (const { run } of tokenStoreContract({ open: openMine })) await run()
    const { rows } = await pool.query('SELECT count(*)::int AS n FROM "my ""schema""".drover_token_family')
    assert.ok(rows[0].n > 0)
    await pool.end()
  })

  test('a revocation whose transaction ends after later ones is told nevertheless', async () => {
    const store = postgresTokenStore(postgres.url, patient)
    const told = new Told(store)
    await told.until('it is current', () => told.currents.length > 0)
    const [early, later] = [newKey(), newKey()]
    const untilMs = Date.now() + revokedMs
    const pool = new Pool({ connectionString: postgres.url, max: 1 })
    const slow = await pool.connect()
    await slow.query('BEGIN')
    const insert = 'INSERT INTO drover_token_revocation (text, until_ms) VALUES ($1, $2)'
    await slow.query(insert, [`family ${early}`, untilMs])
    await store.endFamily(later, untilMs)
    await told.until('the later one is told', () => told.ofFamily(later).length > 0)
    assert.equal(told.ofFamily(early).length, 0)
    await slow.query('COMMIT')
    await told.until('the early one is told', () => told.ofFamily(early).length > 0)
    slow.release()
    await Promise.all([store.close(), pool.end()])
  })

  test('what is over is swept, and the rest stays', async () => {
    let nowMs = Date.now()
    const options = { ...patient, schema: 'swept', clock: { now: () => nowMs }, sweepIntervalMs: 1 }
    const store = postgresTokenStore(postgres.url, options)
    const [old, lasting] = [newKey(), newKey()]
    await store.createFamily(old, familyAt(options.clock, { absoluteDeadlineMs: nowMs + 10 }))
    await store.createFamily(lasting, familyAt(options.clock))
    await store.endFamily(newKey(), nowMs + 10)
    nowMs += 10
    const pool = new Pool({ connectionString: postgres.url, max: 1 })
    const tables = ['family', 'mark', 'revocation']
    const counts = tables.map((name) => `(SELECT count(*) FROM swept.drover_token_${name})`)
    await until('the sweep', async () => {
      const { rows } = await pool.query({ text: `SELECT ${counts.join()}`, rowMode: 'array' })
      return String(rows[0]) === '1,1,0'
    })
    assert.ok((await store.loadFamily(lasting)) !== undefined)
    await Promise.all([store.close(), pool.end()])
  })

  test('a server that hangs cuts the feed, once; what was revoked before it answers again is told', async (t) => {
    const store = postgresTokenStore(postgres.url, { operationTimeoutMs: 500, probeIntervalMs: 1 })
    const told = new Told(store)
    await told.until('it is current', () => told.currents.length > 0)
    t.after(() => postgres.resume())
    postgres.pause()
    await told.until('the cut is told', () => told.cuts.length > 0)
    await assert.rejects(store.loadFamily(newKey()), unavailable)
    const currents = told.currents.length
    postgres.resume()
    const other = postgresTokenStore(postgres.url, patient)
    const key = newKey()
    await other.endFamily(key, Date.now() + revokedMs)
    await told.until('it is told', () => told.ofFamily(key).length > 0)
    await told.until('it is current again', () => told.currents.length > currents)
    assert.equal(told.cuts.length, 1)
    await Promise.all([store.close(), other.close()])
  })
})
