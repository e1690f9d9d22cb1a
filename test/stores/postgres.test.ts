// The PostgreSQL store against the real thing: its contract over each kind of connection, and what rests in the tables.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { Pool } from 'pg'
import { DroverError } from '../../src/base/errors.ts'
import { logId } from '../../src/session/events.ts'
import { postgresSessionStore } from '../../src/stores/postgres/index.ts'
import { namesIn } from '../../src/stores/postgres/statements.ts'
import { ManualClock, rateCounterContract, sessionStoreContract } from '../../src/testing/index.ts'
import { change, fieldsOf, record } from '../../src/testing/session-store/stage.ts'
import { startFixture } from '../support/fixture.ts'
import { startPostgres } from '../support/postgres-server.ts'
import type { PostgresServer } from '../support/postgres-server.ts'
import { until } from '../support/until.ts'
import { newChange, newRecord, someKey } from './session.ts'

// Other tests share the processor: where a test is not about deadlines, they are far away.
const patient = {
  operationTimeoutMs: 20_000,
  connectTimeoutMs: 20_000,
  openTimeoutMs: 20_000,
  maxConnections: 4,
}

type Store = ReturnType<typeof postgresSessionStore>

let server: PostgresServer
let admin: Pool
before(async () => {
  server = await startPostgres()
  admin = new Pool({ connectionString: server.url, max: 2 })
})
after(async () => {
  await admin.end()
  await server.stop()
})

async function ask(sql: string, values: unknown[] = []): Promise<readonly (readonly unknown[])[]> {
  return (await admin.query({ text: sql, values, rowMode: 'array' })).rows
}

function fixture(name: string, ...args: string[]) {
  return startFixture(new URL(`./fixtures/${name}.ts`, import.meta.url), args)
}

// How soon an end is told is not what these are about, only that it is.
const watchWithinMs = 20_000

describe('postgresSessionStore contract, by URL', () => {
  const open = (clock: ManualClock) => postgresSessionStore(server.url, { ...patient, clock })
  for (const { name, run } of sessionStoreContract({ open, watchWithinMs })) test(name, run)
  for (const { name, run } of rateCounterContract({ open })) test(name, run)
})

describe('postgresSessionStore contract, injected pools, unprepared, in a schema of its own', () => {
  const pools: Pool[] = []
  let turn = 0
  before(() => {
    for (let count = 0; count < 2; count += 1) pools.push(new Pool({ connectionString: server.url, max: 4 }))
  })
  after(() => Promise.all(pools.map((pool) => pool.end())))
  const open = (clock: ManualClock) => {
    turn += 1
    const pool = pools[turn % pools.length]
    assert.ok(pool)
    return postgresSessionStore(pool, {
      ...patient,
      clock,
      schema: 'Shop "1"',
      prepare: false,
      watchIntervalMs: 200,
    })
  }
  for (const { name, run } of sessionStoreContract({ open, watchWithinMs })) test(name, run)
})

