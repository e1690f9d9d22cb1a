import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cookieOf, SessionBench } from '../../test/support/session-bench.ts'
import type { Shop } from '../../test/support/session-bench.ts'
import type { ConflictRules } from './conflict.ts'
import type { OpenSession } from './session.ts'

const secret = Buffer.alloc(32, 7).toString('base64')
const conflicts: ConflictRules<Shop> = {
  visits: 'counter',
  tags: 'set',
  cart: { merge: ({ base = [], mine = [], theirs = [] }) => [...theirs, ...mine.slice(base.length)] },
  theme: { lease: '1s' },
}
const lamp = { sku: 'lamp', quantity: 1 }
const mug = { sku: 'mug', quantity: 2 }

/** With values as they are, and encrypted: the store then cannot add, and everything is compared. */
const benches: readonly (readonly [string, () => SessionBench])[] = [
  ['plain', () => new SessionBench({ conflicts })],
  ['encrypted', () => new SessionBench({ conflicts, encryptionKeys: [secret] })],
]

for (const [name, makeBench] of benches) {
  test(`${name}: two servers that count, tag and fill one cart at once lose nothing`, async () => {
    const bench = makeBench()
    const cookie = await bench.start({ visits: 10, tags: ['a'], cart: [] })
    const change = async (session: OpenSession<Shop>, tag: string, item: typeof lamp) => {
      const data = await session.data()
      data.visits = (data.visits ?? 0) + 1
      data.tags = [...(data.tags ?? []), tag]
      data.cart?.push(item)
      return session
    }
    const one = await change(bench.open(cookie), 'b', lamp)
    const other = await change(bench.elsewhere(cookie), 'c', mug)
    assert.equal(await one.commit(), 'saved')
    assert.equal(await other.commit(), 'saved')
    const { visits, tags, cart } = await bench.open(cookie).data()
    assert.deepEqual({ visits, tags, cart }, { visits: 12, tags: ['a', 'b', 'c'], cart: [lamp, mug] })
    // The object that the app holds shows what was merged.
    assert.deepEqual((await other.data()).cart, [lamp, mug])
    assert.equal(other.pending(), false)
  })

  test(`${name}: 2 servers × 1,000 concurrent increments by update end at exactly 2,000`, async () => {
    const bench = makeBench()
    const cookie = await bench.start({ tags: [] })
    const add = (session: OpenSession<Shop>) => session.update('visits', (visits = 0) => visits + 1)
    const rounds = Array.from({ length: 1_000 }, () => [
      add(bench.open(cookie)),
      add(bench.elsewhere(cookie)),
    ])
    await Promise.all(rounds.flat())
    assert.equal((await bench.open(cookie).data()).visits, 2_000)
  })
}

test('counting with the counter rule is one store call, whoever else counts', async () => {
  const bench = new SessionBench({ conflicts })
  const cookie = await bench.start({ visits: 1 })
  const sessions = [bench.open(cookie), bench.elsewhere(cookie), bench.elsewhere(cookie)]
  for (const session of sessions) {
    const data = await session.data()
    data.visits = (data.visits ?? 0) + 1
  }
  bench.store.calls.length = 0
  for (const session of sessions) await session.commit()
  assert.deepEqual(bench.store.methods(), ['save', 'save', 'save'])
  assert.equal((await bench.open(cookie).data()).visits, 4)
})

test('update writes its field at once and leaves other changes to the commit', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ visits: 1 })
  const session = bench.open(cookie)
  const data = await session.data()
  data.tags = ['mine']
  assert.equal(await session.update('visits', (visits = 0) => visits + 1), 2)
  assert.deepEqual({ ...(await bench.open(cookie).data()) }, { visits: 2 })
  assert.equal(data.visits, 2)
  assert.equal(session.pending(), true)
  await session.commit()
  assert.deepEqual({ ...(await bench.open(cookie).data()) }, { visits: 2, tags: ['mine'] })
})

