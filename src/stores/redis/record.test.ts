import assert from 'node:assert/strict'
import { test } from 'node:test'
import { leadsToText, readHash, readListed, whoText } from './record.ts'

const who = { principal: 'ann', device: undefined, ip: undefined }
const meta = '21000 50 90 7'
const record = { ...who, createdAtMs: 1_000, idleDeadlineMs: 1_050, absoluteDeadlineMs: 1_090 }

test('readHash: the same session from an object, a Map, a flat array and Buffers', () => {
  const expected = {
    kind: 'session',
    record: { ...record, fields: new Map([['a', '"ü"']]) },
    generation: 7,
  }
  const flat = ['m', meta, 'w', '["ann"]', '.a', '"ü"']
  const pairs: readonly (readonly [string, string])[] = [
    ['m', meta],
    ['w', '["ann"]'],
    ['.a', '"ü"'],
  ]
  assert.deepEqual(readHash(Object.fromEntries(pairs)), expected)
  assert.deepEqual(readHash(new Map(pairs)), expected)
  assert.deepEqual(readHash(flat), expected)
  assert.deepEqual(readHash(flat.map((text) => Buffer.from(text))), expected)
})

test('readHash: joins the pieces of a text in whatever order they come', () => {
  const found = readHash([
    '3a',
    '4',
    'x',
    '"]',
    '2a',
    '3',
    '.w',
    '0',
    '1a',
    '2',
    '.a',
    '1',
    'w',
    '["ann',
    'm',
    meta,
  ])
  assert.deepEqual(found, {
    kind: 'session',
    record: {
      ...record,
      fields: new Map([
        ['w', '0'],
        ['a', '1234'],
      ]),
    },
    generation: 7,
  })
})

test('readHash: a forwarding tells where it leads, whatever the sealed id looks like', () => {
  const text = `25 ${leadsToText('key', { sealedId: 'a b\n', untilMs: 5 })}`
  const successor = { key: 'key', sealedId: 'a b\n' }
  assert.deepEqual(readHash({ f: text }), { kind: 'forwarding', successor, untilMs: 5 })
})

test('readHash: an empty reply is absent, a malformed one throws', () => {
  assert.equal(readHash({}), undefined)
  assert.equal(readHash([]), undefined)
  for (const malformed of [
    '',
    '2',
    '11 5 9 0',
    '21 5 9',
    '21 5 9 ',
    '2-1 5 9 0',
    '21 5.5 9 0',
    '21 5 9 0 0',
  ]) {
    assert.throws(() => readHash({ m: malformed }), /malformed/)
  }
  for (const malformed of ['', '2', '25 key', '15 key sealed']) {
    assert.throws(() => readHash({ f: malformed }), /malformed/)
  }
  for (const malformed of ['"ann"', '[1]', '["ann",{}]']) {
    assert.throws(() => readHash({ m: meta, w: malformed }), /malformed/)
  }
  for (const half of [{ '.a': '1' }, { '1a': '1' }, { w: '["ann"]' }]) {
    assert.throws(() => readHash(half), /malformed/)
  }
})

test('whoText: as short as what is known, and read back as it was', () => {
  for (const [given, text] of [
    [{ principal: undefined, device: undefined, ip: undefined }, ''],
    [{ principal: '', device: undefined, ip: undefined }, '[""]'],
    [{ principal: 'ann', device: '"phone"', ip: undefined }, '["ann","\\"phone\\""]'],
    [{ principal: undefined, device: undefined, ip: '::1' }, '[null,null,"::1"]'],
  ] as const) {
    assert.equal(whoText(given), text)
    const { fields: _, ...rest } = { ...record, fields: undefined, ...given }
    assert.deepEqual(readListed(['hash', meta, text], 'tag'), { key: 'tag.hash', ...rest })
  }
})