describe('postgresSessionStore, what rests in the tables', () => {
  test('one row a session; a save and a slide touch no index', async () => {
    const schema = 'rest'
    const store = postgresSessionStore(server.url, { ...patient, schema })
    const keys = Array.from({ length: 20 }, someKey)
    for (const key of keys) await store.create(key, newRecord({ cart: '[1]', theme: '"dark"' }))
    for (let round = 0; round < 20; round += 1) {
      for (const key of keys) await store.save(key, newChange({ cart: `[${round}]` }))
      for (const key of keys) await store.touch(key, Date.now() + 1_000_000 + round)
    }
    const [first] = await ask(`SELECT fields FROM ${schema}.drover_session WHERE key = $1`, [keys[0]])
    assert.deepEqual(first, [{ cart: '[19]', theme: '"dark"' }])
    // The statistics are flushed when a connection has been idle for a moment, or is closed.
    await store.close()
    const updates = `SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables
                     WHERE schemaname = '${schema}' AND relname = 'drover_session'`
    const [all, heapOnly] = await until('statistics', async () => {
      const counts = (await ask(updates))[0]?.map(Number) ?? []
      return counts[0] === 800 && counts
    })
    assert.ok(Number(heapOnly) >= 0.9 * Number(all), `${heapOnly} of ${all} were heap-only`)
  })

  test('half a surrogate pair and NUL are kept, in names, values and identity', async () => {
    const store = postgresSessionStore(server.url, patient)
    const key = someKey()
    const fields = new Map([
      ['\ud800', '\udfff\0\u0001'],
      ['\u0001d800', 'a'],
      ['\0', '\\u0001'],
    ])
    const stored = { ...newRecord(), fields, principal: 'a\0n', device: '\ud83d', ip: '\u0001' }
    await store.create(key, stored)
    assert.deepEqual(await store.load(key), stored)
    await store.close()
  })

  test('a record that cannot be read is unavailable with its cause, never absent', async () => {
    const store = postgresSessionStore(server.url, patient)
    const key = someKey()
    await store.create(key, newRecord({ a: '1' }))
    await ask(`UPDATE drover_session SET fields = '{"a": 1}' WHERE key = $1`, [key])
    await assert.rejects(store.load(key), { code: 'STORE_UNAVAILABLE', message: /malformed/ })
    await store.close()
  })

  test('expired sessions are swept and told of, living and slid ones stay', async () => {
    const clock = new ManualClock()
    const store = postgresSessionStore(server.url, { ...patient, clock, schema: 'swept', sweepIntervalMs: 1 })
    const count = async () => Number((await ask('SELECT count(*) FROM swept.drover_session'))[0]?.[0])
    const told: unknown[] = []
    const onExpired = (event: unknown) => told.push(event)
    subscribe('drover:session:expired', onExpired)
    try {
      const [living, slid] = [someKey(), someKey()]
      await store.create(living, { ...record(clock), idleDeadlineMs: clock.now() + 3_000_000 })
      await store.create(slid, record(clock))
      await store.hit('over', 1_000, 1_000)
      await store.hit('in use', 3_000_000_000, 3_000_000_000)
      const keys = Array.from({ length: 450 }, someKey)
      await Promise.all(keys.map((key) => store.create(key, record(clock, {}, { principal: 'a\0n' }))))
      await store.touch(slid, clock.now() + 3_000_000)
      clock.advance(1_000_000)
      await until('swept table', async () => (await count()) === 2)
      const rates = 'SELECT key FROM swept.drover_rate'
      await until('swept counts', async () => (await ask(rates)).flat().join() === 'in use')
      assert.ok((await store.load(living)) !== undefined)
      assert.ok((await store.load(slid)) !== undefined)
      await until('all told', () => told.length === 450)
      const expected = keys.map((key) => ({ session: logId(key), principal: 'a\0n' }))
      assert.deepEqual(
        new Set(told.map((event) => JSON.stringify(event))),
        new Set(expected.map((event) => JSON.stringify(event))),
      )
      clock.advance(3_000_000)
      await until('empty table', async () => (await count()) === 0)
    } finally {
      unsubscribe('drover:session:expired', onExpired)
      await store.close()
    }
  })

  test('a watcher that comes late to a renewal follows it, although its forwarding is over', async () => {
    const clock = new ManualClock()
    const store = postgresSessionStore(server.url, { ...patient, clock })
    const [oldKey, newerKey] = [someKey(), someKey()]
    await store.create(oldKey, record(clock))
    const forwarding = { sealedId: 'sealed', untilMs: clock.now() + 10 }
    await store.replace(oldKey, newerKey, record(clock), change(clock, {}), forwarding)
    clock.advance(10)
    assert.equal(await store.load(oldKey), undefined)
    let ends = 0
    store.watch(oldKey, () => (ends += 1))
    const never = someKey()
    await new Promise<void>((resolve) => store.watch(never, resolve))
    assert.equal(ends, 0)
    await store.delete(newerKey)
    await until('end told', () => ends === 1)
    await store.close()
  })

  test('PostgreSQL notifies only while a store listens: notifying makes commits wait for one another', async () => {
    const schema = 'quiet'
    const store = postgresSessionStore(server.url, { ...patient, schema })
    const watched = someKey()
    await store.create(watched, newRecord())
    const heard: unknown[] = []
    const client = await admin.connect()
    client.on('notification', (message) => heard.push(message.payload))
    const deleteOne = async () => {
      const key = someKey()
      await store.create(key, newRecord())
      await store.delete(key)
      // Notifications come before the answer to what was asked after them.
      await client.query('SELECT 1')
      return key
    }
    try {
      await client.query(`LISTEN ${namesIn(schema).channel}`)
      await deleteOne()
      assert.equal(heard.length, 0)
      store.watch(watched, () => undefined)
      await until('notification', async () => heard.includes(await deleteOne()))
    } finally {
      client.release(true)
      await store.close()
    }
  })
})

