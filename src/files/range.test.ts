import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requestedRange } from './range.ts'

test('requestedRange: the range of one Range field, in bytes from 0, both ends included', () => {
  assert.deepEqual(requestedRange('bytes=0-4', 10), { start: 0, end: 4 })
  assert.deepEqual(requestedRange('bytes=4-', 10), { start: 4 })
  assert.deepEqual(requestedRange('bytes=-3', 10), { start: 7 })
  assert.deepEqual(requestedRange('bytes=-30', 10), { start: 0 })
  assert.deepEqual(requestedRange('bytes=20-30', 10), { start: 20, end: 30 })
  assert.deepEqual(requestedRange('bytes=-0', 10), { start: 10 })
})

test('requestedRange: the whole file for no field, another unit, a malformed one or several ranges', () => {
  for (const field of [
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=5-4',
    'lines=1-2',
    'bytes=1-2,4-5',
    'bytes=a-b',
  ]) {
    assert.equal(requestedRange(field, 10), undefined)
  }
})
