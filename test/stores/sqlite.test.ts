// The SQLite store against the real thing: its contract, several processes, crashes, stopped processes, bad files.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { mkdirSync, mkdtempSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { logId } from '../../src/session/events.ts'
import type { LoadedSession } from '../../src/session/store.ts'
import { sqliteSessionStore } from '../../src/stores/sqlite/index.ts'
import { SqliteReader } from '../../src/stores/sqlite/reader.ts'
import { ManualClock, rateCounterContract, sessionStoreContract } from '../../src/testing/index.ts'
import type { Clock } from '../../src/testing/index.ts'
import { startFixture } from '../support/fixture.ts'
import { until } from '../support/until.ts'
import { holdLoop, progressDuring } from './progress.ts'
import { newChange, newRecord, someKey } from './session.ts'

const folder = mkdtempSync(join(tmpdir(), 'drover-sqlite-'))
const unavailable = { name: 'DroverError', code: 'STORE_UNAVAILABLE', status: 503 }
// Other tests share the processor: where a test is not about deadlines, they are far away.
const patient = { openTimeoutMs: 20_000, operationTimeoutMs: 20_000, busyTimeoutMs: 10_000 }

after(() => {
  rmSync(folder, { recursive: true, force: true })
})

let files = 0
function newPath(): string {
  files += 1
  return join(folder, `run-${files}`, 'sessions.db')
}

function fixture(name: string, ...args: string[]): ReturnType<typeof startFixture> {
  return startFixture(new URL(`./fixtures/${name}.ts`, import.meta.url), args)
}

function query(path: string, sql: string): unknown {
  const database = new DatabaseSync(path)
  try {
    return Object.values(database.prepare(sql).get() ?? {})[0]
  } finally {
    database.close()
  }
}

function loadWith(reader: SqliteReader, key: string, timeoutMs = 20_000): Promise<LoadedSession | undefined> {
  return reader.read('load the session', timeoutMs, (reads) => reads.load(key, Date.now()))
}

describe('sqliteSessionStore contract', () => {
  const path = newPath()
  const open = (clock: Clock) => sqliteSessionStore(path, { ...patient, clock })
  // How soon an end is told is not what these are about, only that it is.
  for (const { name, run } of sessionStoreContract({ open, watchWithinMs: 20_000 })) test(name, run)
  for (const { name, run } of rateCounterContract({ open })) test(name, run)
})

