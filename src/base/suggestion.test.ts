import assert from 'node:assert/strict'
import { test } from 'node:test'
import { editDistance, nearest } from './suggestion.ts'

const distances: readonly (readonly [string, string, number])[] = [
  ['', '', 0],
  ['port', 'port', 0],
  ['prot', 'port', 1],
  ['instnces', 'instances', 1],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
]

for (const [from, to, distance] of distances) {
  test(`editDistance from "${from}" to "${to}" is ${distance}`, () => {
    assert.equal(editDistance(from, to), distance)
    assert.equal(editDistance(to, from), distance)
  })
}

test('nearest finds a slip of the fingers and nothing else', () => {
  const names = ['instances', 'port', 'health', 'readyTimeout']
  assert.equal(nearest('instance', names), 'instances')
  assert.equal(nearest('READYTIMEOUT', names), 'readyTimeout')
  assert.equal(nearest('sticky', names), undefined)
  assert.equal(nearest('x', []), undefined)
})
