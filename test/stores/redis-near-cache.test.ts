// The Redis store's near cache against the real thing: what it saves, how soon it knows better, and when it lets go.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Clock } from '../../src/base/clock.ts'
import { isDroverError } from '../../src/base/errors.ts'
import { redisSessionStore } from '../../src/stores/redis/index.ts'
import type { RedisStore, RedisStoreOptions } from '../../src/stores/redis/index.ts'
import { ManualClock, sessionStoreContract } from '../../src/testing/index.ts'
import { change, identity, newKey, newPrincipal, record } from '../../src/testing/session-store/stage.ts'
import { startFixture } from '../support/fixture.ts'
import { askRedis, startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { quantile } from './quantile.ts'
import { settled } from './settled-store.ts'

const patient = { operationTimeoutMs: 20_000, connectTimeoutMs: 20_000, nearCache: true }
const unavailable = { name: 'DroverError', code: 'STORE_UNAVAILABLE' }

let server: RedisServer
before(async () => {
  server = await startRedis()
})
after(() => server.stop())

const opened: RedisStore[] = []
after(() => Promise.all(opened.map((store) => store.close())))

function openStore(options: RedisStoreOptions = patient, on: RedisServer = server): RedisStore {
  const store = redisSessionStore(on.url, options)
  opened.push(store)
  return store
}

/** How many commands the server did that read a session. */
async function readsDone(): Promise<number> {
  const text = String(await askRedis(server, 'INFO', 'commandstats'))
  return Number(/cmdstat_hgetall:calls=(\d+)/.exec(text)?.[1] ?? 0)
}

/** Whether a load of this key asks the server. */
async function isAsked(store: RedisStore, key: string): Promise<boolean> {
  const doneBefore = await readsDone()
  await store.load(key)
  return (await readsDone()) > doneBefore
}

async function signedIn(store: RedisStore) {
  const { principal, tag } = newPrincipal()
  const key = newKey(tag)
  await store.create(key, record(new ManualClock(), { a: '1' }, { principal }))
  return { principal, tag, key }
}

// Another server's change is known here a moment later, and the contract wants it at once: so each write waits until all
// servers have been told.
describe('redisSessionStore contract, near cache, once everybody has been told', () => {
  const everybody: RedisStore[] = []
  const open = (clock: Clock) => settled(openStore({ ...patient, clock }), everybody)
  for (const { name, run } of sessionStoreContract({ open, watchWithinMs: 20_000 })) test(name, run)
})

describe('near cache', () => {
  test('reading a session again, however often, asks the server nothing', async () => {
    const [store, key] = [openStore(), newKey()]
    await store.create(key, record(new ManualClock(), { a: '1' }))
    const first = await store.load(key)
    const doneBefore = await readsDone()
    for (let times = 0; times < 1_000; times += 1) assert.equal(await store.load(key), first)
    assert.equal(await readsDone(), doneBefore)
  })

  test('whoever writes reads what they wrote, at once', async () => {
    const [store, clock] = [openStore(), new ManualClock()]
    for (let round = 0; round < 50; round += 1) {
      const { principal, tag, key } = await signedIn(store)
      const other = newKey(tag)
      await store.create(other, record(clock, {}, { principal }))
      await Promise.all([store.load(key), store.load(other)])
      assert.equal(await store.save(key, change(clock, { a: '2' })), 'saved')
      assert.equal((await store.load(key))?.fields.get('a'), '2')
      const deadlineMs = clock.now() + 50 * 60_000
      await store.touch(key, deadlineMs)
      assert.equal((await store.load(key))?.idleDeadlineMs, deadlineMs)
      const renewed = newKey(tag)
      assert.equal(
        await store.replace(key, renewed, identity(clock, { principal }), change(clock, {})),
        'saved',
      )
      assert.equal(await store.load(key), undefined)
      assert.equal((await store.load(renewed))?.fields.get('a'), '2')
      await store.revokeAll(tag, renewed)
      assert.equal(await store.load(other), undefined)
      assert.ok((await store.load(renewed)) !== undefined)
      await store.delete(renewed)
      assert.equal(await store.load(renewed), undefined)
    }
  })

  test('a revocation by another process is seen within milliseconds', async (t) => {
    const store = openStore()
    const other = startFixture(new URL('./fixtures/redis-revoke.ts', import.meta.url), [server.url])
    t.after(() => other.stop())
    await other.printed('ready')
    const seen = new Map<string, bigint>()
    for (let round = 0; round < 500; round += 1) {
      const { tag, key } = await signedIn(store)
      assert.ok((await store.load(key)) !== undefined)
      other.say(tag)
      // Every turn of the loop, as the requests of a busy server would.
      while ((await store.load(key)) !== undefined) await new Promise(setImmediate)
      seen.set(tag, process.hrtime.bigint())
    }
    await until('acknowledgements', () => other.lines.length > seen.size)
    const lags = other.lines.slice(1).map((line) => {
      const [tag = '', acknowledgedAt = ''] = line.split(' ')
      // Often it is seen here before its own process has read the acknowledgement.
      return Math.max(0, Number((seen.get(tag) ?? 0n) - BigInt(acknowledgedAt)) / 1e6)
    })
    const [p50, p99] = [quantile(lags, 0.5), quantile(lags, 0.99)]
    t.diagnostic(
      `acknowledged elsewhere → absent here, 500 times: p50 ${p50.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms`,
    )
  })

  test('servers that write and read the same sessions at once all end with what Redis has', async () => {
    const [stores, clock] = [[openStore(), openStore(), openStore()], new ManualClock()]
    const keys = Array.from({ length: 5 }, () => newKey())
    const [first] = stores
    for (const key of keys) await first?.create(key, record(clock, { a: '0' }))
    await Promise.all(
      stores.map(async (store, at) => {
        for (let round = 0; round < 300; round += 1) {
          const key = keys[round % keys.length] ?? ''
          await Promise.all([
            store.load(key),
            store.save(key, change(clock, { a: `"${at}-${round}"` })),
            store.load(key),
          ])
        }
      }),
    )
    const plain = openStore({ ...patient, nearCache: false })
    // What was told before this read's answer is known afterwards.
    await Promise.all(stores.map((store) => store.load(newKey())))
    for (const key of keys) {
      const written = (await plain.load(key))?.fields.get('a')
      for (const store of stores) assert.equal((await store.load(key))?.fields.get('a'), written)
    }
  })

  test('the deadline counts on every hit, by the store’s clock', async () => {
    const clock = new ManualClock()
    const [store, key] = [openStore({ ...patient, clock }), newKey()]
    const { idleDeadlineMs } = record(clock)
    await store.create(key, record(clock))
    assert.ok((await store.load(key)) !== undefined)
    clock.advance(idleDeadlineMs - clock.now() - 1)
    assert.ok((await store.load(key)) !== undefined)
    clock.advance(1)
    assert.equal(await store.load(key), undefined)
  })

  test('a flushed database is known at once', async () => {
    const own = await startRedis()
    try {
      const [store, key] = [openStore(patient, own), newKey()]
      await store.create(key, record(new ManualClock()))
      await store.load(key)
      await askRedis(own, 'FLUSHALL')
      await until('session that is absent', async () => (await store.load(key)) === undefined)
      await store.close()
    } finally {
      await own.stop()
    }
  })

  test('a connection that is lost takes all that was known with it; on the new one sessions are kept again', async () => {
    const [store, key] = [openStore(), newKey()]
    await store.create(key, record(new ManualClock(), { a: '1' }))
    await store.load(key)
    assert.equal(await isAsked(store, key), false)
    await askRedis(server, 'CLIENT', 'KILL', 'TYPE', 'normal')
    await until('read that asks the server', () => isAsked(store, key).catch(() => true))
    await until('store that is connected again', () => store.load(key).catch(() => undefined))
    assert.equal(await isAsked(store, key), false)
  })

  test('a server that is gone answers nothing any more, not even from memory', async () => {
    const own = await startRedis()
    const [store, key] = [openStore(patient, own), newKey()]
    await store.create(key, record(new ManualClock()))
    await store.load(key)
    await own.stop()
    await until('outage that is noticed', () => store.load(key).then(() => false, isOutage))
    await assert.rejects(store.load(key), unavailable)
    await store.close()
  })

  test('a server that hangs is noticed by its silence: what it knew is not used for long', async () => {
    const own = await startRedis()
    const limits = {
      operationTimeoutMs: 300,
      connectTimeoutMs: 300,
      heartbeatIntervalMs: 100,
      nearCache: true,
    }
    const [store, key] = [openStore(limits, own), newKey()]
    try {
      await until('session', () =>
        store.create(key, record(new ManualClock())).then(
          () => true,
          () => false,
        ),
      )
      await until('read', () => store.load(key).catch(() => undefined))
      own.pause()
      await until('outage that is noticed', () => store.load(key).then(() => false, isOutage))
    } finally {
      own.resume()
      await store.close()
      await own.stop()
    }
  })

  test('a closed store answers nothing any more', async () => {
    const [store, key] = [openStore(), newKey()]
    await store.create(key, record(new ManualClock()))
    await store.load(key)
    await store.close()
    await assert.rejects(store.load(key), unavailable)
  })

  test('refused where it cannot be right: an injected client, limits that are none', () => {
    const invalid = { name: 'DroverError', code: 'OPTION_INVALID' }
    const client = { isReady: true } as unknown as Parameters<typeof redisSessionStore>[0]
    assert.throws(() => redisSessionStore(client, { nearCache: true }), { ...invalid, message: /injected/ })
    for (const limits of [{ maxSessions: 0 }, { maxBytes: Number.NaN }]) {
      assert.throws(() => redisSessionStore(server.url, { nearCache: limits }), invalid)
    }
  })
})

function isOutage(error: unknown): boolean {
  return isDroverError(error, 'STORE_UNAVAILABLE')
}
