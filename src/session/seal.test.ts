import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { cookieOf, SessionBench } from '../../test/support/session-bench.ts'
import { readKeyRing } from '../tokens/key-ring.ts'
import { sealing } from './seal.ts'

const [oldKey, newKey] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(32, 2).toString('base64')]
const ring = (...keys: string[]) => sealing(readKeyRing('keys', keys), randomBytes)
const key = 'k'.repeat(43)

function only(name: string, text: string): ReadonlyMap<string, string> {
  return new Map([[name, text]])
}

test('a sealed text comes back for its own session and field, and looks different each time', () => {
  const seal = ring(newKey)
  const [one, two] = [seal.seal(key, 'cart', '[1]'), seal.seal(key, 'cart', '[1]')]
  assert.notEqual(one, two)
  assert.ok(!one.includes('[1]'))
  assert.deepEqual(seal.open(key, only('cart', one)), only('cart', '[1]'))
})

test('a text moved to another session or field, or damaged, is an outage and never data', () => {
  const seal = ring(newKey)
  const text = seal.seal(key, 'cart', '{"admin":false}')
  const damaged = `${text.slice(0, -4)}AAAA`
  for (const [where, name, moved] of [
    ['o'.repeat(43), 'cart', text],
    [key, 'role', text],
    [key, 'cart', damaged],
    [key, 'cart', text.slice(0, 20)],
  ] as const) {
    assert.throws(() => seal.open(where, only(name, moved)), { code: 'STORE_UNAVAILABLE' })
  }
})

test('keys change with an overlap: every key opens, the first one seals, and a missing one is named', () => {
  const text = ring(oldKey).seal(key, 'cart', '[1]')
  assert.deepEqual(ring(newKey, oldKey).open(key, only('cart', text)), only('cart', '[1]'))
  const renewed = ring(newKey, oldKey).seal(key, 'cart', '[1]')
  assert.deepEqual(ring(newKey).open(key, only('cart', renewed)), only('cart', '[1]'))
  const keyId = readKeyRing('keys', [oldKey]).currentId
  assert.throws(
    () => ring(newKey).open(key, only('cart', text)),
    (error: unknown) =>
      error instanceof Error && error.message.includes(keyId) && !error.message.includes(oldKey),
  )
})

test('what was stored before encryption was switched on is still read', () => {
  assert.deepEqual(ring(newKey).open(key, only('cart', '[1]')), only('cart', '[1]'))
})

test('an encrypted session: the store sees no value, a sign-in keeps the data, and a concurrent save survives it', async () => {
  const bench = new SessionBench({ encryptionKeys: [newKey] })
  const visitor = await bench.start({ theme: 'dark', tags: ['secret-word'] })
  const stored = () =>
    JSON.stringify([...bench.store.records.values()].map(({ fields }) => Object.fromEntries(fields)))
  assert.ok(stored().includes('theme') && !stored().includes('dark') && !stored().includes('secret-word'))
  const session = bench.open(visitor)
  await session.login('ann')
  const other = bench.elsewhere(visitor)
  ;(await other.data()).visits = 7
  await other.commit()
  await session.commit()
  const data = await bench.open(cookieOf(session)).data()
  assert.deepEqual({ ...data }, { theme: 'dark', tags: ['secret-word'], visits: 7 })
  assert.ok(!stored().includes('secret-word'))
})
