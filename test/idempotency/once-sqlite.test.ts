// once and checkFence on SQLite: exactly once, whatever statement a SIGKILL comes before.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import { checkFence, once } from '../../src/stores/sqlite/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { startFixture } from '../support/fixture.ts'

const folder = mkdtempSync(join(tmpdir(), 'drover-once-'))
after(() => {
  rmSync(folder, { recursive: true })
})

function shop(t: TestContext, path: string): DatabaseSync {
  const database = new DatabaseSync(path)
  t.after(() => {
    database.close()
  })
  database.exec(`PRAGMA journal_mode = WAL;
    CREATE TABLE orders (id INTEGER PRIMARY KEY, item TEXT);
    CREATE TABLE stock (mugs INTEGER); INSERT INTO stock VALUES (100);`)
  return database
}

function counts(database: DatabaseSync) {
  return { ...database.prepare('SELECT (SELECT count(*) FROM orders) AS orders, mugs FROM stock').get() }
}

const program = new URL('fixtures/order-once.ts', import.meta.url)

/** Statements of the program's run, `once` and the effect together; more are found by the test itself. */
const leastStatements = 10

test('once: killed before each of its statements, effect and key are both there or neither; asking again makes it one', async (t) => {
  const database = shop(t, join(folder, 'killed.db'))
  const points = Array.from({ length: leastStatements + 2 }, (_, index) => index + 1)
  const run = async (point: number) => {
    const child = startFixture(program, [database.location() ?? '', `order ${point}`, String(point)])
    t.after(child.stop)
    return child.exited
  }
  const exits: (number | string)[] = []
  // Four at a time: they take turns at the file, as servers do.
  for (let at = 0; at < points.length; at += 4) {
    exits.push(...(await Promise.all(points.slice(at, at + 4).map(run))))
  }
  const killed = exits.filter((exit) => exit === 'SIGKILL').length
  assert.ok(killed >= leastStatements && killed < points.length, `killed before ${killed} statements`)
  assert.deepEqual(new Set(exits.slice(killed)), new Set([0]))
  const before = counts(database)
  assert.equal(Number(before['orders']) + Number(before['mugs']), 100)
  for (const point of points) {
    const { value } = once(database, `order ${point}`, () => {
      const { lastInsertRowid } = database.prepare("INSERT INTO orders (item) VALUES ('mug')").run()
      database.exec('UPDATE stock SET mugs = mugs - 1')
      return Number(lastInsertRowid)
    })
    assert.ok(value > 0)
  }
  assert.deepEqual(counts(database), { orders: points.length, mugs: 100 - points.length })
})

test('once: later calls get the result of the first, whatever JSON it is, and do nothing', (t) => {
  const database = shop(t, join(folder, 'results.db'))
  for (const [index, result] of [undefined, null, 0, '', 'ä', [1, { a: null }], false].entries()) {
    let runs = 0
    const effect = () => {
      runs += 1
      return result
    }
    assert.deepEqual(once(database, `key ${index}`, effect), { value: result, isRepeated: false })
    assert.deepEqual(once(database, `key ${index}`, effect), { value: result, isRepeated: true })
    assert.equal(runs, 1)
  }
})

test('once: an effect that throws, or whose result cannot be kept, leaves no trace', (t) => {
  const database = shop(t, join(folder, 'failures.db'))
  const insert = (result: unknown) => () => {
    database.exec("INSERT INTO orders (item) VALUES ('mug')")
    if (result instanceof Error) throw result
    return result
  }
  assert.throws(() => once(database, 'a', insert(new Error('sold out'))), { message: 'sold out' })
  for (const result of [Promise.resolve(), () => 1, 1n]) {
    assert.throws(() => once(database, 'a', insert(result)), { code: 'OPTION_INVALID' })
  }
  assert.equal(counts(database)['orders'], 0)
  assert.equal(database.isTransaction, false)
  database.exec('BEGIN')
  once(database, 'a', insert('kept'))
  database.exec('ROLLBACK')
  assert.equal(counts(database)['orders'], 0)
  assert.deepEqual(once(database, 'a', insert('kept')), { value: 'kept', isRepeated: false })
})

test('once: keys are forgotten after their retention, and do not pile up', (t) => {
  const database = shop(t, join(folder, 'retention.db'))
  const options = { retentionMs: 1_000, clock: new ManualClock() }
  for (let count = 0; count < 40; count += 1) once(database, `key ${count}`, () => count, options)
  options.clock.advance(999)
  assert.equal(once(database, 'key 1', () => 'again', options).isRepeated, true)
  options.clock.advance(1)
  assert.deepEqual(
    once(database, 'key 1', () => 'again', options),
    { value: 'again', isRepeated: false },
  )
  for (let count = 0; count < 20; count += 1) once(database, `new ${count}`, () => count, options)
  assert.equal(database.prepare('SELECT count(*) AS n FROM drover_once').get()?.['n'], 21)
})

test('checkFence: refuses a lower fence than it has seen, per lease, in a transaction only', (t) => {
  const database = shop(t, join(folder, 'fence.db'))
  const write = (name: string, fence: number) => {
    database.exec('BEGIN')
    try {
      checkFence(database, { name, fence })
      database.exec('COMMIT')
    } catch (error) {
      database.exec('ROLLBACK')
      throw error
    }
  }
  for (const fence of [2, 2, 5]) write('job', fence)
  assert.throws(() => write('job', 4), { code: 'LEASE_LOST' })
  write('other', 1)
  write('job', 5)
  assert.throws(() => checkFence(database, { name: 'job', fence: 9 }), { code: 'OPTION_INVALID' })
  write('job', 6)
})
