// What a SQLite file keeps, whatever happens to those who write it: killed in mid-write, out of space, of an older Drover.
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import { sqliteSessionStore } from '../../src/stores/sqlite/index.ts'
import { startFixture } from '../support/fixture.ts'
import type { Fixture } from '../support/fixture.ts'
import { until } from '../support/until.ts'
import { newChange, newRecord } from './session.ts'

const folder = mkdtempSync(join(tmpdir(), 'drover-sqlite-durability-'))
// Other tests share the processor, and nothing here is about deadlines.
const patient = { openTimeoutMs: 20_000, operationTimeoutMs: 20_000, busyTimeoutMs: 10_000 }

after(() => {
  rmSync(folder, { recursive: true, force: true })
})

let files = 0
function newPath(): string {
  files += 1
  const path = join(folder, `run-${files}`, 'sessions.db')
  mkdirSync(dirname(path))
  return path
}

function fixture(name: string, ...args: string[]): Fixture {
  return startFixture(new URL(`./fixtures/${name}.ts`, import.meta.url), args)
}

/** The only column of all rows. */
function query(path: string, sql: string): readonly unknown[] {
  const database = new DatabaseSync(path)
  try {
    return database
      .prepare(sql)
      .all()
      .map((row) => Object.values(row)[0])
  } finally {
    database.close()
  }
}

/** The last number printed after `word`. */
function lastOf(writer: Fixture, word: string): number {
  return Number(writer.lines.findLast((line) => line.startsWith(word))?.slice(word.length) ?? 0)
}

test('a renewal or a revocation that was acknowledged outlives a kill in mid-write, and no session is half moved', async () => {
  const path = newPath()
  for (let round = 1; round <= 5; round += 1) {
    const tags = [`tag-one-of-${round}-----`, `tag-two-of-${round}-----`]
    const writers = tags.map((tag) => fixture('sqlite-renew-forever', path, tag))
    await Promise.all(writers.map((writer) => writer.printed(`revoked ${10 + round}`)))
    await Promise.all(writers.map((writer) => writer.stop()))
    const store = sqliteSessionStore(path, patient)
    for (const [index, tag] of tags.entries()) {
      const writer = writers[index] ?? assert.fail()
      const [renewed, revoked] = [lastOf(writer, 'renewed '), lastOf(writer, 'revoked ')]
      const listed = (await store.list(tag)).map(({ key }) => key.slice(tag.length + 1))
      // The renewal in hand may be done, though nobody was told.
      const at = Number(listed.find((name) => /^\d+$/.test(name)))
      assert.ok(at === renewed || at === renewed + 1, `${at} after ${renewed}`)
      const found = await store.load(`${tag}.${at - 1}`)
      assert.deepEqual(found?.successor, { key: `${tag}.${at}`, sealedId: `to ${at}` })
      assert.deepEqual(Object.fromEntries(found.fields), { one: String(at), two: String(at) })
      const others = listed.filter((name) => name !== String(at))
      assert.deepEqual(
        others.filter((name) => Number(name.slice(1)) <= revoked),
        [],
      )
      assert.ok(others.length <= 3)
    }
    await store.close()
  }
  const homeless =
    'SELECT count(*) FROM drover_session_field WHERE session_key NOT IN (SELECT key FROM drover_session)'
  assert.deepEqual(query(path, homeless), [0])
  assert.deepEqual(query(path, 'PRAGMA integrity_check'), ['ok'])
})

test('out of space: writes are unavailable, what was acknowledged is read, and writing goes on once there is space', async () => {
  const path = newPath()
  const writer = fixture('sqlite-in-little-space', path)
  const ask = async (line: string) => {
    const { length } = writer.lines
    writer.say(line)
    return until(`answer to "${line}"`, () => writer.lines[length])
  }
  try {
    const [, count, message] = /^full (\d+) (.*)$/.exec(await ask('fill')) ?? []
    assert.ok(Number(count) > 10, `only ${count} stored`)
    assert.match(message ?? '', /^Cannot create the session: /)
    assert.equal(await ask('read'), `found ${count}, and no more`)
    assert.match(await ask('more'), /^Cannot create the session: /)
    // Another process finds the same, and makes space.
    const store = sqliteSessionStore(path, patient)
    assert.equal((await store.load(`key ${Number(count) - 1}`))?.fields.size, 1)
    assert.equal(await store.load(`key ${count}`), undefined)
    await store.close()
    assert.deepEqual(query(path, 'PRAGMA wal_checkpoint(TRUNCATE)'), [0])
    assert.equal(await ask('more'), 'stored')
    assert.equal(await ask('read'), `found ${Number(count) + 1}, and no more`)
    assert.deepEqual(query(path, 'PRAGMA integrity_check'), ['ok'])
  } finally {
    await writer.stop()
  }
})

test('a file of the first version is brought up to date with all that is in it', async () => {
  const path = newPath()
  const record = newRecord({ cart: '[1]' })
  const { createdAtMs, absoluteDeadlineMs, idleDeadlineMs } = record
  const database = new DatabaseSync(path)
  database.exec(`
    CREATE TABLE drover_session (
      key TEXT PRIMARY KEY, principal TEXT, created_at_ms INTEGER NOT NULL, absolute_deadline_ms INTEGER NOT NULL,
      idle_deadline_ms INTEGER NOT NULL CHECK (idle_deadline_ms <= absolute_deadline_ms)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX drover_session_deadline ON drover_session (idle_deadline_ms);
    CREATE TABLE drover_session_field (
      session_key TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (session_key, name)
    ) STRICT, WITHOUT ROWID;
    INSERT INTO drover_session VALUES ('old', NULL, ${createdAtMs}, ${absoluteDeadlineMs}, ${idleDeadlineMs});
    INSERT INTO drover_session_field VALUES ('old', 'cart', '[1]');
    PRAGMA user_version = 1`)
  database.close()
  const stores = [sqliteSessionStore(path, patient), sqliteSessionStore(path, patient)]
  const [here = assert.fail(), there = assert.fail()] = stores
  const found = await Promise.all(stores.map((store) => store.load('old')))
  assert.deepEqual(found, [record, record])
  const identity = { principal: 'ann', device: 'phone', ip: '::1', createdAtMs, absoluteDeadlineMs }
  const key = `${'t'.repeat(16)}.${'k'.repeat(43)}`
  const forwarding = { sealedId: 'sealed', untilMs: Date.now() + 600_000 }
  assert.equal(await here.replace('old', key, identity, newChange({ more: '2' }), forwarding), 'saved')
  assert.deepEqual(
    (await there.load('old'))?.fields,
    new Map([
      ['cart', '[1]'],
      ['more', '2'],
    ]),
  )
  assert.deepEqual(
    (await there.list('t'.repeat(16))).map(({ device }) => device),
    ['phone'],
  )
  assert.deepEqual(await there.hit('somebody', 1, 2), { isTaken: true, usedUs: 1 })
  await Promise.all(stores.map((store) => store.close()))
})
