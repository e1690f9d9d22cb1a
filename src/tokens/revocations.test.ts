import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { subscribed, testTokens } from '../../test/support/tokens.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { DeadlineTable, parts, tableKey } from './deadline-table.ts'
import { Revocations } from './revocations.ts'
import type { RevocationFollower } from './token-store.ts'

for (const loudly of [true, false]) {
  const how = loudly ? 'a cut that is told' : 'a feed that falls silent'

  test(`${how}: "look up" asks the store, which knows what was revoked meanwhile`, async () => {
    const { api, clock, other, newStore } = testTokens({ whenCut: 'look up', access: '10m' })
    const store = newStore()
    const server = other({ store, onError: () => undefined })
    const [kept, lost] = [await api.issue('alice'), await api.issue('alice')]
    await server.verify(kept.accessToken)
    assert.equal(store.lookUps, 0)
    store.cut(loudly)
    clock.advance(5_001)
    await api.revoke(lost)
    await server.verify(kept.accessToken)
    await assert.rejects(server.verify(lost.accessToken), { code: 'TOKEN_REVOKED' })
    assert.equal(store.lookUps, 2)
    store.isUnavailable = true
    await assert.rejects(server.verify(kept.accessToken), { code: 'STORE_UNAVAILABLE', status: 503 })
    store.isUnavailable = false
    store.mend()
    await server.verify(kept.accessToken)
    await assert.rejects(server.verify(lost.accessToken), { code: 'TOKEN_REVOKED' })
    assert.equal(store.lookUps, 3)
  })

  test(`${how}: "refuse" answers 503, and no sign-out`, async () => {
    const { api, clock, other, newStore } = testTokens({ access: '10m' })
    const store = newStore()
    const server = other({ store, onError: () => undefined })
    const { accessToken } = await api.issue('alice')
    await server.verify(accessToken, { whenCut: 'refuse' })
    store.cut(loudly)
    clock.advance(5_001)
    await assert.rejects(server.verify(accessToken, { whenCut: 'refuse' }), {
      code: 'REVOCATIONS_UNKNOWN',
      status: 503,
      headers: { 'retry-after': '1' },
    })
    store.mend()
    await server.verify(accessToken, { whenCut: 'refuse' })
  })

  test(`${how}: acceptFor takes tokens for so long since it was last heard of, but none that is known to be revoked`, async () => {
    const { api, clock, other, newStore } = testTokens({ access: '10m' })
    const store = newStore()
    const server = other({ store, onError: () => undefined })
    const [kept, lost] = [await api.issue('alice'), await api.issue('bob')]
    await api.revoke(lost)
    store.cut(loudly)
    clock.advance(60_000)
    const rule = { whenCut: { acceptFor: '1m' } } as const
    await server.verify(kept.accessToken, rule)
    await assert.rejects(server.verify(lost.accessToken, rule), { code: 'TOKEN_REVOKED' })
    clock.advance(1)
    await assert.rejects(server.verify(kept.accessToken, rule), { code: 'REVOCATIONS_UNKNOWN' })
    assert.equal(store.lookUps, 0)
  })
}

test('a cut of the feed and its end are told to whoever listens', () => {
  const { api, store } = testTokens({ onError: () => undefined })
  const events = subscribed('drover:token:feed')
  assert.equal(api.feed.isCurrent, true)
  store.cut(true)
  assert.equal(api.feed.isCurrent, false)
  store.mend()
  assert.equal(api.feed.isCurrent, true)
  const states = events().map((event) => (event as { readonly state: string }).state)
  assert.deepEqual(states, ['cut', 'current'])
})

/** Revocations whose feed the test is. */
function fed(mostRevocations: number) {
  const clock = new ManualClock(1_800_000_000_000)
  const followers: RevocationFollower[] = []
  const store = {
    follow: (follower: RevocationFollower) => {
      followers.push(follower)
      return () => undefined
    },
  }
  const report = () => undefined
  const revocations = new Revocations({ store, clock, longestLagMs: 5_000, mostRevocations, report })
  const [feed] = followers
  assert.ok(feed !== undefined)
  feed.onCurrent(clock.now())
  return { revocations, feed, clock }
}

const tag = 'A'.repeat(16)

/** So many at once, because chance in small pieces is dear. */
function newFamilies(count: number): readonly string[] {
  const bytes = randomBytes(24 * count)
  return Array.from(
    { length: count },
    (_, at) => `${tag}.${bytes.toString('base64url', 24 * at, 24 * at + 24)}`,
  )
}

function newFamily(): string {
  return newFamilies(1)[0] ?? ''
}