describe('postgresSessionStore, several servers', () => {
  test('eight processes may use an empty database at once, and end by themselves', async () => {
    const keys = Array.from({ length: 8 }, someKey)
    const users = keys.map((key) => fixture('postgres-create-one', server.url, key, 'raced'))
    await Promise.all(users.map((user) => user.printed('ready')))
    for (const user of users) user.say('go')
    const codes = await Promise.all(users.map((user) => user.exited))
    assert.deepEqual(
      users.map((user, index) => `${codes[index]} ${user.stderr()}${user.lines.slice(1).join()}`),
      users.map(() => '0 '),
    )
    assert.deepEqual(await ask('SELECT count(*) FROM raced.drover_session'), [['8']])
    assert.deepEqual(await ask('SELECT part, version FROM raced.drover_schema'), [['session', 1]])
  })

  test('killed in the middle of writes: no acknowledged one is missing, none is there in half', async () => {
    for (let round = 1; round <= 3; round += 1) {
      const keys = [someKey(), someKey()]
      const writers = keys.map((key) => fixture('postgres-save-forever', server.url, key))
      await Promise.all(writers.map((writer) => writer.printed(String(20 * round))))
      await Promise.all(writers.map((writer) => writer.stop()))
      const store = postgresSessionStore(server.url, patient)
      for (const [index, key] of keys.entries()) {
        const acknowledged = Number(writers[index]?.lines.at(-1))
        const found = await store.load(key)
        assert.ok(acknowledged >= 20 * round)
        assert.ok(Number(found?.fields.get('one')) >= acknowledged)
        assert.equal(found?.fields.get('one'), found?.fields.get('two'))
        // Nothing of the dead one is in the way.
        assert.equal(await store.save(key, newChange({ one: '"mine"' })), 'saved')
      }
      await store.close()
    }
  })

  describe('a write that waited for another applies to what that one left', () => {
    const key = () => `tagtagtagtagtag1.${someKey()}`
    const newer = (old: string) => `${old.slice(0, 17)}newer ${old.slice(17)}`
    const adding = { ...newChange({}), add: new Map([['n', 1]]) }
    const expecting = { ...newChange({}), expect: new Map([['n', '1']]) }
    const renewed = { sealedId: 'sealed', untilMs: Date.now() + 1e9 }

    for (const [name, sql, write, expected, remains] of [
      [
        'another value is added to',
        `UPDATE drover_session SET fields = '{"n": "41"}' WHERE key = $1`,
        (store: Store, at: string) => store.save(at, adding),
        'saved',
        { n: '42' },
      ],
      [
        'a text that is no number is invalid',
        `UPDATE drover_session SET fields = '{"n": "none"}' WHERE key = $1`,
        (store: Store, at: string) => store.save(at, adding),
        'SESSION_VALUE_INVALID',
        { n: 'none' },
      ],
      [
        'a value that was expected and is no more is a conflict',
        `UPDATE drover_session SET fields = '{"n": "2"}' WHERE key = $1`,
        (store: Store, at: string) => store.save(at, expecting),
        'conflict',
        { n: '2' },
      ],
      [
        'what was deleted is gone',
        'DELETE FROM drover_session WHERE key = $1',
        (store: Store, at: string) => store.replace(at, newer(at), newRecord(), newChange({}), renewed),
        'gone',
        undefined,
      ],
      [
        'what was renewed and is revoked is revoked under its new key',
        `UPDATE drover_session SET key = 'tagtagtagtagtag1.newer ' || substr(key, 18) WHERE key = $1`,
        (store: Store) => store.revokeAll('tagtagtagtagtag1'),
        undefined,
        undefined,
      ],
      [
        'what was renewed is saved under its new key',
        `WITH moved AS (UPDATE drover_session SET key = 'tagtagtagtagtag1.newer ' || substr(key, 18)
                        WHERE key = $1 RETURNING *)
         INSERT INTO drover_session
         SELECT $1, NULL, NULL, NULL, 0, idle_deadline_ms, idle_deadline_ms, 0, key, 'sealed', '{}' FROM moved`,
        (store: Store, at: string) => store.save(at, adding),
        'saved',
        { n: '2' },
      ],
    ] as const) {
      test(name, async () => {
        const store = postgresSessionStore(server.url, patient)
        const at = key()
        await store.create(at, newRecord({ n: '1' }))
        const other = await admin.connect()
        try {
          await other.query('BEGIN')
          await other.query(sql, [at])
          const writing = write(store, at).catch((error: unknown) => {
            assert.ok(error instanceof DroverError)
            return error.code
          })
          await until('write that waits', async () => {
            const waits = await ask(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)
            return waits.length === 1
          })
          await other.query('COMMIT')
          assert.equal(await writing, expected)
          const found = (await store.load(at)) ?? (await store.load(newer(at)))
          assert.deepEqual(fieldsOf(found), remains)
        } finally {
          other.release(true)
          await store.close()
        }
      })
    }
  })

  test('a statement that PostgreSQL ends to break a deadlock is run again', async () => {
    const store = postgresSessionStore(server.url, patient)
    const keys = ['a', 'b'].map((last) => `deadlockedtag123.${someKey().replace(/.$/, '')}${last}`)
    const [first, last] = keys.toSorted()
    for (const key of keys) await store.create(key, newRecord())
    const other = await admin.connect()
    try {
      await other.query('BEGIN')
      await other.query('SELECT 1 FROM drover_session WHERE key = $1 FOR UPDATE', [last])
      const revoking = store.revokeAll('deadlockedtag123')
      await until('statement that waits', async () => {
        const waits = await ask(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)
        return waits.length === 1
      })
      // Whoever waited longer looks for deadlocks first, and is the one that is ended.
      await other
        .query('SELECT 1 FROM drover_session WHERE key = $1 FOR UPDATE', [first])
        .catch((error: { code: string }) => assert.equal(error.code, '40P01'))
      await other.query('COMMIT')
      await revoking
      for (const key of keys) assert.equal(await store.load(key), undefined)
    } finally {
      other.release(true)
      await store.close()
    }
  })

  test('thousand additions by two servers each end at exactly two thousand', async () => {
    const stores = [postgresSessionStore(server.url, patient), postgresSessionStore(server.url, patient)]
    const key = someKey()
    await stores[0]?.create(key, newRecord({ other: '0' }))
    const adding = { ...newChange({}), add: new Map([['count', 1]]) }
    const outcomes = stores.flatMap((store) =>
      Array.from({ length: 1_000 }, (_, index) =>
        index % 10 === 0
          ? store.save(key, newChange({ other: String(index) })).then(() => store.save(key, adding))
          : store.save(key, adding),
      ),
    )
    assert.deepEqual(new Set(await Promise.all(outcomes)), new Set(['saved']))
    assert.equal((await stores[0]?.load(key))?.fields.get('count'), '2000')
    await Promise.all(stores.map((store) => store.close()))
  })
})

