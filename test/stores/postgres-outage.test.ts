// The PostgreSQL store when the server is away, hangs, crashes, is full or slow: unavailable in time, and found again.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Client, Pool } from 'pg'
import { DroverError } from '../../src/base/errors.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { postgresSessionStore } from '../../src/stores/postgres/index.ts'
import { freePort } from '../support/free-port.ts'
import { startPostgres } from '../support/postgres-server.ts'
import type { PostgresServer } from '../support/postgres-server.ts'
import { until } from '../support/until.ts'
import { holdLoop, progressDuring } from './progress.ts'
import { newChange, newRecord, someKey } from './session.ts'

const unavailable = { name: 'DroverError', code: 'STORE_UNAVAILABLE', status: 503 }
// Other tests share the processor: where a test is not about deadlines, they are far away.
const patient = { operationTimeoutMs: 20_000, connectTimeoutMs: 20_000, openTimeoutMs: 20_000 }
// Where it is, a hang must be told from a busy machine.
const hasty = { ...patient, operationTimeoutMs: 400, connectTimeoutMs: 400, maxConnections: 3 }

let server: PostgresServer
before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

async function isAnswering(store: SessionStore): Promise<boolean> {
  try {
    await store.load('key')
    return true
  } catch (error) {
    assert.ok(error instanceof DroverError && error.code === 'STORE_UNAVAILABLE')
    return false
  }
}

function foundAgain(store: SessionStore): Promise<boolean> {
  return until('store that found its server again', () => isAnswering(store))
}

/** Every method, none of which may answer as if it knew. */
function everyCall(store: SessionStore): readonly Promise<unknown>[] {
  return [
    store.load('key'),
    store.create(someKey(), newRecord()),
    store.save('key', newChange({ a: '2' })),
    store.replace('key', someKey(), newRecord(), newChange({})),
    store.touch('key', Date.now() + 1_000),
    store.delete('key'),
    store.list('tag'),
    store.revokeAll('tag'),
  ]
}

async function assertUnavailable(calls: readonly Promise<unknown>[]): Promise<void> {
  await Promise.all(calls.map((call) => assert.rejects(call, unavailable)))
}

/** A connection of the test's own. */
async function connected(): Promise<Client> {
  const client = new Client({ connectionString: server.url })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

for (const injected of [false, true]) {
  const how = injected ? 'through an injected pool' : 'by URL'
  const open = (limits: object = hasty) => {
    if (!injected) return { store: postgresSessionStore(server.url, limits), end: async () => undefined }
    const pool = new Pool({ connectionString: server.url, max: 3, connectionTimeoutMillis: 400 })
    return { store: postgresSessionStore(pool, limits), end: () => pool.end() }
  }

  describe(`postgresSessionStore, ${how}: outages`, () => {
    test('a server that hangs: unavailable in time, the loop stays free, and found again when it goes on', async () => {
      const { store, end } = open()
      try {
        await foundAgain(store)
        server.pause()
        const { turns } = await progressDuring(assertUnavailable(everyCall(store)), async () => undefined)
        assert.ok(turns > 10)
        // Known to be out, it costs its callers no further waiting.
        await until('open breaker', async () => {
          const began = progressDuring(assert.rejects(store.load('key'), unavailable), async () => undefined)
          return (await began).turns === 0
        })
        server.resume()
        await foundAgain(store)
        assert.equal((await store.load(await aliveKey(store)))?.fields.get('b'), '1')
      } finally {
        server.resume()
        await store.close()
        await end()
      }
    })

    test('a server that crashes under load and comes back: never a wrong answer, and found again', async () => {
      const { store, end } = open({ ...hasty, operationTimeoutMs: 5_000, connectTimeoutMs: 5_000 })
      try {
        const key = someKey()
        await store.create(key, newRecord({ a: '1' }))
        const over = new AbortController()
        let isOut = false
        const load = async () => {
          while (!over.signal.aborted) {
            try {
              const [found, outcome] = [await store.load(key), await store.save(key, newChange({ b: '1' }))]
              assert.equal(found?.fields.get('a'), '1')
              assert.equal(outcome, 'saved')
            } catch (error) {
              assert.ok(error instanceof DroverError, String(error))
              assert.equal(error.code, 'STORE_UNAVAILABLE')
              isOut = true
              await new Promise(setImmediate)
            }
          }
        }
        const loads = Promise.all(Array.from({ length: 8 }, load))
        await server.crash()
        await until('outage noticed', () => isOut)
        await server.restart()
        await foundAgain(store)
        over.abort()
        await loads
        assert.equal((await store.load(key))?.fields.get('a'), '1')
      } finally {
        await store.close()
        await end()
      }
    })

    test('connections that are ended while idle are replaced, and crash nobody', async () => {
      const { store, end } = open(patient)
      const admin = await connected()
      await Promise.all(Array.from({ length: 3 }, () => store.load('key')))
      await admin.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()',
      )
      await foundAgain(store)
      await store.close()
      await end()
      await admin.end()
    })
  })
}

