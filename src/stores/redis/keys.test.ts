import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeyNames, shareSlot } from './keys.ts'

const tag = 't'.repeat(16)
const names = new KeyNames('shop:')

test('KeyNames: what belongs to a principal has its tag in braces, a visitor stands alone', () => {
  assert.equal(names.session('hash'), 'shop:{hash}')
  assert.equal(names.markOf('hash'), undefined)
  assert.deepEqual(names.principalOf('hash'), [])
  assert.equal(names.counter(tag), `shop:{${tag}}:rate`)
  assert.equal(names.session(`${tag}.hash`), `shop:{${tag}}:hash`)
  assert.equal(names.markOf(`${tag}.hash`), `shop:{${tag}}:mark`)
  assert.deepEqual(names.principalOf(`${tag}.hash`), [`shop:{${tag}}:mark`, `shop:{${tag}}:list`])
})

test('shareSlot: only sessions of one principal are certain to', () => {
  assert.equal(shareSlot(`${tag}.a`, `${tag}.b`), true)
  assert.equal(shareSlot(`${tag}.a`, `${'u'.repeat(16)}.a`), false)
  assert.equal(shareSlot('a', `${tag}.a`), false)
  assert.equal(shareSlot('a', 'a'), false)
})
