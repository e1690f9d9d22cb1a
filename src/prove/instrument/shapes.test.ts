import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isContainer } from './shapes.ts'
import type { Node } from './syntax.ts'

const array: Node = { type: 'ArrayExpression', start: 0, end: 2 }
const object: Node = { type: 'ObjectExpression', start: 5, end: 7 }
const name: Node = { type: 'Identifier', start: 5, end: 7 }

function either(consequent: Node, alternate: Node): Node {
  return Object.assign({ type: 'ConditionalExpression', start: 0, end: 9 }, { consequent, alternate })
}

test('one of two new objects is a new object; one that may be another is not', () => {
  assert.equal(isContainer(either(array, object)), true)
  assert.equal(isContainer(either(array, name)), false)
})