test('update begins again with the newest value when another server was faster', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ cart: [] })
  const slow = bench.open(cookie)
  await slow.data()
  await bench.elsewhere(cookie).update('cart', (cart = []) => [...cart, mug])
  const seen: unknown[] = []
  await slow.update('cart', (cart = []) => {
    seen.push(structuredClone(cart))
    // In place, as people write it: the next try must not find it done.
    cart.push(lamp)
    return cart
  })
  assert.deepEqual(seen, [[], [mug]])
  assert.deepEqual((await bench.open(cookie).data()).cart, [mug, lamp])
})

test('update removes a field, keeps size and shape rules, and refuses to wait without a lease', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ visits: 1, theme: 'dark' })
  assert.equal(await bench.open(cookie).update('theme', () => undefined), undefined)
  assert.deepEqual({ ...(await bench.open(cookie).data()) }, { visits: 1 })
  const session = bench.open(cookie)
  await assert.rejects(
    session.update('theme', () => 'x'.repeat(1_000)),
    { code: 'SESSION_TOO_LARGE' },
  )
  await assert.rejects(
    session.update('visits', () => Number.NaN),
    { code: 'SESSION_VALUE_INVALID' },
  )
  await assert.rejects(
    session.update('visits', () => Promise.resolve(2)),
    { code: 'SESSION_VALUE_INVALID' },
  )
  await assert.rejects(
    session.update('visits', () => {
      throw new RangeError('mine')
    }),
    RangeError,
  )
  assert.deepEqual({ ...(await session.data()) }, { visits: 1 })
})

test('update of a session that is not at rest is done by its commit; of one that is gone it is refused', async () => {
  const bench = new SessionBench()
  const fresh = bench.open()
  assert.equal(await fresh.update('visits', (visits = 0) => visits + 1), 1)
  assert.deepEqual(bench.store.calls, [])
  await fresh.commit()
  const cookie = cookieOf(fresh)
  const slow = bench.open(cookie)
  await slow.data()
  const fast = bench.open(cookie)
  await fast.logout()
  await fast.commit()
  await assert.rejects(
    slow.update('visits', () => 7),
    { code: 'SESSION_GONE' },
  )
  assert.equal(bench.store.records.size, 0)
})

test('update gives up with SESSION_CONFLICT when others are faster every time', async () => {
  const bench: SessionBench = new SessionBench({
    store: (store) =>
      new Proxy(store, {
        get: (target, name) =>
          name === 'save'
            ? () => Promise.resolve('conflict')
            : bindTo(target, Reflect.get(target, name, target)),
      }),
  })
  const cookie = await bench.start({ visits: 1 })
  await assert.rejects(
    bench.open(cookie).update('visits', () => 2),
    { code: 'SESSION_CONFLICT', status: 409 },
  )
})

function bindTo(target: object, value: unknown): unknown {
  return typeof value === 'function' ? value.bind(target) : value
}

test('a leased field is changed by one request at a time, each seeing what the one before left', async () => {
  const bench = new SessionBench({ conflicts })
  const cookie = await bench.start({ visits: 0 })
  let inside = 0
  const append = (session: OpenSession<Shop>, letter: string) =>
    session.update('theme', async (theme = '') => {
      inside += 1
      assert.equal(inside, 1)
      await new Promise(setImmediate)
      inside -= 1
      return theme + letter
    })
  await Promise.all([append(bench.open(cookie), 'a'), append(bench.elsewhere(cookie), 'b')])
  const { theme } = await bench.open(cookie).data()
  assert.ok(theme === 'ab' || theme === 'ba', theme)
  assert.deepEqual([...(bench.store.records.values().next().value?.fields.keys() ?? [])].toSorted(), [
    'theme',
    'visits',
  ])
})

test('a lease that was taken over loses, and nothing of the loser is written', async () => {
  const bench = new SessionBench({ conflicts })
  const cookie = await bench.start({ visits: 0 })
  const slow = bench.open(cookie).update('theme', async () => {
    // Its lease is over by the servers' clock while it still works; another takes it.
    bench.nowMs += 1_000
    await bench.elsewhere(cookie).update('theme', () => Promise.resolve('fast'))
    return 'slow'
  })
  await assert.rejects(slow, { code: 'SESSION_CONFLICT' })
  assert.equal((await bench.open(cookie).data()).theme, 'fast')
})

