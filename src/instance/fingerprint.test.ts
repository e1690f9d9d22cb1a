import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readFingerprint } from './fingerprint.ts'

test('equal values have equal hashes on every instance, in whatever order', () => {
  const one = readFingerprint({ currency: 'EUR', decimals: 2 }, 'word')
  const other = readFingerprint({ decimals: 2, currency: 'EUR' }, 'word')
  assert.deepEqual({ ...one }, { ...other })
  assert.match(one['currency'] ?? '', /^[\w-]{16}$/)
})

test('a different value, type, name or secret word gives another hash', () => {
  const hashes = [
    readFingerprint({ key: '1' }, 'word')['key'],
    readFingerprint({ key: '2' }, 'word')['key'],
    readFingerprint({ key: 1 }, 'word')['key'],
    readFingerprint({ key: 'undefined' }, 'word')['key'],
    readFingerprint({ other: '1' }, 'word')['other'],
    readFingerprint({ key: '1' }, 'another')['key'],
    readFingerprint({ key: '1' })['key'],
  ]
  assert.equal(new Set(hashes).size, hashes.length)
})

test('what is undefined has no hash', () => {
  assert.deepEqual(Object.keys(readFingerprint({ key: undefined, other: 1 }, 'word')), ['other'])
})
