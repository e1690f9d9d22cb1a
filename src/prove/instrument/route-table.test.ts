import assert from 'node:assert/strict'
import { METHODS } from 'node:http'
import { test } from 'node:test'
import { methodNames } from './route-table.ts'

test('a route for every method that Node knows is one route', () => {
  assert.deepEqual(methodNames(METHODS.map((method) => method.toLowerCase())), ['ALL'])
  assert.deepEqual(methodNames(['_all']), ['ALL'])
})

test('a route for some methods is one for each', () => {
  assert.deepEqual(methodNames(['get', 'POST']), ['GET', 'POST'])
})