test('a failing change gives its lease back', async () => {
  const bench = new SessionBench({ conflicts })
  const cookie = await bench.start({ visits: 0 })
  await assert.rejects(
    bench.open(cookie).update('theme', () => Promise.reject(new RangeError('mine'))),
    RangeError,
  )
  assert.equal(await bench.elsewhere(cookie).update('theme', () => Promise.resolve('next')), 'next')
})

test('a leased field changed without its lease is refused by name, and nothing is saved', async () => {
  const bench = new SessionBench({ conflicts })
  const session = bench.open(await bench.start({ visits: 0 }))
  const data = await session.data()
  data.theme = 'dark'
  data.visits = 5
  await assert.rejects(session.commit(), /Cannot change session field "theme": it is under a lease/)
  assert.deepEqual(bench.store.methods(), ['load'])
})

test('a commit with an idempotency key is made once, whichever server is asked again', async () => {
  const bench = new SessionBench({ conflicts })
  const cookie = await bench.start({ visits: 0 })
  const pay = async (session: OpenSession<Shop>, key: string) => {
    const data = await session.data()
    data.visits = (data.visits ?? 0) + 1
    return session.commit({ idempotencyKey: key })
  }
  assert.equal(await pay(bench.open(cookie), 'order 7'), 'saved')
  const again = bench.elsewhere(cookie)
  assert.equal(await pay(again, 'order 7'), 'repeated')
  assert.equal((await again.data()).visits, 1)
  assert.equal(again.pending(), false)
  assert.equal(await pay(bench.open(cookie), 'order 8'), 'saved')
  // At the same time, both having loaded before either commits.
  const racers = [bench.open(cookie), bench.elsewhere(cookie)]
  await Promise.all(racers.map((session) => session.data()))
  const outcomes = await Promise.all(racers.map((session) => pay(session, 'order 9')))
  assert.deepEqual(outcomes.toSorted(), ['repeated', 'saved'])
  assert.equal((await bench.open(cookie).data()).visits, 3)
})

test('a session remembers its latest 16 idempotency keys, and shows none of them to the app', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ visits: 0 })
  for (let order = 0; order < 20; order += 1) {
    bench.nowMs += 1
    await bench.open(cookie).commit({ idempotencyKey: `order ${order}` })
  }
  const [record] = bench.store.records.values()
  const once = [...(record?.fields.keys() ?? [])].filter((name) => name.startsWith('drover:once:'))
  assert.equal(once.length, 16)
  assert.equal(await bench.open(cookie).commit({ idempotencyKey: 'order 19' }), 'repeated')
  assert.equal(await bench.open(cookie).commit({ idempotencyKey: 'order 0' }), 'saved')
  assert.deepEqual({ ...(await bench.open(cookie).data()) }, { visits: 0 })
})

test("names of Drover's own are refused in data", async () => {
  const bench = new SessionBench()
  const session = bench.open()
  const data: Record<string, unknown> = { ...(await session.data()) }
  Object.assign(await session.data(), { ...data, 'drover:csrf': 'forged' })
  await assert.rejects(session.commit(), /names that begin with "drover:" are Drover's own/)
})

test('a leased field of a session that is not at rest yet is changed without a lease, and its commit keeps it', async () => {
  const bench = new SessionBench({ conflicts })
  const session = bench.open()
  assert.equal(await session.update('theme', () => Promise.resolve('dark')), 'dark')
  await session.commit()
  const cookie = cookieOf(session)
  assert.equal((await bench.open(cookie).data()).theme, 'dark')
  const later = bench.open(cookie)
  ;(await later.data()).theme = 'light'
  await assert.rejects(later.commit(), { code: 'SESSION_VALUE_INVALID' })
})

test('a change that waits for its own session ends in an error, at rest or not, and a failing one crashes nobody', async () => {
  const bench = new SessionBench()
  for (const session of [bench.open(), bench.open(await bench.start({ visits: 1 }))]) {
    const waits = session.update('visits', async () => (await session.data()).visits)
    await assert.rejects(waits, { code: 'SESSION_VALUE_INVALID' })
    const fails = session.update('visits', () => Promise.reject(new RangeError('mine')))
    await assert.rejects(fails, { code: 'SESSION_VALUE_INVALID' })
    await new Promise(setImmediate)
    assert.equal(session.pending(), false)
  }
})
