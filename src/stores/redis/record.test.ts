import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashField, identityText, readRecord } from './record.ts'

const identity = { principal: 'ann', createdAtMs: 1, absoluteDeadlineMs: 9 }
const meta = `1 5 ${identityText(identity)}`

test('readRecord: the same record from an object, a Map, a flat array and Buffers', () => {
  const expected = { ...identity, idleDeadlineMs: 5, fields: new Map([['a', '"ü"']]) }
  const flat = ['m', meta, hashField('a'), '"ü"']
  const buffers = flat.map((text) => Buffer.from(text))
  assert.deepEqual(readRecord({ m: meta, '.a': '"ü"' }), expected)
  assert.deepEqual(
    readRecord(
      new Map([
        ['m', meta],
        ['.a', '"ü"'],
      ]),
    ),
    expected,
  )
  assert.deepEqual(readRecord(flat), expected)
  assert.deepEqual(readRecord(buffers), expected)
})

test('readRecord: an empty reply is absent, a malformed one throws', () => {
  assert.equal(readRecord({}), undefined)
  assert.equal(readRecord([]), undefined)
  for (const malformed of ['', '1', '2 5 9 1 =ann', '1 5 9 1', '1 5 9 1 ann', '1 -5 9 1 -', '1 5.5 9 1 -']) {
    assert.throws(() => readRecord({ m: malformed }), /malformed/)
  }
  assert.throws(() => readRecord({ '.a': '1' }), /malformed/)
})

test('identityText: whole milliseconds within what a Date can hold; a visitor is not the empty principal', () => {
  const endless = { principal: undefined, createdAtMs: 1.9, absoluteDeadlineMs: Number.POSITIVE_INFINITY }
  assert.equal(identityText(endless), '8640000000000000 1 -')
  assert.equal(identityText({ ...identity, principal: '' }), '9 1 =')
})
