// The memory store: its contract over handles that share one memory, where it is refused, and that it does not grow.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, test } from 'node:test'
import { until } from '../support/until.ts'
import { logId } from '../../src/session/events.ts'
import { ManualClock, rateCounterContract, sessionStoreContract } from '../../src/testing/index.ts'
import type { Clock } from '../../src/testing/index.ts'
import { memorySessionStore } from '../../src/stores/memory/index.ts'
import { MemorySessions } from '../../src/stores/memory/sessions.ts'
import { MemorySessionStore } from '../../src/stores/memory/store.ts'

const noExpectation = { set: new Map<string, string>(), remove: new Set<string>() }

function visitor(nowMs: number, given: { principal?: string; fields?: Record<string, string> } = {}) {
  return {
    principal: given.principal,
    device: undefined,
    ip: undefined,
    createdAtMs: nowMs,
    absoluteDeadlineMs: nowMs + 1_000,
    idleDeadlineMs: nowMs + 100,
    fields: new Map(Object.entries(given.fields ?? {})),
  }
}

describe('MemorySessionStore contract', () => {
  const shared = new MemorySessions()
  const open = (clock: Clock) => new MemorySessionStore(shared, clock)
  for (const { name, run } of sessionStoreContract({ open, watchWithinMs: 20_000 })) test(name, run)
  for (const { name, run } of rateCounterContract({ open })) test(name, run)
})

test('memorySessionStore: is refused where several instances could run, saying why and what to use', () => {
  for (const [environment, reason] of [
    [
      { NODE_ENV: 'production' },
      /NODE_ENV is "production".*wanted a store that all instances share.*sqlite:PATH/,
    ],
    [{ DROVER_INSTANCE: 'a1' }, /DROVER_INSTANCE is set, as it is by "drover up"/],
  ] as const) {
    assert.throws(() => memorySessionStore({ environment }), { code: 'OPTION_INVALID', message: reason })
  }
})

test('memorySessionStore: works in development, each store on its own', async () => {
  const clock = new ManualClock()
  const [one, other] = [
    memorySessionStore({ clock, environment: {} }),
    memorySessionStore({ clock, environment: {} }),
  ]
  await one.create('key', visitor(clock.now()))
  assert.ok((await one.load('key')) !== undefined)
  assert.equal(await other.load('key'), undefined)
})

test('MemorySessionStore: what was loaded stays as it was, whatever is saved later', async () => {
  const clock = new ManualClock()
  const store = new MemorySessionStore(new MemorySessions(), clock)
  const given = visitor(clock.now(), { fields: { a: '1' } })
  await store.create('key', given)
  given.fields.set('a', '"changed by the caller"')
  const before = await store.load('key')
  await store.save('key', { ...noExpectation, set: new Map([['a', '2']]), idleDeadlineMs: 0 })
  assert.equal(before?.fields.get('a'), '1')
  assert.equal((await store.load('key'))?.fields.get('a'), '2')
})

test('MemorySessionStore: expired sessions and forwardings are swept as new ones come, and told of', async () => {
  const clock = new ManualClock()
  const sessions = new MemorySessions()
  const store = new MemorySessionStore(sessions, clock)
  const told: unknown[] = []
  const onExpired = (event: unknown) => told.push(event)
  subscribe('drover:session:expired', onExpired)
  try {
    let most = 0
    for (let count = 0; count < 10_000; count += 1) {
      // A hundred live at any time; each is renewed once.
      clock.advance(1)
      await store.create(`old ${count}`, visitor(clock.now(), { principal: 'ann' }))
      const forwarding = { sealedId: 'sealed', untilMs: clock.now() + 10 }
      const change = { ...noExpectation, idleDeadlineMs: clock.now() }
      await store.replace(`old ${count}`, `new ${count}`, visitor(clock.now()), change, forwarding)
      most = Math.max(most, sessions.records.size, sessions.marks.size)
    }
    assert.ok(most < 400, `${most} entries`)
    assert.deepEqual(told[0], { session: logId('new 0'), principal: undefined })
    assert.ok(told.length > 9_000)
  } finally {
    unsubscribe('drover:session:expired', onExpired)
  }
})

test('MemorySessionStore: two renewals at once leave both ids leading to the session', async () => {
  const clock = new ManualClock()
  const store = new MemorySessionStore(new MemorySessions(), clock)
  await store.create('first', visitor(clock.now()))
  const change = { ...noExpectation, idleDeadlineMs: clock.now() }
  const untilMs = clock.now() + 10
  await store.replace('first', 'one', visitor(clock.now()), change, { sealedId: 'to one', untilMs })
  await store.replace('first', 'other', visitor(clock.now()), change, { sealedId: 'to other', untilMs })
  assert.deepEqual((await store.load('first'))?.successor, { key: 'other', sealedId: 'to other' })
  assert.equal((await store.load('one'))?.successor?.key, 'other')
  assert.equal((await store.load('other'))?.successor, undefined)
  clock.advance(10)
  assert.equal(await store.load('first'), undefined)
  assert.ok((await store.load('other')) !== undefined)
})

test('MemorySessionStore: a watcher is told of the end once, through renewals, and not after it stopped', async () => {
  const clock = new ManualClock()
  const sessions = new MemorySessions()
  const [here, there] = [new MemorySessionStore(sessions, clock), new MemorySessionStore(sessions, clock)]
  const ends: string[] = []
  for (const key of ['deleted', 'expiring', 'stopped']) await here.create(key, visitor(clock.now()))
  const stop = here.watch('stopped', () => ends.push('stopped'))
  here.watch('deleted', () => ends.push('deleted'))
  here.watch('expiring', () => ends.push('expiring'))
  here.watch('never was', () => ends.push('never was'))
  await until('absence told', () => ends.includes('never was'))
  stop()
  const change = { ...noExpectation, idleDeadlineMs: clock.now() }
  const forwarding = { sealedId: 'sealed', untilMs: clock.now() + 50 }
  await there.replace('deleted', 'renewed', visitor(clock.now()), change, forwarding)
  await until('renewal noticed', () => here.load('renewed'))
  await there.delete('stopped')
  await there.delete('renewed')
  await until('end told', () => ends.includes('deleted'))
  clock.advance(100)
  await until('expiry told', () => ends.includes('expiring'))
  assert.deepEqual(ends, ['never was', 'deleted', 'expiring'])
  await Promise.all([here.close(), there.close()])
})
