// The stores of idempotency keys and leases against the real backends: their contracts, and what an outage looks like.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, test } from 'node:test'
import { DatabaseSync } from 'node:sqlite'
import { MemoryIdempotencyStore } from '../../src/stores/memory/idempotency.ts'
import { memoryIdempotencyStore, memoryLeaseStore } from '../../src/stores/memory/index.ts'
import { MemoryLeaseStore } from '../../src/stores/memory/lease.ts'
import { sqliteIdempotencyStore, sqliteLeaseStore } from '../../src/stores/sqlite/index.ts'
import { idempotencyStoreContract, leaseStoreContract } from '../../src/testing/index.ts'
import { attempt } from '../../src/testing/idempotency-store/stage.ts'

// Other tests share the processor: where a test is not about deadlines, they are far away.
const patient = { operationTimeoutMs: 20_000 }
const unavailable = { name: 'DroverError', code: 'STORE_UNAVAILABLE', status: 503 }
const folder = mkdtempSync(join(tmpdir(), 'drover-idempotency-'))
after(() => {
  rmSync(folder, { recursive: true })
})

describe('memoryIdempotencyStore', () => {
  const entries = new Map()
  const open = (clock: { now(): number }) => new MemoryIdempotencyStore(entries, clock)
  for (const { name, run } of idempotencyStoreContract({ open })) test(name, run)

  test('is refused where several instances could run, as are leases', () => {
    for (const environment of [{ NODE_ENV: 'production' }, { DROVER_INSTANCE: '1' }]) {
      assert.throws(() => memoryIdempotencyStore({ environment }), { code: 'OPTION_INVALID' })
      assert.throws(() => memoryLeaseStore({ environment }), { code: 'OPTION_INVALID' })
    }
  })
})

describe('memoryLeaseStore', () => {
  const leases = new Map()
  const open = (clock: { now(): number }) => new MemoryLeaseStore(leases, clock)
  for (const { name, run } of leaseStoreContract({ open })) test(name, run)
})

describe('sqliteIdempotencyStore', () => {
  const path = join(folder, 'deeper', 'keys.db')
  const open = (clock: { now(): number }) => sqliteIdempotencyStore(path, { ...patient, clock })
  for (const { name, run } of idempotencyStoreContract({ open })) test(name, run)

  test('its file is for its owner only', () => {
    assert.equal(statSync(path).mode & 0o777, 0o600)
  })

  test('keys that are over do not pile up', async () => {
    let nowMs = Date.now()
    const file = join(folder, 'many.db')
    const store = sqliteIdempotencyStore(file, { ...patient, clock: { now: () => nowMs } })
    for (let count = 0; count < 40; count += 1) await store.reserve(attempt({ leaseMs: 1, retentionMs: 1 }))
    nowMs += 2
    for (let count = 0; count < 20; count += 1) await store.reserve(attempt())
    await store.close()
    const database = new DatabaseSync(file)
    assert.equal(database.prepare('SELECT count(*) AS n FROM drover_idempotency').get()?.['n'], 20)
    database.close()
  })

  test('a lock of another process that stays is an outage, without holding the event loop', async () => {
    const file = join(folder, 'locked.db')
    const store = sqliteIdempotencyStore(file, { operationTimeoutMs: 100 })
    await store.reserve(attempt())
    const other = new DatabaseSync(file)
    other.exec('BEGIN IMMEDIATE')
    let turns = 0
    const turning = setInterval(() => (turns += 1), 1)
    await assert.rejects(store.reserve(attempt()), unavailable)
    clearInterval(turning)
    assert.ok(turns > 1)
    other.exec('ROLLBACK')
    assert.deepEqual(await store.reserve(attempt()), { status: 'reserved' })
    other.close()
    await store.close()
  })

  test('a file that is none, and a folder that cannot be made, are outages; a path nobody shares is refused', async () => {
    const file = join(folder, 'text.db')
    writeFileSync(file, 'no database at all, but a text of some length'.repeat(100))
    for (const bad of [file, join(file, 'below.db'), folder]) {
      await assert.rejects(sqliteIdempotencyStore(bad).reserve(attempt()), unavailable)
    }
    for (const bad of ['', ':memory:']) {
      assert.throws(() => sqliteIdempotencyStore(bad), { code: 'OPTION_INVALID' })
      assert.throws(() => sqliteLeaseStore(bad), { code: 'OPTION_INVALID' })
    }
  })
})

describe('sqliteLeaseStore', () => {
  const path = join(folder, 'leases.db')
  const open = (clock: { now(): number }) => sqliteLeaseStore(path, { ...patient, clock })
  for (const { name, run } of leaseStoreContract({ open })) test(name, run)
})
