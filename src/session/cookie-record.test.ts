import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { readRecord, writeRecord } from './cookie-record.ts'
import type { CookieRecord } from './cookie-record.ts'

const record: CookieRecord = {
  key: 'k',
  principal: undefined,
  mark: 0,
  createdAtMs: 1_800_000_000_000,
  idleDeadlineMs: 1_800_000_000_001,
  absoluteDeadlineMs: 1_800_000_000_002,
  fields: new Map(),
}

test('whatever a session holds comes back from the text, names like __proto__ too', () => {
  const texts = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.jsonValue()).map((data) => {
    const all = [...Object.entries(data), ['__proto__', { polluted: true }] as const]
    return new Map(all.map(([name, value]) => [name, JSON.stringify(value)]))
  })
  const someone = fc.option(fc.string({ minLength: 1 }), { nil: undefined })
  fc.assert(
    fc.property(texts, someone, fc.maxSafeNat(), (fields, principal, mark) => {
      const wanted = { ...record, principal, mark, fields }
      const read = readRecord(writeRecord(wanted))
      assert.deepEqual(read.fields, fields)
      assert.deepEqual({ ...read, fields }, wanted)
    }),
  )
})

test('a mark takes as much room as any other, so that a size is known before the mark is', () => {
  const lengths = [0, 1, 2 ** 31, Number.MAX_SAFE_INTEGER].map(
    (mark) => writeRecord({ ...record, mark }).length,
  )
  assert.equal(new Set(lengths).size, 1)
})

test('an authentic text that is no record is STORE_UNAVAILABLE, and no logout', () => {
  for (const text of ['', '{}', '[]', '[[],{}]', '[["k",null,"0",1,2,3],null]', '[["k",7,"0",1,2,3],{}]'])
    assert.throws(() => readRecord(text), { code: 'STORE_UNAVAILABLE' }, text)
})
