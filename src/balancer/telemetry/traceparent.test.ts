import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { RandomPool } from './random-pool.ts'
import { mintTraceparent, readTraceparent } from './traceparent.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const parentId = '00f067aa0ba902b7'

test('passes version 00 as it came, with any flags', () => {
  for (const flags of ['00', '01', '02', '03', '09', 'ff']) {
    const value = `00-${traceId}-${parentId}-${flags}`
    assert.deepEqual(readTraceparent(value), { value, traceId })
  }
})

test('passes a later version as it came, with or without further fields', () => {
  for (const value of [
    `01-${traceId}-${parentId}-01`,
    `01-${traceId}-${parentId}-01-`,
    `cc-${traceId}-${parentId}-01-what-the-future-will-be`,
    `fe-${traceId}-${parentId}-01-.`,
  ])
    assert.deepEqual(readTraceparent(value), { value, traceId }, value)
})

test('begins the trace anew for anything else', () => {
  for (const value of [
    '',
    'x',
    traceId,
    // Version
    `ff-${traceId}-${parentId}-01`,
    `ff-${traceId}-${parentId}-01-x`,
    `0-${traceId}-${parentId}-01`,
    `000-${traceId}-${parentId}-01`,
    `.0-${traceId}-${parentId}-01`,
    `0A-${traceId}-${parentId}-01`,
    // Version 00 has four fields
    `00-${traceId}-${parentId}-01-`,
    `00-${traceId}-${parentId}-01-x`,
    `00-${traceId}-${parentId}-011`,
    `00-${traceId}-${parentId}-0`,
    `00-${traceId}-${parentId}`,
    // A later version has fields, not a longer fourth one
    `01-${traceId}-${parentId}-01x`,
    `01-${traceId}-${parentId}-0`,
    `01-${traceId}-${parentId}-01- x`,
    // Ids
    `00-${'0'.repeat(32)}-${parentId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `cc-${'0'.repeat(32)}-${parentId}-01`,
    `cc-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${parentId}-01`,
    `00-${traceId}-${parentId.toUpperCase()}-01`,
    `00-${traceId.slice(1)}-${parentId}-01`,
    `00-${traceId}0-${parentId}-01`,
    `00-${traceId.replace('4', 'g')}-${parentId}-01`,
    `00-${traceId}-${parentId.slice(1)}-01`,
    `00-${traceId}-${parentId}-0g`,
    `00-${traceId}-${parentId}-0A`,
    // Delimiters and what surrounds it
    `00_${traceId}_${parentId}_01`,
    ` 00-${traceId}-${parentId}-01`,
    `00-${traceId}-${parentId}-01 `,
    `00-${traceId}-${parentId}-01\n`,
    `00-${traceId}-${parentId}-01,00-${traceId}-${parentId}-01`,
  ])
    assert.equal(readTraceparent(value), undefined, JSON.stringify(value))
})

test('mints what it would itself pass, sampled or not, each time another', () => {
  const random = new RandomPool(randomBytes)
  const minted = Array.from({ length: 1_000 }, () => mintTraceparent(random))
  assert.equal(new Set(minted.map((traceparent) => traceparent.traceId)).size, 1_000)
  for (const traceparent of minted) {
    assert.deepEqual(readTraceparent(traceparent.value), traceparent)
    assert.match(traceparent.value, /-03$/)
  }
  assert.match(mintTraceparent(random, false).value, /-02$/)
})

test('mints no id of zeros even when random gives them', () => {
  const traceparent = mintTraceparent(new RandomPool((size) => new Uint8Array(size)))
  assert.deepEqual(readTraceparent(traceparent.value), traceparent)
})
