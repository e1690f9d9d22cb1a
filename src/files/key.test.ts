import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareKeys, keyFault, readPrefix } from './key.ts'
import { decodeSegment, encodeSegment } from './segment.ts'

test('keyFault: plain relative paths are keys, whatever language their parts are in', () => {
  for (const key of [
    'a',
    'a/b.png',
    '.hidden',
    '...',
    'Ünïcode',
    '世界/地図',
    '😀',
    'a b',
    "it's (1)+%&?#.txt",
    'x'.repeat(250),
  ]) {
    assert.equal(keyFault(key), undefined, key)
  }
})

test('keyFault: says what is wrong with everything else', () => {
  const wrong: readonly (readonly [unknown, RegExp])[] = [
    [undefined, /a text/],
    ['', /not empty/],
    ['\ud83d', /well-formed/],
    ['é'.repeat(513), /longer than 1024 bytes/],
    ['a\0', /cannot be seen/],
    ['a\u2028', /cannot be seen/],
    ['a\u200d', /cannot be seen/],
    ['e\u0301', /form C/],
    ['a\\..\\b', /backslash/],
    ['/a', /absolute/],
    ['c:/a', /absolute/],
    ['a//b', /empty/],
    ['a/', /empty/],
    ['..', /elsewhere/],
    ['a/./b', /elsewhere/],
    ['a /b', /blank/],
    ['\u00a0a', /blank/],
    ['A'.repeat(126), /too long/],
    ['é'.repeat(42), /too long/],
  ]
  for (const [key, fault] of wrong) assert.match(keyFault(key) ?? '', fault, String(key))
})

test('readPrefix: the beginning of keys, with or without a slash at its end', () => {
  for (const prefix of ['', 'a', 'a/', 'a/b']) assert.equal(readPrefix(prefix), prefix)
  for (const prefix of ['/', '../', 'a//'])
    assert.throws(() => readPrefix(prefix), /FILE_KEY_INVALID|Cannot use/)
})

test("compareKeys: by the bytes of UTF-8, which JavaScript's own order is not", () => {
  assert.ok(compareKeys('\uffe0', '😀') < 0)
  assert.ok(compareKeys('a-b', 'a/b') < 0)
})

test('encodeSegment: every part of a key has a name of its own, in small ASCII letters, that is none of the system', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), (segment) => {
      const name = encodeSegment(segment)
      assert.match(name, /^[a-z0-9._^%-]+$/)
      assert.equal(decodeSegment(name), segment)
    }),
  )
  assert.equal(encodeSegment('Aé +.png'), '^a%c3%a9%20%2b.png')
})

test('decodeSegment: undefined for a name that is no part of a key', () => {
  for (const name of ['', 'A', '%', '%FF', '%ff', 'a+', '^', '^1', 'é'])
    assert.equal(decodeSegment(name), undefined, name)
})