/** Creates a session, to show that the store writes again. */
async function aliveKey(store: SessionStore): Promise<string> {
  const key = someKey()
  await until('written session', () =>
    store.create(key, newRecord({ b: '1' })).then(
      () => true,
      async () => (await store.load(key).catch(() => undefined)) !== undefined,
    ),
  )
  return key
}

describe('postgresSessionStore: outages', () => {
  test('a port where nobody listens is unavailable, with the reason and no password', async () => {
    const url = `postgres://me:secret@127.0.0.1:${await freePort()}/none`
    const store = postgresSessionStore(url, patient)
    for (const call of everyCall(store)) {
      await assert.rejects(call, (error: DroverError) => {
        assert.equal(error.code, 'STORE_UNAVAILABLE')
        assert.match(error.message, /^Cannot .*ECONNREFUSED/)
        assert.ok(!`${error.message} ${JSON.stringify(error)} ${String(error.cause)}`.includes('secret'))
        return true
      })
    }
    await store.close()
  })

  test('a wrong password, user or database is unavailable, and no password is shown', async () => {
    const admin = await connected()
    await admin.query(`CREATE ROLE guest LOGIN PASSWORD 'right'`)
    const [url, port] = [new URL(server.url), server.port]
    url.password = 'secret'
    url.username = 'nobody'
    for (const wrong of [url.href, `postgres://guest:secret@127.0.0.1:${port}/nowhere`]) {
      const store = postgresSessionStore(wrong, patient)
      await assert.rejects(store.load('key'), (error: DroverError) => {
        assert.equal(error.code, 'STORE_UNAVAILABLE')
        assert.match(error.message, /does not exist/)
        assert.ok(!error.message.includes('secret'))
        return true
      })
      await store.close()
    }
    // One that may not create the tables is told so.
    const guest = postgresSessionStore(`postgres://guest:secret@127.0.0.1:${port}/postgres`, {
      ...patient,
      schema: 'forbidden',
    })
    await assert.rejects(guest.load('key'), { ...unavailable, message: /permission denied/ })
    await guest.close()
    await admin.end()
  })

  test('a server that hangs before the first use: unavailable, and found when it goes on', async () => {
    server.pause()
    const store = postgresSessionStore(server.url, hasty)
    try {
      await assertUnavailable(everyCall(store))
      server.resume()
      await foundAgain(store)
    } finally {
      server.resume()
      await store.close()
    }
  })

  test('a row that somebody keeps locked: unavailable in time, and nothing is written late', async () => {
    const [store, key, holder] = [postgresSessionStore(server.url, hasty), someKey(), await connected()]
    await foundAgain(store)
    await until('stored session', () =>
      store.create(key, newRecord({ a: '1' })).then(
        () => true,
        () => false,
      ),
    )
    await holder.query('BEGIN')
    await holder.query('SELECT 1 FROM drover_session WHERE key = $1 FOR UPDATE', [key])
    const save = (value: string) => store.save(key, newChange({ a: value }))
    // More than there are connections: those that hang are not given to the next.
    await assertUnavailable(Array.from({ length: 4 }, () => save('"late"')))
    await until('statements given up', async () => {
      const { rows } = await holder.query(`SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'`)
      return rows.length === 0
    })
    await holder.query('COMMIT')
    await foundAgain(store)
    assert.equal((await store.load(key))?.fields.get('a'), '1')
    await until('save that succeeds', () =>
      save('2').then(
        (outcome) => outcome === 'saved',
        () => false,
      ),
    )
    await store.close()
    await holder.end()
  })

  test('a call waits for a connection as long as it may take, where an attempt to connect may take less', async () => {
    const store = postgresSessionStore(server.url, { ...patient, connectTimeoutMs: 50, maxConnections: 1 })
    const [key, holder, onlooker] = [someKey(), await connected(), await connected()]
    await foundAgain(store)
    await store.create(key, newRecord({ a: '1' }))
    await holder.query('BEGIN')
    await holder.query('SELECT 1 FROM drover_session WHERE key = $1 FOR UPDATE', [key])
    const calls = Array.from({ length: 4 }, () => store.save(key, newChange({ a: '2' })))
    let settled = 0
    for (const call of calls)
      void call.finally(() => {
        settled += 1
      })
    await until('one that has waited for the row for longer than connecting may take', async () => {
      const { rows } = await onlooker.query(`SELECT 1 FROM pg_stat_activity
        WHERE wait_event_type = 'Lock' AND clock_timestamp() - query_start > interval '250 ms'`)
      return rows.length > 0
    })
    assert.equal(settled, 0)
    await holder.query('COMMIT')
    assert.deepEqual(await Promise.all(calls), ['saved', 'saved', 'saved', 'saved'])
    await store.close()
    await Promise.all([holder.end(), onlooker.end()])
  })

  test('a pool whose connections are all taken: unavailable in time, and nothing runs late', async () => {
    const pool = new Pool({ connectionString: server.url, max: 2 })
    const store = postgresSessionStore(pool, { ...hasty, maxWaitingCalls: 5 })
    const key = someKey()
    await until('stored session', () =>
      store.create(key, newRecord({ a: '1' })).then(
        () => true,
        () => false,
      ),
    )
    const taken = [await pool.connect(), await pool.connect()]
    const calls = Array.from({ length: 10 }, () => store.save(key, newChange({ a: '"late"' })))
    const results = await Promise.allSettled(calls)
    const messages = results.map((result) => (result.status === 'rejected' ? String(result.reason) : 'saved'))
    assert.equal(messages.filter((message) => /did not answer within 400 ms/.test(message)).length, 5)
    assert.equal(
      messages.filter((message) => /5 calls wait for a connection already/.test(message)).length,
      5,
    )
    for (const client of taken) client.release()
    await foundAgain(store)
    assert.equal((await store.load(key))?.fields.get('a'), '1')
    await store.close()
    assert.equal((await pool.query('SELECT 1 AS one')).rows[0].one, 1)
    await pool.end()
  })

  test('a loop that stands still beyond the deadline loses no answer', async () => {
    const store = postgresSessionStore(server.url, { operationTimeoutMs: 400 })
    const key = someKey()
    await until('stored session', () =>
      store.create(key, newRecord({ a: '1' })).then(
        () => true,
        () => false,
      ),
    )
    for (const turns of [0, 1, 2, 3]) {
      const loading = Promise.all([store.load(key), store.load(key)])
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate)
      holdLoop(600)
      const found = await loading
      assert.deepEqual(
        found.map((one) => one?.fields.get('a')),
        ['1', '1'],
      )
    }
    await store.close()
  })

  test('closing while the server hangs takes no longer than a call', async () => {
    const store = postgresSessionStore(server.url, hasty)
    try {
      await foundAgain(store)
      server.pause()
      await store.close()
      await assert.rejects(store.load('key'), { ...unavailable, message: /closed/ })
    } finally {
      server.resume()
    }
  })
})

