import assert from 'node:assert/strict'
import { test } from 'node:test'
import { faultOf } from './request-fault.ts'

test('faultOf finds no fault in an ordinary request', () => {
  assert.equal(faultOf(['Host', 'a', 'Transfer-Encoding', 'Chunked', 'Range', 'x'], 3), undefined)
  assert.equal(faultOf([], 3), undefined)
})

test('faultOf refuses a second host, in any spelling', () => {
  assert.equal(faultOf(['Host', 'a', 'hOST', 'a'], 9)?.status, 400)
})

test('faultOf refuses a transfer coding other than chunked', () => {
  for (const coding of ['gzip, chunked', 'chunked, chunked', 'identity', ''])
    assert.equal(faultOf(['Host', 'a', 'transfer-encoding', coding], 9)?.status, 501)
})

test('faultOf refuses more fields than the limit', () => {
  assert.equal(faultOf(['Host', 'a', 'A', 'b'], 1)?.status, 431)
})
