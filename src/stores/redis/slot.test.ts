import assert from 'node:assert/strict'
import { test } from 'node:test'
import { slotOf } from './slot.ts'

test('slotOf: the slots that CLUSTER KEYSLOT gives', () => {
  for (const [key, slot] of [
    ['123456789', 0x31c3],
    ['foo', 12_182],
    ['', 0],
    ['drover:session:{tag}:a', 8_338],
    ['ключ', 10_303],
    ['a{}b', 13_694],
    ['a{b', 13_340],
  ] as const) {
    assert.equal(slotOf(key), slot, key)
  }
})

test('slotOf: only the first tag counts, and an empty one does not', () => {
  assert.equal(slotOf('a{tag}b'), slotOf('tag'))
  assert.equal(slotOf('{tag}{other}'), slotOf('tag'))
  assert.equal(slotOf('a{{tag}}b'), slotOf('{tag'))
  assert.notEqual(slotOf('a{}b'), slotOf('b'))
})
