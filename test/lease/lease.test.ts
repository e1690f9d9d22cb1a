// Leases as jobs use them: renewed, lost, released, kept; and a holder that is stopped for longer than its lease.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, test } from 'node:test'
import type { TestContext } from 'node:test'
import { acquireLease, withLease } from '../../src/lease/index.ts'
import type { Lease, LeaseOptions } from '../../src/lease/index.ts'
import { MemoryLeaseStore } from '../../src/stores/memory/lease.ts'
import { checkFence, sqliteLeaseStore } from '../../src/stores/sqlite/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { startFixture } from '../support/fixture.ts'
import { pass } from '../support/timers.ts'
import { until } from '../support/until.ts'

const folder = mkdtempSync(join(tmpdir(), 'drover-lease-'))
after(() => {
  rmSync(folder, { recursive: true })
})

function setUp(t: TestContext) {
  const clock = new ManualClock()
  const store = new MemoryLeaseStore(new Map(), clock)
  const errors: unknown[] = []
  const options: LeaseOptions = { store, ttl: '30s', onError: (error) => errors.push(error) }
  const renewals = t.mock.method(store, 'renew')
  t.mock.timers.enable({ apis: ['setTimeout'] })
  return { clock, store, options, errors, renewals: renewals.mock }
}

async function acquired(name: string, options: LeaseOptions): Promise<Lease> {
  const lease = await acquireLease(name, options)
  if (lease === undefined) throw new Error('Cannot go on: another one has the lease')
  return lease
}

test('a lease is renewed three times in its ttl until it is released, and has the fence of its acquisition', async (t) => {
  const { options, renewals } = setUp(t)
  const lease = await acquired('job', options)
  assert.equal(await acquireLease('job', options), undefined)
  for (let count = 1; count <= 4; count += 1) {
    await pass(t, 10_000)
    assert.equal(renewals.callCount(), count)
  }
  assert.ok(lease.isHeld)
  await lease.release()
  assert.ok(!lease.isHeld && !lease.signal.aborted)
  await pass(t, 60_000)
  assert.equal(renewals.callCount(), 4)
  const next = await acquired('job', options)
  assert.deepEqual([lease.fence, next.fence], [1, 2])
  await lease.release()
  assert.ok(next.isHeld)
  await next.release()
})

test('a renewal that is refused aborts the signal; one that fails is reported and tried again', async (t) => {
  const { options, renewals, errors } = setUp(t)
  const lease = await acquired('job', options)
  renewals.mockImplementationOnce(() => Promise.reject(new Error('down')))
  await pass(t, 10_000)
  assert.equal(errors.length, 1)
  assert.ok(lease.isHeld)
  renewals.mockImplementationOnce(() => Promise.resolve(false))
  await pass(t, 10_000)
  assert.ok(lease.signal.aborted && !lease.isHeld)
  assert.equal(Reflect.get(lease.signal.reason, 'code'), 'LEASE_LOST')
  await pass(t, 60_000)
  assert.equal(renewals.callCount(), 2)
  assert.equal(await lease.renew(), false)
  await lease.release()
})

test('a lease that could not be renewed in time counts as lost here, before it ends there', async () => {
  const store = new MemoryLeaseStore(new Map(), { now: () => 0 })
  store.renew = () => Promise.reject(new Error('down'))
  const lease = await acquired('job', { store, ttl: 30, onError: () => undefined })
  await until('the signal aborts', () => lease.signal.aborted)
  assert.equal(lease.isHeld, false)
  assert.equal(await acquireLease('job', { store }), undefined)
})

test('withLease: runs the job while nobody else does, gives its result, and releases also after a failure', async (t) => {
  const { options } = setUp(t)
  const inner = async ({ fence }: { fence: number }) => {
    const meanwhile = await withLease('job', () => 'twice', options)
    assert.deepEqual(meanwhile, { ran: false, value: undefined })
    return `ran under ${fence}`
  }
  assert.deepEqual(await withLease('job', inner, options), { ran: true, value: 'ran under 1' })
  const failing = withLease('job', () => Promise.reject(new Error('broken')), { ...options, keepFor: '1h' })
  await assert.rejects(failing, { message: 'broken' })
  assert.deepEqual(await withLease('job', inner, options), { ran: true, value: 'ran under 3' })
})

test('withLease: a job that succeeded is not begun again before keepFor has passed', async (t) => {
  const { clock, options } = setUp(t)
  const run = () => withLease('job', ({ fence }) => fence, { ...options, keepFor: '1h' })
  assert.deepEqual(await run(), { ran: true, value: 1 })
  clock.advance(3_599_999)
  assert.equal((await run()).ran, false)
  clock.advance(1)
  assert.deepEqual(await run(), { ran: true, value: 2 })
})

test("withLease: the signal of the job aborts with the caller's, and an aborted caller acquires nothing", async (t) => {
  const { options } = setUp(t)
  const stop = new AbortController()
  await withLease(
    'job',
    ({ signal, lease }) => {
      stop.abort(new Error('enough'))
      assert.equal(signal.reason.message, 'enough')
      assert.ok(lease.isHeld)
    },
    { ...options, signal: stop.signal },
  )
  await assert.rejects(
    withLease('job', () => 1, { ...options, signal: stop.signal }),
    { message: 'enough' },
  )
  await (await acquired('job', options)).release()
})

test('options that cannot be used are refused', async (t) => {
  const { options } = setUp(t)
  for (const name of ['', 'x'.repeat(256)]) {
    await assert.rejects(acquireLease(name, options), { code: 'OPTION_INVALID' })
  }
  await assert.rejects(acquireLease('job', { ...options, ttl: 0 }), { code: 'OPTION_INVALID' })
  await assert.rejects(
    withLease('job', () => 1, { ...options, keepFor: 0 }),
    { code: 'OPTION_INVALID' },
  )
})

test('a holder that is stopped beyond its lease writes nothing once the next one has', async (t) => {
  const path = join(folder, 'stopped.db')
  const database = new DatabaseSync(path)
  t.after(() => {
    database.close()
  })
  database.exec('PRAGMA journal_mode = WAL; CREATE TABLE written (by TEXT)')
  const first = startFixture(new URL('fixtures/write-under-lease.ts', import.meta.url), [path])
  t.after(first.stop)
  await first.printed('holds 1')
  first.signal('SIGSTOP')
  const store = sqliteLeaseStore(path)
  const second = await until('the lease has ended', () => acquireLease('job', { store }))
  database.exec('BEGIN IMMEDIATE')
  checkFence(database, second)
  database.exec("INSERT INTO written VALUES ('second')")
  database.exec('COMMIT')
  first.signal('SIGCONT')
  first.say('write')
  await first.printed('refused LEASE_LOST, signal aborted')
  assert.deepEqual(
    database
      .prepare('SELECT by FROM written')
      .all()
      .map(({ by }) => by),
    ['second'],
  )
  await second.release()
  await store.close()
})
