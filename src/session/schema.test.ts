import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type } from 'arktype'
import * as v from 'valibot'
import { z } from 'zod'
import { cookieOf, SessionBench } from '../../test/support/session-bench.ts'
import { DataShape } from './schema.ts'
import type { StandardSchema, Upcaster } from './schema.ts'

interface Cart {
  items: { sku: string; count: number }[]
  currency: string
  note?: string | undefined
}

const zodCart = z.object({
  items: z.array(z.object({ sku: z.string(), count: z.number() })).default([]),
  currency: z.string().default('EUR'),
  note: z.string().optional(),
})
const valibotCart = v.object({
  items: v.optional(v.array(v.object({ sku: v.string(), count: v.number() })), []),
  currency: v.optional(v.string(), 'EUR'),
  note: v.optional(v.string()),
})
const arkCart = type({
  items: type({ sku: 'string', count: 'number' })
    .array()
    .default(() => []),
  currency: 'string = "EUR"',
  'note?': 'string',
})

function shapeOf(
  schema: StandardSchema<Cart>,
  upcast: readonly Upcaster[] = [],
  invalid: 'error' | 'reset' = 'error',
): DataShape<Cart> {
  return new DataShape({ schema, upcast, invalid })
}

for (const [name, schema] of [
  ['zod', zodCart],
  ['valibot', valibotCart],
  ['arktype', arkCart],
] as const) {
  test(`${name}: defaults are filled in, reading writes nothing, and only what changed is saved`, async () => {
    const bench = new SessionBench<Cart>({ shape: shapeOf(schema) })
    const fresh = bench.open()
    assert.deepEqual((await fresh.data()).items, [])
    assert.equal(fresh.pending(), false)
    const data = await fresh.data()
    data.items.push({ sku: 'lamp', count: 1 })
    await fresh.commit()
    const cookie = cookieOf(fresh)
    bench.store.calls.length = 0
    const reader = bench.open(cookie)
    assert.deepEqual({ ...(await reader.data()) }, { items: [{ sku: 'lamp', count: 1 }], currency: 'EUR' })
    assert.equal(reader.pending(), false)
    const writer = bench.open(cookie)
    ;(await writer.data()).note = 'as a gift'
    await writer.commit()
    const [, , save] = bench.store.calls
    assert.deepEqual(save?.[2], {
      set: new Map([['note', '"as a gift"']]),
      remove: new Set(),
      idleDeadlineMs: bench.nowMs + 3_600_000,
    })
  })

  test(`${name}: data that does not fit is refused on write, before the next request trips over it`, async () => {
    const bench = new SessionBench<Cart>({ shape: shapeOf(schema) })
    const session = bench.open()
    const data: { currency: unknown } = await session.data()
    data.currency = 7
    await assert.rejects(session.commit(), (error: unknown) => {
      return error instanceof Error && /Cannot keep session data: .*currency/.test(error.message)
    })
    assert.deepEqual(bench.store.calls, [])
  })
}

test('stored data that does not fit is SESSION_DATA_INVALID, naming the place and no value; or begins anew', async () => {
  const stored = { items: 'secret-word', currency: 'USD' }
  for (const invalid of ['error', 'reset'] as const) {
    const bench = new SessionBench<Cart>({ shape: shapeOf(zodCart, [], invalid) })
    const cookie = await bench.start({}, 'ann')
    const [key, record] = [...bench.store.records][0] ?? assert.fail('no record')
    const fields = new Map(Object.entries(stored).map(([name, value]) => [name, JSON.stringify(value)]))
    bench.store.records.set(key, { ...record, fields })
    const session = bench.open(cookie)
    if (invalid === 'error') {
      await assert.rejects(session.data(), (error: unknown) => {
        assert.ok(error instanceof Error && /items/.test(error.message) && !/secret-word/.test(error.message))
        return true
      })
    } else {
      assert.deepEqual({ ...(await session.data()) }, { items: [], currency: 'EUR' })
    }
    assert.equal(await session.principal(), 'ann')
  }
})

const upcast: readonly Upcaster[] = [
  ({ cart, ...rest }) => ({
    ...rest,
    items: Array.isArray(cart) ? cart.map((sku) => ({ sku, count: 1 })) : [],
  }),
  ({ money, ...rest }) => (money === undefined ? rest : { ...rest, currency: money }),
]

test('older data is brought up to date when it is read, and written whole with the next change', async () => {
  const old = new SessionBench<Record<string, unknown>>()
  const cookie = await old.start({ cart: ['lamp'], money: 'USD' })
  const bench = new SessionBench<Cart>({ shape: shapeOf(zodCart, upcast), store: () => old.store })
  bench.nowMs = old.nowMs
  old.store.calls.length = 0
  const session = bench.open(cookie)
  const data = await session.data()
  assert.deepEqual({ ...data }, { items: [{ sku: 'lamp', count: 1 }], currency: 'USD' })
  await session.commit()
  assert.deepEqual(old.store.methods(), ['load'])
  data.note = 'new'
  await session.commit()
  const [record] = old.store.records.values()
  assert.deepEqual(Object.fromEntries(record?.fields ?? []), {
    items: '[{"sku":"lamp","count":1}]',
    currency: '"USD"',
    note: '"new"',
    'drover:version': '2',
  })
  assert.deepEqual({ ...(await bench.open(cookie).data()) }, { ...data })
})

test('data of a newer version, as a rolling deploy brings it, is taken as it is and keeps its version', async () => {
  const store = new SessionBench<Record<string, unknown>>()
  const newer = new SessionBench<Cart>({ shape: shapeOf(zodCart, upcast), store: () => store.store })
  const older = new SessionBench<Cart>({
    shape: shapeOf(zodCart, upcast.slice(0, 1)),
    store: () => store.store,
  })
  const session = newer.open()
  ;(await session.data()).currency = 'USD'
  await session.commit()
  const cookie = cookieOf(session)
  const there = older.open(cookie)
  ;(await there.data()).note = 'from the older server'
  await there.commit()
  const [record] = store.store.records.values()
  assert.equal(record?.fields.get('drover:version'), '2')
  assert.equal((await newer.open(cookie).data()).note, 'from the older server')
})

test('a conflict is merged on data of a schema too: defaults stay defaults, both changes stay', async () => {
  const bench = new SessionBench<Cart>({
    shape: shapeOf(zodCart),
    conflicts: {
      items: { merge: ({ base = [], mine = [], theirs = [] }) => [...theirs, ...mine.slice(base.length)] },
    },
  })
  const cookie = await bench.start({ note: 'x' })
  const [one, other] = [bench.open(cookie), bench.elsewhere(cookie)]
  ;(await one.data()).items.push({ sku: 'lamp', count: 1 })
  const data = await other.data()
  data.items.push({ sku: 'mug', count: 2 })
  await one.commit()
  await other.commit()
  const both = [
    { sku: 'lamp', count: 1 },
    { sku: 'mug', count: 2 },
  ]
  assert.deepEqual({ ...data }, { items: both, currency: 'EUR', note: 'x' })
  assert.deepEqual((await bench.open(cookie).data()).items, both)
  assert.equal(other.pending(), false)
})
