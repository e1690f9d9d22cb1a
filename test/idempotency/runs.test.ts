// Options, leases that are renewed, and what is settled once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { MemoryIdempotencyStore } from '../../src/stores/memory/idempotency.ts'
import { idempotency } from '../../src/idempotency/idempotency.ts'
import type { Idempotency } from '../../src/idempotency/idempotency.ts'
import type { IdempotencyOptions } from '../../src/idempotency/options.ts'
import { pass } from '../support/timers.ts'

const answer = { status: 200, headers: [], body: new Uint8Array() }

/** A policy on a store whose renewals are counted, with timers that go when told. */
function setUp(t: TestContext, options: Partial<IdempotencyOptions> = {}) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const store = new MemoryIdempotencyStore(new Map(), { now: () => 0 })
  const renewals = t.mock.method(store, 'renew')
  const errors: unknown[] = []
  const onError = (error: unknown) => errors.push(error)
  const policy = idempotency({ store, environment: {}, lease: '30s', onError, ...options })
  return { store, policy, renewals: renewals.mock, errors }
}

async function begin(policy: Idempotency, key: string = 'a') {
  const verdict = await policy.begin({
    method: 'POST',
    target: '/orders',
    header: (name) => (name === 'idempotency-key' ? key : undefined),
    principal: () => 'ann',
    body: () => '',
  })
  if (verdict.kind !== 'run') throw new Error(`Cannot go on: the verdict is ${verdict.kind}`)
  return verdict.run
}

test('a lease is renewed three times in its time while the handler runs, and not after', async (t) => {
  const { policy, renewals } = setUp(t)
  const run = await begin(policy)
  for (let count = 1; count <= 5; count += 1) {
    await pass(t, 10_000)
    assert.equal(renewals.callCount(), count)
  }
  await run.finish(answer)
  await pass(t, 60_000)
  assert.equal(renewals.callCount(), 5)
})

test('a renewal that fails is reported and tried again; one that is refused is the last', async (t) => {
  const { store, policy, renewals, errors } = setUp(t)
  const run = await begin(policy)
  renewals.mockImplementationOnce(() => Promise.reject(new Error('down')))
  await pass(t, 10_000)
  assert.equal(errors.length, 1)
  await pass(t, 10_000)
  assert.equal(renewals.callCount(), 2)
  renewals.mockImplementationOnce(() => Promise.resolve(false))
  await pass(t, 10_000)
  await pass(t, 60_000)
  assert.equal(renewals.callCount(), 3)
  assert.equal(errors.length, 1)
  await run.finish(answer)
  await store.close()
})

test('a handler that runs too long is taken for stuck: its lease is left to end', async (t) => {
  const { policy, renewals } = setUp(t, { longestRun: 1 })
  const run = await begin(policy)
  const from = performance.now()
  while (performance.now() < from + 2);
  await pass(t, 10_000)
  await pass(t, 60_000)
  assert.equal(renewals.callCount(), 0)
  await run.abandon()
})

test('a run is settled once: what is finished cannot be abandoned, and the other way round', async (t) => {
  const { policy } = setUp(t)
  const done = await begin(policy)
  await done.finish(answer)
  await done.abandon()
  await done.finish({ ...answer, status: 500 })
  await assert.rejects(begin(policy), { message: 'Cannot go on: the verdict is replay' })
  const left = await begin(policy, 'b')
  await left.abandon()
  await left.finish(answer)
  await (await begin(policy, 'b')).abandon()
})

test('Retry-After is in whole seconds, never 0 and never beyond a lease', async () => {
  const clock = { nowMs: 0, now: () => clock.nowMs }
  const store = new MemoryIdempotencyStore(new Map(), clock)
  const policy = idempotency({ store, environment: {}, lease: '2500ms' })
  const run = await begin(policy)
  for (const [nowMs, seconds] of [
    [0, '3'],
    [600, '2'],
    [2_499, '1'],
    [-60_000, '3'],
  ] as const) {
    clock.nowMs = nowMs
    await assert.rejects(begin(policy), { status: 409, headers: { 'retry-after': seconds } })
  }
  await run.abandon()
})

test('idempotency: options that cannot be used are refused by name', () => {
  const store = new MemoryIdempotencyStore(new Map(), { now: () => 0 })
  for (const [name, given] of [
    ['lease', { lease: 0 }],
    ['retention', { retention: -1 }],
    ['longestRun', { longestRun: 0 }],
    ['maxResponseBytes', { maxResponseBytes: 1.5 }],
  ] as const) {
    assert.throws(
      () => idempotency({ store, ...given }),
      (error: Error) => error.message.includes(name),
    )
  }
  const none: IdempotencyOptions = JSON.parse('{"store":{}}')
  assert.throws(() => idempotency(none), { code: 'OPTION_INVALID' })
})