describe('postgresSessionStore, how it is set up', () => {
  test('refuses what is no PostgreSQL URL, and no schema, without showing a password', () => {
    const secret = (error: Error) => {
      assert.ok(!error.message.includes('secret'))
      return 'code' in error && error.code === 'OPTION_INVALID'
    }
    assert.throws(() => postgresSessionStore('http://me:secret@localhost'), secret)
    assert.throws(() => postgresSessionStore('secret'), secret)
    assert.throws(() => postgresSessionStore(server.url, { schema: '' }), { code: 'OPTION_INVALID' })
  })

  test('tables of a newer Drover are left alone, and said to be', async () => {
    const schema = 'newer'
    const first = postgresSessionStore(server.url, { ...patient, schema })
    await first.load('key')
    await first.close()
    await ask(`UPDATE ${schema}.drover_schema SET version = 1000`)
    const store = postgresSessionStore(server.url, { ...patient, schema })
    await assert.rejects(store.load('key'), {
      code: 'STORE_UNAVAILABLE',
      message: /schema version .* is 1000.*newer/,
    })
    await ask(`UPDATE ${schema}.drover_schema SET version = 1`)
    assert.equal(await store.load('key'), undefined)
    await store.close()
  })

  test('tables that were dropped are made again', async () => {
    const schema = 'dropped'
    const store = postgresSessionStore(server.url, { ...patient, schema })
    await store.load('key')
    await ask(`DROP SCHEMA ${schema} CASCADE`)
    await assert.rejects(store.load('key'), { code: 'STORE_UNAVAILABLE' })
    await store.create('key', newRecord())
    assert.ok((await store.load('key')) !== undefined)
    await store.close()
  })

  test('a database of another encoding is refused, saying which is wanted', async () => {
    await ask(`CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0`)
    const url = server.url.replace(/postgres$/, 'latin')
    const store = postgresSessionStore(url, patient)
    await assert.rejects(store.load('key'), { code: 'STORE_UNAVAILABLE', message: /LATIN1, wanted UTF8/ })
    await store.close()
  })

  test('without the pg package the first use says what to install', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'drover-no-peer-'))
    try {
      const source = fileURLToPath(new URL('../../src', import.meta.url))
      cpSync(source, join(folder, 'src'), { recursive: true })
      cpSync(join(source, '../package.json'), join(folder, 'package.json'))
      const program = fixture('postgres-use', join(folder, 'src'))
      assert.equal(await program.exited, 0, program.stderr())
      assert.match(program.lines.join(), /^PEER_MISSING .*npm install pg$/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