describe('sqliteSessionStore, the file', () => {
  test('creates folder and files for their owner only', async () => {
    const path = newPath()
    const store = sqliteSessionStore(path)
    await store.create(someKey(), newRecord())
    assert.equal(statSync(dirname(path)).mode & 0o777, 0o700)
    for (const suffix of ['', '-wal', '-shm']) assert.equal(statSync(path + suffix).mode & 0o777, 0o600)
    await store.close()
  })

  test('takes a relative path from where the process was when the store was made', async () => {
    const before = process.cwd()
    const path = newPath()
    mkdirSync(dirname(path))
    process.chdir(dirname(path))
    const store = sqliteSessionStore('.drover/shop.db', patient)
    process.chdir(before)
    await store.create(someKey(), newRecord())
    await store.close()
    assert.equal(query(join(dirname(path), '.drover/shop.db'), 'SELECT count(*) FROM drover_session'), 1)
  })

  test('refuses a path that no other process could share', () => {
    assert.throws(() => sqliteSessionStore(':memory:'), { code: 'OPTION_INVALID' })
    assert.throws(() => sqliteSessionStore(''), { code: 'OPTION_INVALID' })
  })

  test('a folder in place of the file is named as the reason, and once it is gone the same store works', async () => {
    const path = newPath()
    mkdirSync(path, { recursive: true })
    const store = sqliteSessionStore(path, patient)
    await assert.rejects(store.load('key'), {
      ...unavailable,
      message: /"[^"]*sessions\.db": it is a directory/,
    })
    rmdirSync(path)
    assert.equal(await store.load('key'), undefined)
    await store.close()
  })

  test('a parent that is a file, and a file that is no database, are named as the reason', async () => {
    const path = newPath()
    mkdirSync(dirname(path))
    writeFileSync(
      path,
      'this is plain text, and long enough to be looked at as a database header: '.repeat(20),
    )
    const noDatabase = sqliteSessionStore(path, patient)
    await assert.rejects(noDatabase.load('key'), { ...unavailable, message: /file is not a database/ })
    const noFolder = sqliteSessionStore(join(path, 'sessions.db'), patient)
    await assert.rejects(noFolder.save('key', newChange({})), { ...unavailable, message: /ENOTDIR|EEXIST/ })
    await Promise.all([noDatabase.close(), noFolder.close()])
  })

  test('a file of a newer Drover is refused, naming both versions, and left alone', async () => {
    const path = newPath()
    mkdirSync(dirname(path))
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 99')
    database.close()
    const store = sqliteSessionStore(path, patient)
    await assert.rejects(store.load('key'), {
      ...unavailable,
      message: /schema version is 99, wanted 3 or older/,
    })
    await store.close()
    assert.equal(query(path, 'PRAGMA user_version'), 99)
    assert.equal(query(path, 'PRAGMA journal_mode'), 'delete')
  })

  test('eight processes may open a fresh file at once', async () => {
    const path = newPath()
    const openers = Array.from({ length: 8 }, () => fixture('sqlite-create-one', path, someKey()))
    await Promise.all(openers.map((opener) => opener.printed('ready')))
    for (const opener of openers) opener.say('go')
    const codes = await Promise.all(openers.map((opener) => opener.exited))
    assert.deepEqual(
      openers.map((opener, index) => `${codes[index]} ${opener.stderr()}`),
      openers.map(() => '0 '),
    )
    assert.equal(query(path, 'SELECT count(*) FROM drover_session'), 8)
  })

  test('what is over is swept from the file, and told of; what lives stays', async () => {
    const path = newPath()
    const clock = new ManualClock()
    const store = sqliteSessionStore(path, { ...patient, clock, sweepIntervalMs: 1 })
    const living = { ...newRecord({ a: '1' }), idleDeadlineMs: clock.now() + 3_600_000 }
    const livingKey = someKey()
    await store.create(livingKey, living)
    const keys = Array.from({ length: 90 }, someKey)
    const signedIn = { ...newRecord({ a: '1', b: '2' }), principal: 'ann' }
    await Promise.all(keys.map((key) => store.create(key, signedIn)))
    const [renewed = assert.fail(), ...others] = keys
    const renewedKey = someKey()
    const forwarding = { sealedId: 'sealed', untilMs: clock.now() + 10_000 }
    await store.replace(renewed, renewedKey, signedIn, newChange({}), forwarding)
    await store.hit('over', 1, 1_000)
    await store.hit('in use', 4_000_000_000, 5_000_000_000)
    const told: unknown[] = []
    const onExpired = (event: unknown) => told.push(event)
    subscribe('drover:session:expired', onExpired)
    clock.advance(3_000_000)
    try {
      await until('swept sessions', () => told.length >= keys.length)
    } finally {
      unsubscribe('drover:session:expired', onExpired)
    }
    const expected = [...others, renewedKey].map((key) => ({ session: logId(key), principal: 'ann' }))
    assert.deepEqual(new Set(told), new Set(expected))
    await until('swept counts', () => query(path, 'SELECT count(*) FROM drover_rate') === 1)
    assert.equal(query(path, 'SELECT count(*) FROM drover_session'), 1)
    assert.equal(query(path, 'SELECT count(*) FROM drover_session_field'), 1)
    assert.equal(query(path, 'SELECT count(*) FROM drover_session_forwarding'), 0)
    assert.ok((await store.load(livingKey)) !== undefined)
    await store.close()
  })
})

