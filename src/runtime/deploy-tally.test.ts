import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketOf, compactCounts, emptyBuckets } from '../balancer/telemetry/latency-buckets.ts'
import { noLoad } from './balancer-loads.ts'
import { DeployTally, type CountedInstance, type Counts } from './deploy-tally.ts'

function one(
  id: string,
  epoch: number,
  version: number,
  state: CountedInstance['state'] = 'ready',
): CountedInstance {
  return { id, epoch, state, version: { number: version } }
}

/** `requests` answered, all in `ms`. */
function counts(requests: number, errors = 0, failures = 0, ms = 10): Counts {
  const latency = emptyBuckets()
  latency[bucketOf(ms)] = requests
  return { requests, errors, failures, latency: compactCounts(latency) }
}

function loads(of: Readonly<Record<string, Counts>>): ReadonlyMap<string, Counts> {
  return new Map(Object.entries(of))
}

function attempts(tally: DeployTally): readonly (readonly [number, number])[] {
  const { fresh, old, before } = tally.compare()
  return [fresh, old, before].map((served) => [served.bad, served.attempts] as const)
}

test('DeployTally counts both versions from when the new one is ready', () => {
  const tally = new DeployTally(2, [one('1', 1, 1)], loads({ '1': counts(100, 10) }))
  tally.look([one('1', 1, 1), one('2', 1, 2, 'starting')], loads({ '1': counts(150, 15) }))
  assert.deepEqual(attempts(tally), [
    [0, 0],
    [0, 0],
    [10, 100],
  ])
  const both = [one('1', 1, 1), one('2', 1, 2)]
  tally.look(both, loads({ '1': counts(160, 16) }))
  tally.look(both, loads({ '1': counts(180, 18), '2': counts(20, 3, 2) }))
  assert.deepEqual(attempts(tally), [
    [5, 22],
    [2, 20],
    [10, 100],
  ])
})

test('DeployTally does not take what was counted under an id before for what its new holder did', () => {
  const tally = new DeployTally(2, [one('1', 1, 1)], loads({ '1': counts(100, 10) }))
  tally.look([one('1', 1, 1, 'draining'), one('2', 1, 2)], loads({ '1': counts(100, 10) }))
  tally.look([one('1', 2, 2, 'starting'), one('2', 1, 2)], loads({ '1': counts(110, 10), '2': counts(5) }))
  tally.look([one('1', 2, 2), one('2', 1, 2)], loads({ '1': counts(110, 10), '2': counts(5) }))
  tally.look([one('1', 2, 2), one('2', 1, 2)], loads({ '1': counts(117, 11), '2': counts(8) }))
  assert.deepEqual(attempts(tally).slice(0, 2), [
    [1, 15],
    [0, 0],
  ])
})

test('DeployTally goes on with what a draining instance answers, until it is gone', () => {
  const tally = new DeployTally(2, [one('1', 1, 1)], loads({}))
  tally.look([one('1', 1, 1), one('2', 1, 2)], loads({}))
  tally.look([one('1', 1, 1, 'draining'), one('2', 1, 2)], loads({ '1': counts(9) }))
  tally.look([one('2', 1, 2)], loads({ '1': counts(9) }))
  assert.deepEqual(attempts(tally)[1], [0, 9])
})

test('DeployTally forgets a start that was killed, with what its balancers tell afterwards', () => {
  const tally = new DeployTally(2, [], loads({}))
  tally.look([one('1', 1, 2)], loads({}))
  tally.look([one('1', 1, 2)], loads({ '1': counts(30, 0, 10) }))
  tally.forget({ id: '1', epoch: 1 })
  tally.look([one('1', 1, 2, 'backoff')], loads({ '1': counts(30, 0, 20) }))
  tally.look([one('1', 2, 2, 'starting')], loads({ '1': counts(30, 0, 20) }))
  tally.look([one('1', 2, 2)], loads({ '1': counts(30, 0, 20) }))
  assert.deepEqual(attempts(tally)[0], [0, 0])
})

test('DeployTally tells the 90th percentile of each version', () => {
  const tally = new DeployTally(2, [one('1', 1, 1)], loads({ '1': counts(100, 0, 0, 5_000) }))
  const both = [one('1', 1, 1), one('2', 1, 2)]
  tally.look(both, loads({ '1': counts(100, 0, 0, 5_000) }))
  const { latency } = counts(60, 0, 0, 10)
  const slow = counts(100, 0, 0, 5_000).latency.map((count, bucket) => count + (latency[bucket] ?? 0))
  tally.look(both, loads({ '1': { ...noLoad, requests: 160, latency: slow }, '2': counts(70, 0, 0, 200) }))
  const { fresh, old } = tally.compare()
  assert.deepEqual([fresh.timed, old.timed], [70, 60])
  assert.ok(old.p90Ms !== undefined && old.p90Ms < 20)
  assert.ok(fresh.p90Ms !== undefined && fresh.p90Ms > 100 && fresh.p90Ms < 400)
})
