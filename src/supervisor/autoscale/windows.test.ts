import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Load } from './metric-samples.ts'
import { meanLoad, rememberLoads, type TimedLoads } from './windows.ts'

const load = (low: number, high = low, measured = 1): Load => ({ low, high, measured })
const at = (atMs: number, cpu: Load): TimedLoads => ({ atMs, loads: { cpu } })

test('meanLoad takes the samples younger than the window, the latest included', () => {
  const history = [at(0, load(100)), at(2_000, load(1)), at(4_000, load(2)), at(6_000, load(6))]
  assert.deepEqual(meanLoad(history, 'cpu', 6_000), load(3))
  assert.deepEqual(meanLoad(history, 'cpu', 1), load(6))
})

test('meanLoad takes what there is of a window, each part for itself', () => {
  const history = [at(0, load(0, 4, 0)), at(2_000, load(2, 3, 3))]
  assert.deepEqual(meanLoad(history, 'cpu', 60_000), load(1, 3.5, 1.5))
})

test('meanLoad knows nothing of a signal without samples', () => {
  assert.equal(meanLoad([], 'cpu', 60_000), undefined)
  assert.equal(meanLoad([at(0, load(1))], 'concurrency', 60_000), undefined)
})

test('rememberLoads forgets what is as old as the window', () => {
  const history = [at(0, load(1)), at(1, load(2))]
  assert.deepEqual(rememberLoads(history, at(60_000, load(3)), 60_000), [at(1, load(2)), at(60_000, load(3))])
})