describe('sqliteSessionStore, processes and threads', () => {
  test('a writer killed in mid-write loses nothing it acknowledged, and the file stays good', async () => {
    const path = newPath()
    for (let round = 1; round <= 5; round += 1) {
      const keys = [someKey(), someKey()]
      const writers = keys.map((key) => fixture('sqlite-save-forever', path, key))
      await Promise.all(writers.map((writer) => writer.printed(String(20 * round))))
      await Promise.all(writers.map((writer) => writer.stop()))
      const store = sqliteSessionStore(path, patient)
      for (const [index, key] of keys.entries()) {
        const found = await store.load(key)
        const acknowledged = Number(writers[index]?.lines.at(-1))
        assert.ok(acknowledged >= 20 * round)
        assert.ok(Number(found?.fields.get('one')) >= acknowledged)
        assert.equal(found?.fields.get('one'), found?.fields.get('two'))
      }
      await store.close()
      assert.equal(query(path, 'PRAGMA integrity_check'), 'ok')
    }
  })

  for (const ending of ['SIGCONT', 'SIGKILL'] as const) {
    test(`a process stopped inside a write: loops stay free, reads are answered, writes are unavailable until ${ending}`, async () => {
      const path = newPath()
      const key = someKey()
      const store = sqliteSessionStore(path, { ...patient, busyTimeoutMs: 250 })
      await store.create(key, newRecord({ a: '1' }))
      const holder = fixture('sqlite-hold-write', path)
      try {
        await holder.printed('held')
        holder.signal('SIGSTOP')
        const { turns, outcome } = await progressDuring(store.save(key, newChange({ a: '2' })), async () => {
          assert.equal((await store.load(key))?.fields.get('a'), '1')
        })
        assert.equal(outcome.status, 'rejected')
        assert.equal(outcome.reason.code, 'STORE_UNAVAILABLE')
        assert.match(outcome.reason.message, /held by another process/)
        assert.ok(turns > 10, `only ${turns} turns of the event loop while the write waited`)
        // A process that starts in the meantime finds it too.
        const later = sqliteSessionStore(path, { ...patient, busyTimeoutMs: 250 })
        assert.equal((await later.load(key))?.fields.get('a'), '1')
        await later.close()
        holder.signal(ending)
        if (ending === 'SIGCONT') {
          holder.say('commit')
          await holder.printed('committed')
        } else await holder.exited
        assert.equal(await store.save(key, newChange({ a: '3' })), 'saved')
        const found = await store.load(key)
        assert.equal(found?.fields.get('a'), '3')
        assert.equal(found?.principal, ending === 'SIGCONT' ? 'held' : undefined)
      } finally {
        await holder.stop()
        await store.close()
      }
    })
  }

  test('a write that its caller was told is unavailable is not done later', async () => {
    const path = newPath()
    const key = someKey()
    const store = sqliteSessionStore(path, { ...patient, operationTimeoutMs: 200, busyTimeoutMs: 5_000 })
    await store.create(key, newRecord({ a: '1' }))
    const holder = fixture('sqlite-hold-write', path)
    try {
      await holder.printed('held')
      // The first occupies the thread; the second is still in its queue when its time is over.
      const first = store.save(key, newChange({ first: '1' }))
      await Promise.allSettled([progressDuring(Promise.resolve(), async () => undefined)])
      await assert.rejects(Promise.all([first, store.save(key, newChange({ second: '1' }))]), unavailable)
      await assert.rejects(store.save(key, newChange({ third: '1' })), unavailable)
      holder.say('commit')
      await holder.printed('committed')
      await until('writer that works again', () =>
        store.touch(key, 0).then(
          () => true,
          () => false,
        ),
      )
      assert.equal((await store.load(key))?.fields.get('third'), undefined)
    } finally {
      await holder.stop()
      await store.close()
    }
  })

  test('a loop that stands still beyond the deadline loses no reply of the writer thread', async () => {
    const store = sqliteSessionStore(newPath(), { ...patient, operationTimeoutMs: 100 })
    const key = someKey()
    await until('stored session', () =>
      store.create(key, newRecord()).then(
        () => true,
        () => false,
      ),
    )
    for (const turns of [0, 1, 2, 3]) {
      const saving = Promise.all(Array.from({ length: 20 }, () => store.save(key, newChange({ a: '1' }))))
      for (let turn = 0; turn < turns; turn += 1) await new Promise(setImmediate)
      holdLoop(250)
      assert.deepEqual(new Set(await saving), new Set(['saved']))
    }
    await store.close()
  })

  test('a file locked against readers: a load waits without holding the loop, and finds the session afterwards', async () => {
    const path = newPath()
    const key = someKey()
    const store = sqliteSessionStore(path, patient)
    const stored = newRecord({ a: '1' })
    await store.create(key, stored)
    await store.close()
    const holder = fixture('sqlite-hold-everything', path)
    const reader = new SqliteReader(path)
    try {
      await holder.printed('held')
      const inTime = loadWith(reader, key, 20)
      await assert.rejects(inTime, { ...unavailable, message: /stayed locked for 20 ms/ })
      let turns = 0
      const progress = await progressDuring(loadWith(reader, key), async () => {
        turns += 1
        if (turns === 20) holder.say('release')
      })
      assert.ok(progress.turns >= 20)
      assert.deepEqual(progress.outcome, { status: 'fulfilled', value: stored })
    } finally {
      reader.close()
      await holder.stop()
    }
  })

  test('loads of one turn each get their own answer; those that wait when the reader closes are unavailable', async () => {
    const path = newPath()
    const store = sqliteSessionStore(path, patient)
    const keys = Array.from({ length: 20 }, someKey)
    await Promise.all(keys.map((key, index) => store.create(key, newRecord({ a: String(index) }))))
    await store.close()
    const reader = new SqliteReader(path)
    const loads = ['missing', ...keys].map((key) => loadWith(reader, key))
    const found = await Promise.all(loads)
    assert.deepEqual(
      found.map((record) => record?.fields.get('a')),
      [undefined, ...keys.map((_, index) => String(index))],
    )
    const late = loadWith(reader, 'missing')
    reader.close()
    await assert.rejects(late, { ...unavailable, message: /is closed/ })
  })

  test('the death of the writer thread makes what waits unavailable; the next use starts a new one', async () => {
    const threads: Worker[] = []
    const onThread = (message: unknown) => {
      if (
        typeof message === 'object' &&
        message !== null &&
        'worker' in message &&
        message.worker instanceof Worker
      ) {
        threads.push(message.worker)
      }
    }
    subscribe('worker_threads', onThread)
    const path = newPath()
    const key = someKey()
    const store = sqliteSessionStore(path, patient)
    await store.create(key, newRecord({ a: '1' }))
    const held = fixture('sqlite-hold-write', path)
    try {
      await held.printed('held')
      const waiting = store.save(key, newChange({ a: '2' }))
      await Promise.all([
        assert.rejects(waiting, { ...unavailable, message: /writer thread ended/ }),
        threads[0]?.terminate(),
      ])
      await held.stop()
      assert.equal(await store.save(key, newChange({ a: '3' })), 'saved')
      assert.equal((await store.load(key))?.fields.get('a'), '3')
      assert.equal(threads.length, 2)
    } finally {
      unsubscribe('worker_threads', onThread)
      await held.stop()
      await store.close()
    }
  })

  test('more writes than may wait are unavailable at once, the others are done', async () => {
    const store = sqliteSessionStore(newPath(), { ...patient, maxPendingWrites: 10 })
    await store.load('key')
    const results = await Promise.allSettled(
      Array.from({ length: 25 }, () => store.create(someKey(), newRecord())),
    )
    assert.equal(results.filter((result) => result.status === 'fulfilled').length, 10)
    await store.close()
  })

  test('a process with nothing left to do ends by itself, silently, without closing the store', async () => {
    const program = fixture('sqlite-end-without-close', newPath(), someKey())
    assert.equal(await program.exited, 0)
    assert.deepEqual(program.lines, ['found'])
    assert.equal(program.stderr(), '')
  })
})
