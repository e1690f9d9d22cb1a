import assert from 'node:assert/strict'
import { test } from 'node:test'
import { moved } from './lifecycle.ts'

test('an instance lives from starting to closed', () => {
  assert.equal(moved('starting', 'serving'), 'serving')
  assert.equal(moved('serving', 'leaving'), 'leaving')
  assert.equal(moved('leaving', 'draining'), 'draining')
  assert.equal(moved('draining', 'closed'), 'closed')
})

test('no way leads back', () => {
  assert.throws(() => moved('draining', 'serving'), /Cannot move an instance from draining to serving/)
  assert.throws(() => moved('closed', 'starting'), /Cannot move an instance from closed to starting/)
})
