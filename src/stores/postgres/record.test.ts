import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fieldsText, readRecord, storable, unstored } from './record.ts'

const texts = [
  '',
  'plain',
  'a\0b',
  '\u0001',
  '\u00010000',
  '\u0001d800',
  '\ud800',
  '\udc00\ud800',
  '🔑',
  '\ud83d 🔑',
  '__proto__',
  '\\u0001',
]

test('storable: what PostgreSQL cannot keep comes back exactly, and different texts stay different', () => {
  for (const text of texts) {
    assert.equal(unstored(storable(text)), text)
    assert.ok(storable(text).isWellFormed() && !storable(text).includes('\0'))
  }
  assert.equal(new Set(texts.map(storable)).size, texts.length)
  assert.equal(storable('plain "text" 🔑'), 'plain "text" 🔑')
})

test('readRecord: the record that was written, a forwarding, and what is malformed', () => {
  const fields = new Map(texts.map((text, index) => [text, texts.at(-index) ?? '']))
  const identity = ['a\u00010000n', null, '::1', '1', '9', '5']
  assert.deepEqual(readRecord([...identity, fieldsText(fields), null, null]), {
    principal: 'a\0n',
    device: undefined,
    ip: '::1',
    createdAtMs: 1,
    absoluteDeadlineMs: 9,
    idleDeadlineMs: 5,
    fields,
    successor: undefined,
  })
  const successor = { key: 'newer', sealedId: 'sealed' }
  assert.deepEqual(readRecord([...identity, '{}', 'newer', 'sealed']).successor, successor)
  for (const malformed of ['', '[', 'null', '1', '{"a": 1}', '{"a": null}']) {
    assert.throws(() => readRecord([...identity, malformed, null, null]))
  }
})