test('a million revocations take a few tens of megabytes, are all known, and are let go of after their time', () => {
  const { revocations, feed, clock } = fed(1_000_000)
  const untilMs = clock.now() + 300_000
  const known: string[] = []
  for (let batch = 0; batch < 1_000; batch += 1) {
    const families = newFamilies(1_000)
    feed.onRevoked(families.map((family) => ({ kind: 'family', family, untilMs })))
    known.push(...families.slice(0, 3))
  }
  const { size, bytes, isCurrent } = revocations.state
  assert.deepEqual([size, isCurrent], [1_000_000, true])
  assert.ok(bytes <= 96 * 1_000_000, `${bytes} bytes`)
  for (const family of known) assert.ok(revocations.has(family, 0))
  for (const family of newFamilies(3_000)) assert.ok(!revocations.has(family, 0))
  clock.advance(300_000)
  assert.ok(!known.some((family) => revocations.has(family, 0)))
  for (let at = 0; at < parts; at += 1) feed.onCurrent(clock.now())
  assert.equal(revocations.state.size, 0)
  assert.ok(revocations.state.bytes < 1_000_000, `${revocations.state.bytes} bytes`)
})

test('what does not fit makes the feed count as cut until it is over: nothing revoked is taken for good', () => {
  const { revocations, feed, clock } = fed(1_000)
  const untilMs = clock.now() + 10_000
  const revoke = (count: number) => {
    feed.onRevoked(newFamilies(count).map((family) => ({ kind: 'family', family, untilMs })))
  }
  revoke(1_000)
  assert.equal(revocations.state.isCurrent, true)
  revoke(1)
  assert.equal(revocations.state.isCurrent, false)
  clock.advance(10_000)
  feed.onCurrent(clock.now())
  assert.equal(revocations.state.isCurrent, true)
})

test('revocations of a principal come in any order and twice: the highest mark counts, and what it spares', () => {
  const { revocations, feed, clock } = fed(100)
  const untilMs = clock.now() + 10_000
  const [phone, laptop] = [newFamily(), newFamily()]
  feed.onRevoked([{ kind: 'principal', tag, mark: 3, except: laptop, untilMs }])
  feed.onRevoked([{ kind: 'principal', tag, mark: 2, except: phone, untilMs }])
  feed.onRevoked([{ kind: 'principal', tag, mark: 3, except: laptop, untilMs }])
  assert.deepEqual(
    [phone, laptop].map((family) => [2, 3].map((mark) => revocations.has(family, mark))),
    [
      [true, false],
      [false, false],
    ],
  )
  feed.onRevoked([{ kind: 'principal', tag, mark: 4, untilMs }])
  assert.equal(revocations.has(laptop, 3), true)
  assert.equal(revocations.has(`${'B'.repeat(16)}.${'B'.repeat(32)}`, 0), false)
})

test('marks that are milliseconds since the epoch, as Redis gives them, count to the last one', () => {
  const { revocations, feed, clock } = fed(100)
  const untilMs = clock.now() + 10_000
  const [kept, ended] = [newFamily(), newFamily()]
  const [first, second] = [2 ** 40 + 7, 2 ** 41 + 1]
  feed.onRevoked([{ kind: 'principal', tag, mark: first, untilMs }])
  assert.deepEqual([revocations.has(ended, first - 1), revocations.has(ended, first)], [true, false])
  feed.onRevoked([{ kind: 'principal', tag, mark: second, except: kept, untilMs }])
  assert.deepEqual(
    [ended, kept].map((family) => revocations.has(family, first)),
    [true, false],
  )
  assert.equal(revocations.has(ended, second), false)
})

test('who is spared takes no more memory than who is revoked', () => {
  const { revocations, feed, clock } = fed(100_000)
  const untilMs = clock.now() + 10_000
  const families = newFamilies(100_000).map((family) => family.slice(17, 33) + family.slice(16))
  feed.onRevoked(
    families.map((except) => ({ kind: 'principal', tag: except.slice(0, 16), mark: 1, except, untilMs })),
  )
  assert.deepEqual([revocations.state.size, revocations.state.isCurrent], [100_000, true])
  assert.ok(revocations.state.bytes <= 2 * 96 * 100_000, `${revocations.state.bytes} bytes`)
  assert.equal(
    families.some((family) => revocations.has(family, 0)),
    false,
  )
})

test('a table keeps what it is given until its deadline, however it grows and is swept', () => {
  const table = new DeadlineTable(10_000)
  const keys = Array.from({ length: 5_000 }, () => randomBytes(12).toString('base64url'))
  for (const [at, key] of keys.entries()) assert.ok(table.set(tableKey(key, 0), 100 + (at % 2) * 100, at, 0))
  assert.equal(table.size, 5_000)
  for (const [at, key] of keys.entries()) assert.equal(table.get(tableKey(key, 0), 50), at)
  for (let at = 0; at < parts; at += 1) table.sweepNext(150)
  assert.equal(table.size, 2_500)
  for (const [at, key] of keys.entries())
    assert.equal(table.get(tableKey(key, 0), 150), at % 2 === 1 ? at : undefined)
  assert.equal(new Set(keys.map((key) => tableKey(key, 0).join())).size, 5_000)
})
