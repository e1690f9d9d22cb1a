import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Edits } from './edits.ts'

const source = 'first\nlet count = 0; count += 1'

function edited() {
  const edits = new Edits()
  edits.insert(0, 'AAAA')
  edits.insert(source.indexOf('count +='), 'w(')
  edits.insert(source.length, ')')
  return edits.apply(source)
}

test('insertions stand where they were made', () => {
  assert.equal(edited().text, 'AAAAfirst\nlet count = 0; w(count += 1)')
})

test('a place behind insertions of its line is found again in the source', () => {
  const { text, unshifted } = edited()
  const [, second = ''] = text.split('\n')
  const column = second.indexOf('+=') + 1
  assert.equal(unshifted(2, column), source.indexOf('+='))
})

test('a place before any insertion of its line stays', () => {
  assert.equal(edited().unshifted(2, 5), source.indexOf('count'))
})

test('a place in what was inserted is where it was inserted', () => {
  assert.equal(edited().unshifted(1, 2), 0)
})
