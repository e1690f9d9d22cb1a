import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decideInterrupt, sameWishMs } from './interrupt.ts'

test('decideInterrupt stops gracefully at first, takes an echo for the same wish, and ends everything later', () => {
  assert.equal(decideInterrupt(undefined, 5), 'stop')
  assert.equal(decideInterrupt(5, 5), 'ignore')
  assert.equal(decideInterrupt(5, 4 + sameWishMs), 'ignore')
  assert.equal(decideInterrupt(5, 5 + sameWishMs), 'abort')
})