describe('postgresSessionStore, watching: outages', () => {
  test('what ended while the listening connection was lost is told when it is back', async () => {
    const [here, there] = [
      postgresSessionStore(server.url, patient),
      postgresSessionStore(server.url, patient),
    ]
    const admin = await connected()
    const [key, kept, second] = [someKey(), someKey(), someKey()]
    for (const one of [key, kept, second]) await here.create(one, newRecord())
    const ends: string[] = []
    here.watch(key, () => ends.push('key'))
    here.watch(kept, () => ends.push('kept'))
    here.watch(second, () => ends.push('second'))
    const isListening = async () => {
      const { rows } = await admin.query(`SELECT pid FROM pg_locks WHERE locktype = 'advisory' GROUP BY pid`)
      return rows.length === 1
    }
    await until('listening store', isListening)
    await admin.query(
      `SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' GROUP BY pid`,
    )
    await there.delete(key)
    await until('end told', () => ends.includes('key'))
    await until('listening store', isListening)
    await there.delete(second)
    await until('end told', () => ends.includes('second'))
    assert.deepEqual(ends, ['key', 'second'])
    // With the last watch the connection goes, too.
    await here.delete(kept)
    await until('end told', () => ends.includes('kept'))
    await until('closed connection', async () => !(await isListening()))
    await Promise.all([here.close(), there.close()])
    await admin.end()
  })

  test('a server that hangs or is away is no end; what ended meanwhile is told afterwards', async () => {
    const store = postgresSessionStore(server.url, { ...hasty, watchIntervalMs: 100 })
    try {
      const [living, expiring] = [await aliveKey(store), someKey()]
      const ends: string[] = []
      await store.create(expiring, { ...newRecord(), idleDeadlineMs: Date.now() + 1_000 })
      store.watch(living, () => ends.push('living'))
      store.watch(expiring, () => ends.push('expiring'))
      server.pause()
      await until('outage noticed', async () => !(await isAnswering(store)))
      assert.equal(ends.length, 0)
      server.resume()
      await until('end told', () => ends.includes('expiring'))
      await server.crash()
      await until('outage noticed', async () => !(await isAnswering(store)))
      await server.restart()
      await foundAgain(store)
      await until('deleted session', () =>
        store.delete(living).then(
          () => true,
          () => false,
        ),
      )
      await until('end told', () => ends.includes('living'))
      assert.deepEqual(ends, ['expiring', 'living'])
    } finally {
      server.resume()
      await store.close()
    }
  })
})
