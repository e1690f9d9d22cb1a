import assert from 'node:assert/strict'
import { test } from 'node:test'
import { choosePrimary } from './sentinel-view.ts'

test('choosePrimary: the highest epoch wins; at the same one what is current stands', () => {
  const [old, next, alias] = [
    { host: 'a', port: 1 },
    { host: 'b', port: 2 },
    { host: 'a.internal', port: 1 },
  ]
  const at = (primary: typeof old, epoch: number) => ({ primary, epoch })
  for (const [namings, current, expected] of [
    [[], old, undefined],
    [[at(old, 0)], undefined, old],
    [[at(old, 3), at(next, 4), at(old, 3)], old, next],
    [[at(next, 4), at(old, 3)], undefined, next],
    // It was reset, and counts from the beginning.
    [[at(next, 0)], old, next],
    [[at(alias, 3), at(old, 3)], old, old],
    [[at(old, 3), at(alias, 3)], alias, alias],
    [[at(old, 3), at(alias, 3)], undefined, old],
  ] as const) {
    assert.deepEqual(choosePrimary(namings, current), expected)
  }
})
