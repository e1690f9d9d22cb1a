// Watching sessions in Redis: what is told, how soon, and that lost connections, outages and crowds lose nothing.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { createClient } from 'redis'
import { redisSessionStore } from '../../src/stores/redis/index.ts'
import type { RedisStore, RedisStoreOptions } from '../../src/stores/redis/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { change, identity, newKey, newPrincipal, record } from '../../src/testing/session-store/stage.ts'
import { startFixture } from '../support/fixture.ts'
import { askRedis, startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { quantile } from './quantile.ts'

const patient = { operationTimeoutMs: 20_000, connectTimeoutMs: 20_000 }

let server: RedisServer
before(async () => {
  server = await startRedis()
})
const opened: RedisStore[] = []
after(async () => {
  await Promise.all(opened.map((store) => store.close()))
  await server.stop()
})

function openStore(options: RedisStoreOptions = patient, on: RedisServer = server): RedisStore {
  const store = redisSessionStore(on.url, options)
  opened.push(store)
  return store
}

/** A session of a visitor, watched; `times` is how often its end was told. */
async function watched(store: RedisStore, idleMs?: number) {
  const [key, clock] = [newKey(), new ManualClock()]
  const given = idleMs === undefined ? {} : { idleDeadlineMs: clock.now() + idleMs }
  await store.create(key, record(clock, {}, given))
  const told = { key, times: 0, atMs: 0 }
  store.watch(key, () => {
    told.times += 1
    told.atMs = performance.now()
  })
  return told
}

/** Resolves when the server will tell of this session's next change. */
async function isArmed(on: RedisServer, count: number): Promise<void> {
  const tracked = async () => {
    const text = String(await askRedis(on, 'INFO', 'clients'))
    const items = String(await askRedis(on, 'INFO', 'stats'))
    return (
      /tracking_clients:[1-9]/.test(text) && Number(/tracking_total_keys:(\d+)/.exec(items)?.[1]) >= count
    )
  }
  await until('server that tracks the watched sessions', tracked)
}

describe('watch', () => {
  test('an end by another server is told within milliseconds', async (t) => {
    const own = await startRedis()
    const [here, there] = [openStore(patient, own), openStore(patient, own)]
    try {
      const lags: number[] = []
      for (let round = 0; round < 200; round += 1) {
        const session = await watched(here)
        await isArmed(own, 1)
        await there.delete(session.key)
        const deletedMs = performance.now()
        await until('told end', () => session.times > 0)
        lags.push(Math.max(0, session.atMs - deletedMs))
      }
      const [p50, p99] = [quantile(lags, 0.5), quantile(lags, 0.99)]
      t.diagnostic(
        `acknowledged deletion → told elsewhere: p50 ${p50.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms`,
      )
    } finally {
      await Promise.all([here.close(), there.close()])
      await own.stop()
    }
  })

  test('a session that nobody uses any more is told at its deadline; one that is used, at its new one', async () => {
    const store = openStore()
    const [left, used] = [await watched(store, 300), await watched(store, 300)]
    const laterMs = Date.now() + 900
    await store.touch(used.key, laterMs)
    await until('told end of the one that was left', () => left.times > 0)
    await until('told end of the one that was used', () => used.times > 0)
    assert.ok(Date.now() >= laterMs - 1)
    assert.deepEqual([left.times, used.times], [1, 1])
  })

  test('ends amid lost connections are told, each once', async () => {
    const [here, there] = [openStore(), openStore()]
    const sessions = await Promise.all(Array.from({ length: 40 }, () => watched(here)))
    const killer = await createClient({ url: server.url })
      .on('error', () => undefined)
      .connect()
    for (const { key } of sessions) {
      const end = () =>
        there.delete(key).then(
          () => true,
          () => false,
        )
      // Its own connection is killed now and then too.
      const [ended] = await Promise.all([end(), killer.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal'])])
      if (!ended) await until('deletion', end)
    }
    for (const session of sessions) await until('told end', () => session.times > 0)
    assert.ok(sessions.every(({ times }) => times === 1))
    killer.destroy()
  })

  test('an outage ends nothing; what ended meanwhile is told afterwards, and nothing else', async () => {
    const own = await startRedis()
    const limits = {
      operationTimeoutMs: 300,
      connectTimeoutMs: 300,
      heartbeatIntervalMs: 100,
      maxReconnectPauseMs: 100,
    }
    const store = openStore(limits, own)
    try {
      const isDone = (work: Promise<unknown>) =>
        work.then(
          () => true,
          () => false,
        )
      await until('connected store', () => isDone(store.load('key')))
      const [lost, kept] = [await watched(store), await watched(store)]
      await isArmed(own, 2)
      const dump = createClient({ url: own.url })
      await dump.connect()
      own.pause()
      await until('outage', () => isDone(store.load('key')).then((done) => !done))
      // Waits in the server's socket, and is done before anybody has connected again.
      const ending = dump.del(`drover:session:{${lost.key}}`)
      assert.deepEqual([lost.times, kept.times], [0, 0])
      own.resume()
      await ending
      await until('told end', () => lost.times > 0)
      await isDone(store.delete(lost.key))
      assert.deepEqual([lost.times, kept.times], [1, 0])
      await until('deletion', () => isDone(store.delete(kept.key)))
      await until('told end of the other', () => kept.times > 0)
      dump.destroy()
    } finally {
      own.resume()
      await store.close()
      await own.stop()
    }
  })

  test('a crowd of one principal, revoked at once, renewed or not, is told to the last', async () => {
    const [here, there, clock] = [openStore(), openStore(), new ManualClock()]
    const { principal, tag } = newPrincipal()
    let told = 0
    const keys = Array.from({ length: 1_000 }, () => newKey(tag))
    await Promise.all(keys.map((key) => here.create(key, record(clock, {}, { principal }))))
    for (const key of keys) here.watch(key, () => (told += 1))
    const owner = identity(clock, { principal })
    for (const key of keys.slice(0, 50))
      await there.replace(key, newKey(tag), owner, change(clock, {}), {
        sealedId: 'x',
        untilMs: clock.now() + 30_000,
      })
    assert.equal(told, 0)
    await there.revokeAll(tag)
    await until('all ends told', () => told === keys.length)
  })

  test('a closed store tells nothing any more; watching it is harmless', async () => {
    const [store, other] = [openStore(), openStore()]
    const session = await watched(store)
    await store.close()
    await other.delete(session.key)
    store.watch(session.key, () => (session.times += 1))()
    const later = await watched(other)
    await other.delete(later.key)
    await until('told end of the other store', () => later.times > 0)
    assert.equal(session.times, 0)
  })

  test('keeps no process alive', async () => {
    const program = startFixture(new URL('./fixtures/redis-watch-only.ts', import.meta.url), [
      server.url,
      newKey(),
    ])
    assert.equal(await program.exited, 0, program.stderr())
  })
})
