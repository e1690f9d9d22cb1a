// Who owns a lease, and whose word takes it away.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { confirmedDead, ownOwner } from './owner.ts'

test('ownOwner: instance and start, or nobody where one of them is unknown', () => {
  assert.equal(ownOwner({ DROVER_INSTANCE: '3', DROVER_EPOCH: '7' }), '3#7')
  for (const environment of [{}, { DROVER_INSTANCE: '3' }, { DROVER_EPOCH: '7' }]) {
    assert.equal(ownOwner(environment), '')
  }
})

test('confirmedDead: the owners, only with the secret of this fleet and in this form', () => {
  const environment = { DROVER_MARKER: 'secret' }
  assert.deepEqual(confirmedDead('secret 3#7', environment), ['3#7'])
  assert.deepEqual(confirmedDead('secret web-1#12 3#7', environment), ['web-1#12', '3#7'])
  for (const field of [
    undefined,
    '',
    'secret',
    'secret ',
    'secret 3',
    'secret 3#',
    'secret 3#x',
    'Secret 3#7',
    ' 3#7',
  ]) {
    assert.deepEqual(confirmedDead(field, environment), [])
  }
  for (const field of [
    'secret 3#7 4',
    'secret 3#7  4#1',
    'secret 3#7, 4#1',
    'secrets 3#7',
    'secret  3#7',
    ', secret 3#7',
  ]) {
    assert.deepEqual(confirmedDead(field, environment), [])
  }
  for (const without of [{}, { DROVER_MARKER: '' }]) {
    assert.deepEqual(confirmedDead('secret 3#7', without), [])
    assert.deepEqual(confirmedDead(' 3#7', without), [])
  }
})
