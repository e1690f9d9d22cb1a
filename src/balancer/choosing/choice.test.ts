import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choose } from './choice.ts'

function sequence(...values: number[]): () => number {
  let index = 0
  return () => values[index++ % values.length] ?? 0
}

test('choose answers nothing when there is no candidate', () => {
  assert.equal(choose([], Math.random), undefined)
})

test('choose takes the only candidate', () => {
  const only = { inFlight: 9 }
  assert.equal(choose([only], Math.random), only)
})

test('choose takes the less busy of the two drawn', () => {
  const fleet = [{ inFlight: 5 }, { inFlight: 1 }, { inFlight: 0 }]
  assert.equal(choose(fleet, sequence(0, 0)), fleet[1], 'draws 0 and 1')
  assert.equal(choose(fleet, sequence(0, 0.9)), fleet[2], 'draws 0 and 2')
  assert.equal(choose(fleet, sequence(0.99, 0)), fleet[2], 'draws 2 and 0')
})

test('choose never draws the same candidate twice and reaches all of them', () => {
  const fleet = [0, 0, 0, 0].map((inFlight, id) => ({ id, inFlight }))
  const seen = new Set<number | undefined>()
  for (let i = 0; i < 100; i++) {
    for (let j = 0; j < 100; j++) seen.add(choose(fleet, sequence(i / 100, j / 100))?.id)
  }
  assert.deepEqual(seen, new Set([0, 1, 2, 3]))
})

test('choose avoids the busiest instance whenever it has a choice', () => {
  const fleet = [{ inFlight: 100 }, { inFlight: 0 }, { inFlight: 0 }]
  for (let i = 0; i < 50; i++) {
    for (let j = 0; j < 50; j++) assert.equal(choose(fleet, sequence(i / 50, j / 50))?.inFlight, 0)
  }
})
