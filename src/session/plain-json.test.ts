import assert from 'node:assert/strict'
import { test } from 'node:test'
import { strayIn } from './plain-json.ts'

class Money {
  readonly amount = 1
}

test('strayIn accepts everything JSON carries', () => {
  const shared = { deep: true }
  for (const value of [null, 'x', 0, true, [], {}, [{ a: [1, null] }], { left: shared, right: shared }]) {
    assert.equal(strayIn(value), undefined, JSON.stringify(value))
  }
  assert.equal(strayIn(Object.assign(Object.create(null), { a: 1 })), undefined)
  assert.equal(strayIn({ missing: undefined }), undefined)
})

test('strayIn names what JSON would change or drop, and where', () => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  const cases: readonly [unknown, string][] = [
    [() => 1, 'a function'],
    [1n, 'a bigint'],
    [Symbol('s'), 'a symbol'],
    [Number.NaN, 'NaN'],
    [{ a: [Number.POSITIVE_INFINITY] }, 'Infinity at .a[0]'],
    [[undefined], 'undefined at [0]'],
    [{ due: new Date(0) }, 'a Date at .due'],
    [{ seen: new Map() }, 'a Map at .seen'],
    [new Money(), 'a Money'],
    [{ toJSON: () => 1 }, 'a function at .toJSON'],
    [circular, 'a circular reference at .self'],
    [Object.create({ inherited: 1 }), 'a Object'],
  ]
  for (const [value, words] of cases) assert.equal(strayIn(value), words)
})
