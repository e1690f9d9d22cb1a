import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { RandomPool } from './random-pool.ts'
import { readRequestId, RequestIds } from './request-id.ts'

test('passes the ids that proxies and clients make', () => {
  const ids = [
    'a',
    '5f0c7b1e-8a55-4c10-9d0c-2b8d2d6f2f1a',
    'Root=1-67891233-abcdef012345678912345678',
    'urn:uuid:5f0c7b1e',
    'aGVsbG8+d29ybGQ/PQ==',
    'x'.repeat(128),
  ]
  for (const id of ids) assert.equal(readRequestId(id), id)
})

test('passes nothing that is empty, too long, or means something to a log or a shell', () => {
  const bad = [
    '',
    'x'.repeat(129),
    'a b',
    'a,b',
    'a;b',
    'a"b',
    "a'b",
    'a\\b',
    'a\nb',
    'a\n',
    'a\0',
    'é',
    '<b>',
    '$(a)',
  ]
  for (const id of bad) assert.equal(readRequestId(id), undefined, JSON.stringify(id))
})

test('mints short ids that no other of the process and no other process has', () => {
  const processes = [0, 1].map(() => new RequestIds(new RandomPool(randomBytes)))
  const ids = processes.flatMap((requestIds) => Array.from({ length: 1_000 }, () => requestIds.mint()))
  assert.equal(new Set(ids).size, 2_000)
  for (const id of ids) {
    assert.ok(id.length < 24, id)
    assert.equal(readRequestId(id), id)
  }
})

test('a pool gives digits of its random bytes, each once, and draws anew when it is used up', () => {
  let drawn = 0
  const pool = new RandomPool((size) => new Uint8Array(size).fill(++drawn))
  const digits = Array.from({ length: 200 }, () => pool.hex(48))
  assert.equal(digits[0], '01'.repeat(24))
  assert.equal(digits.at(-1), '02'.repeat(24))
  assert.ok(digits.every(({ length }) => length === 48))
  assert.equal(drawn, 2)
})
