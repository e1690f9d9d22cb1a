import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { BatchRunner } from './batch.ts'
import type { WriteOperation, WriteReply } from './messages.ts'
import { migrate } from './schema.ts'
import { SessionWrites } from './writes.ts'

function emptyFile(): { database: DatabaseSync; runner: BatchRunner } {
  const database = new DatabaseSync(':memory:')
  migrate(database)
  return { database, runner: new BatchRunner(database, new SessionWrites(database)) }
}

function create(key: string, value: unknown): WriteOperation {
  const identity = { principal: null, device: null, ip: null, createdAtMs: 0, absoluteDeadlineMs: 100 }
  const set = ['good', '1', 'asked', String(value)]
  // A deadline that is no number is refused by the table, after the session itself was looked for.
  return {
    kind: 'create',
    key,
    nowMs: 1,
    identity,
    change: { set, remove: [], idleDeadlineMs: value === 'bad' ? NaN : 50 },
  }
}

function outcomes(replies: readonly WriteReply[]): readonly string[] {
  const inOrder = replies.toSorted((one, other) => one.id - other.id)
  return inOrder.map((reply) => {
    if ('error' in reply) return reply.error.message
    return typeof reply.outcome === 'string' ? reply.outcome : 'swept'
  })
}

test('BatchRunner: a write that fails leaves the others of its batch whole, and itself no trace', () => {
  const { database, runner } = emptyFile()
  const operations = [create('one', 1), create('two', 'bad'), create('three', 3)]
  const replies = runner.run(
    operations.map((operation, id) => ({ id, dropAtMs: 10, operation })),
    1,
  )
  const [first, second, third] = outcomes(replies)
  assert.deepEqual([first, third], ['done', 'done'])
  assert.match(second ?? '', /NOT NULL constraint failed/)
  const keys = database.prepare('SELECT key FROM drover_session ORDER BY key').all()
  assert.deepEqual(
    keys.map((row) => row['key']),
    ['one', 'three'],
  )
  assert.equal(database.prepare('SELECT count(*) AS n FROM drover_session_field').get()?.['n'], 4)
  assert.equal(database.isTransaction, false)
  database.close()
})

test('BatchRunner: a write whose caller has given up is dropped, and said to be', () => {
  const { database, runner } = emptyFile()
  const requests = [
    { id: 1, dropAtMs: 5, operation: create('late', 1) },
    { id: 2, dropAtMs: 6, operation: create('in time', 1) },
  ]
  assert.deepEqual(outcomes(runner.run(requests, 5)), ['waited too long for the writer thread', 'done'])
  assert.equal(database.prepare('SELECT key FROM drover_session').get()?.['key'], 'in time')
  database.close()
})

test('BatchRunner: a transaction that SQLite itself ended acknowledges nothing', () => {
  const { database, runner } = emptyFile()
  database.exec(`CREATE TRIGGER full BEFORE INSERT ON drover_session WHEN new.key = 'two'
                 BEGIN SELECT RAISE(ROLLBACK, 'disk is full'); END`)
  const operations = [create('one', 1), create('two', 2), create('three', 3)]
  const replies = runner.run(
    operations.map((operation, id) => ({ id, dropAtMs: 10, operation })),
    1,
  )
  assert.deepEqual(outcomes(replies), ['disk is full', 'disk is full', 'disk is full'])
  assert.equal(database.prepare('SELECT count(*) AS n FROM drover_session').get()?.['n'], 0)
  database.close()
})
