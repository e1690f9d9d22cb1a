// The Redis store against the real thing: its contract over each kind of client, outages, hangs, restarts, malformed records.
import assert from 'node:assert/strict'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { RESP_TYPES, createClient } from 'redis'
import { DroverError } from '../../src/base/errors.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { redisSessionStore } from '../../src/stores/redis/index.ts'
import { ManualClock, sessionStoreContract } from '../../src/testing/index.ts'
import { startFixture } from '../support/fixture.ts'
import { freePort } from '../support/free-port.ts'
import { startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { holdLoop, progressDuring } from './progress.ts'
import { newChange, newRecord, someKey } from './session.ts'

const unavailable = { name: 'DroverError', code: 'STORE_UNAVAILABLE', status: 503 }
// Other tests share the processor: where a test is not about deadlines, they are far away.
const patient = { operationTimeoutMs: 20_000, connectTimeoutMs: 20_000, watchIntervalMs: 50 }
// Only a fault takes that long.
const watchWithinMs = 20_000

let server: RedisServer
before(async () => {
  server = await startRedis()
})
after(() => server.stop())

/** A client of the test's own. */
async function connected(options: Parameters<typeof createClient>[0] = {}) {
  return createClient({ ...options, url: server.url }).connect()
}

async function isAnswering(store: SessionStore): Promise<boolean> {
  try {
    await store.load('key')
    return true
  } catch {
    return false
  }
}

describe('redisSessionStore contract, by URL', () => {
  const open = (clock: ManualClock) => redisSessionStore(server.url, { ...patient, clock })
  for (const { name, run } of sessionStoreContract({ open, watchWithinMs })) test(name, run)
})

for (const [title, options] of [
  ['RESP 2', { RESP: 2 }],
  [
    'RESP 3 with Maps and Buffers',
    { commandOptions: { typeMapping: { [RESP_TYPES.MAP]: Map, [RESP_TYPES.BLOB_STRING]: Buffer } } },
  ],
  ['a key prefix of its own', { keyPrefix: 'mine:' }],
] as const) {
  describe(`redisSessionStore contract, injected client: ${title}`, () => {
    const clients: { destroy: () => void }[] = []
    after(() => {
      for (const client of clients) client.destroy()
    })
    const open = async (clock: ManualClock) => {
      const client = await connected(options)
      clients.push(client)
      return redisSessionStore(client, { ...patient, clock, watchIntervalMs: 50 })
    }
    for (const { name, run } of sessionStoreContract({ open, watchWithinMs })) test(name, run)
  })
}

describe('redisSessionStore, what rests in Redis', () => {
  test('one HASH a session under the key prefix, removed by Redis at the earlier deadline', async () => {
    const [client, key, stored] = [await connected(), someKey(), newRecord({ a: '1' })]
    const store = redisSessionStore(server.url, { ...patient, keyPrefix: 'shop:' })
    await store.create(key, stored)
    assert.equal(await client.type(`shop:{${key}}`), 'hash')
    assert.equal(await client.pExpireTime(`shop:{${key}}`), stored.idleDeadlineMs)
    await store.touch(key, stored.absoluteDeadlineMs + 1)
    assert.equal(await client.pExpireTime(`shop:{${key}}`), stored.absoluteDeadlineMs)
    await store.replace(key, `${key}-new`, stored, newChange({}))
    assert.equal(await client.pExpireTime(`shop:{${key}-new}`), stored.absoluteDeadlineMs)
    assert.deepEqual(await client.keys(`shop:{${key}*`), [`shop:{${key}-new}`])
    await store.close()
    client.destroy()
  })

  test('a malformed record is unavailable, never absent or gone, and stays as it was until it is deleted', async () => {
    const [client, store] = [await connected(), redisSessionStore(server.url, patient)]
    const stored = newRecord()
    const hashes = [{ '.a': '1' }, { m: '91 2 3 0', '.a': '1' }, { f: '21 key' }]
    const keys = [undefined, ...hashes].map(() => someKey())
    const redisKeys = keys.map((key) => `drover:session:{${key}}`)
    await client.set(redisKeys[0] ?? '', 'text')
    for (const [index, hash] of hashes.entries()) await client.hSet(redisKeys[index + 1] ?? '', { ...hash })
    const dumps = await Promise.all(redisKeys.map((key) => client.dump(key)))
    for (const key of keys) {
      await assert.rejects(store.load(key), unavailable)
      await assert.rejects(store.save(key, newChange({ b: '1' })), unavailable)
      await assert.rejects(store.touch(key, stored.idleDeadlineMs), unavailable)
      await assert.rejects(store.create(key, stored), unavailable)
      await assert.rejects(store.replace(key, someKey(), stored, newChange({})), unavailable)
    }
    assert.deepEqual(await Promise.all(redisKeys.map((key) => client.dump(key))), dumps)
    for (const key of keys) await store.delete(key)
    assert.equal(await client.exists(redisKeys), 0)
    await store.close()
    client.destroy()
  })

  test('scripts that the server forgot are sent again', async () => {
    const [client, store, key] = [await connected(), redisSessionStore(server.url, patient), someKey()]
    await store.create(key, newRecord())
    await client.scriptFlush()
    assert.equal(await store.save(key, newChange({ a: '1' })), 'saved')
    await client.scriptFlush()
    await Promise.all(
      Array.from({ length: 20 }, (_, index) => store.save(key, newChange({ [`f${index}`]: '1' }))),
    )
    assert.equal((await store.load(key))?.fields.size, 21)
    await store.close()
    client.destroy()
  })
})

describe('redisSessionStore, outages', () => {
  test('no server at startup: unavailable with the cause, no crash; found by itself once it is there', async () => {
    const port = await freePort()
    const store = redisSessionStore(`redis://127.0.0.1:${port}`, { ...patient, maxReconnectPauseMs: 100 })
    const failure = await store.load('key').catch((error: unknown) => error)
    assert.ok(failure instanceof DroverError && failure.code === 'STORE_UNAVAILABLE')
    assert.ok(failure.cause instanceof Error && /ECONNREFUSED/.test(failure.cause.message))
    await assert.rejects(store.create(someKey(), newRecord()), unavailable)
    const late = await startRedis(port)
    try {
      await until('store that found its server', () => isAnswering(store))
      const key = someKey()
      await store.create(key, newRecord({ a: '1' }))
      assert.equal((await store.load(key))?.fields.get('a'), '1')
    } finally {
      await store.close()
      await late.stop()
    }
  })

  test('a server that hangs: unavailable while the loop stays free, then at once; found again when it goes on', async () => {
    const own = await startRedis()
    const limits = { operationTimeoutMs: 300, connectTimeoutMs: 300, maxReconnectPauseMs: 100 }
    const store = redisSessionStore(own.url, limits)
    const key = someKey()
    try {
      await until('connected store', () => isAnswering(store))
      await until('stored session', () => store.create(key, newRecord({ a: '1' })).then(() => true))
      own.pause()
      const { turns, outcome } = await progressDuring(
        store.save(key, newChange({ a: '2' })),
        async () => undefined,
      )
      assert.equal(outcome.status, 'rejected')
      assert.equal(outcome.reason.code, 'STORE_UNAVAILABLE')
      assert.match(outcome.reason.message, /did not answer within 300 ms/)
      assert.ok(turns > 10)
      // Known to be out, it costs its callers no further waiting.
      const next = await progressDuring(assert.rejects(store.load(key), unavailable), async () => undefined)
      assert.deepEqual(next, { turns: 0, outcome: { status: 'fulfilled', value: undefined } })
      own.resume()
      await until('store that found its server again', () => isAnswering(store))
      assert.ok((await store.load(key)) !== undefined)
    } finally {
      own.resume()
      await store.close()
      await own.stop()
    }
  })

  test('a server that hangs before the first use: unavailable, and found when it goes on', async () => {
    const own = await startRedis()
    own.pause()
    const limits = { operationTimeoutMs: 200, connectTimeoutMs: 200, maxReconnectPauseMs: 100 }
    const store = redisSessionStore(own.url, limits)
    try {
      await assert.rejects(store.load('key'), unavailable)
      await assert.rejects(store.delete('key'), unavailable)
      own.resume()
      await until('store that found its server', () => isAnswering(store))
    } finally {
      own.resume()
      await store.close()
      await own.stop()
    }
  })

  test('a server that is killed and comes back: unavailable in between, and found again', async () => {
    const own = await startRedis()
    const store = redisSessionStore(own.url, { ...patient, maxReconnectPauseMs: 100 })
    await store.load('key')
    own.pause()
    const waiting = Promise.allSettled(Array.from({ length: 5 }, () => store.save('key', newChange({}))))
    await own.stop()
    for (const result of await waiting) {
      assert.equal(result.status, 'rejected')
      assert.equal(result.reason.code, 'STORE_UNAVAILABLE')
      assert.match(
        result.reason.message,
        /Cannot save the session: Redis is not connected \(.*(closed|RESET)/,
      )
    }
    await until('store that notices', async () => !(await isAnswering(store)))
    await assert.rejects(store.load('key'), unavailable)
    const again = await startRedis(own.port)
    try {
      await until('store that found its server again', () => isAnswering(store))
    } finally {
      await store.close()
      await again.stop()
    }
  })

  for (const injected of [false, true]) {
    const how = injected ? 'an injected client' : 'its own client'
    test(`a loop that stands still beyond the deadline loses no reply, through ${how}`, async () => {
      const client = await connected()
      const store = redisSessionStore(injected ? client : server.url, { operationTimeoutMs: 100 })
      const key = someKey()
      await until('stored session', () => store.create(key, newRecord({ a: '1' })).then(() => true))
      // The command stands before its writing, is on its way, or has its reply in the socket already.
      for (const turns of [0, 1, 2, 3]) {
        const loading = Promise.all([store.load(key), store.save(key, newChange({ a: '1' }))])
        for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate)
        holdLoop(250)
        const [found, outcome] = await loading
        assert.equal(found?.fields.get('a'), '1')
        assert.equal(outcome, 'saved')
      }
      await store.close()
      client.destroy()
    })
  }

  test('an injected client that is not connected is unavailable at once; closing the store leaves it open', async () => {
    const client = createClient({ url: server.url })
    client.on('error', () => undefined)
    const early = redisSessionStore(client, patient)
    await assert.rejects(early.load('key'), {
      ...unavailable,
      message: /injected Redis client is not connected/,
    })
    await client.connect()
    assert.equal(await early.load('key'), undefined)
    await early.close()
    assert.equal(await client.ping(), 'PONG')
    client.destroy()
  })

  test('more calls than may wait are unavailable at once, the others are done', async () => {
    const store = redisSessionStore(server.url, { ...patient, maxPendingCommands: 10 })
    await store.load('key')
    const results = await Promise.allSettled(Array.from({ length: 25 }, () => store.load('key')))
    assert.equal(results.filter((result) => result.status === 'fulfilled').length, 10)
    await store.close()
  })
})

describe('redisSessionStore, how it is set up', () => {
  test('refuses what is no Redis URL, without showing it', () => {
    const secret = (error: Error) => {
      assert.ok(!error.message.includes('secret'))
      return 'code' in error && error.code === 'OPTION_INVALID'
    }
    assert.throws(() => redisSessionStore('http://me:secret@localhost'), secret)
    assert.throws(() => redisSessionStore('secret'), secret)
  })

  test('without the redis package the first use says what to install', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drover-no-peer-'))
    try {
      const source = fileURLToPath(new URL('../../src', import.meta.url))
      cpSync(source, join(folder, 'src'), { recursive: true })
      cpSync(join(source, '../package.json'), join(folder, 'package.json'))
      const program = startFixture(new URL('./fixtures/redis-use.ts', import.meta.url), [join(folder, 'src')])
      assert.equal(await program.exited, 0, program.stderr())
      assert.match(program.lines.join(), /^PEER_MISSING .*npm install redis$/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
