import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../base/random.ts'
import { choose, isLessBusy, slowStart, totalWeight, type Candidate } from './choice.ts'

function sequence(...values: number[]): () => number {
  let index = 0
  return () => values[index++ % values.length] ?? 0
}

function candidates(...inFlight: number[]): { id: number; inFlight: number; weight: number }[] {
  return inFlight.map((busy, id) => ({ id, inFlight: busy, weight: 1 }))
}

/** The part of many choices that each gets; `keepBusy` holds so many requests in flight, the oldest ending first. */
function shares(weights: readonly number[], keepBusy: number): number[] {
  const fleet = weights.map((weight) => ({ weight, inFlight: 0, chosen: 0 }))
  const random = seededRandom(1)
  const total = totalWeight(fleet)
  const busy: { inFlight: number }[] = []
  const choices = 20_000
  for (let index = 0; index < choices; index++) {
    const chosen = choose(fleet, random, total)
    assert.ok(chosen)
    chosen.chosen++
    chosen.inFlight++
    busy.push(chosen)
    const over = busy.length > keepBusy ? busy.shift() : undefined
    if (over !== undefined) over.inFlight--
  }
  return fleet.map(({ chosen }) => chosen / choices)
}

test('choose answers nothing when there is no candidate', () => {
  assert.equal(choose([], Math.random), undefined)
})

test('choose takes the only candidate, whatever it weighs', () => {
  const only = { inFlight: 9, weight: 0 }
  assert.equal(choose([only], Math.random), only)
})

test('choose takes the less busy of the two drawn', () => {
  const fleet = candidates(5, 1, 0)
  assert.equal(choose(fleet, sequence(0, 0)), fleet[1], 'draws 0 and 1')
  assert.equal(choose(fleet, sequence(0, 0.9)), fleet[2], 'draws 0 and 2')
  assert.equal(choose(fleet, sequence(0.99, 0)), fleet[2], 'draws 2 and 0')
})

test('choose never draws the same candidate twice and reaches all of them', () => {
  const fleet = candidates(0, 0, 0, 0)
  for (const weight of [undefined, 4]) {
    const seen = new Set<number | undefined>()
    for (let i = 0; i < 100; i++) {
      for (let j = 0; j < 100; j++) seen.add(choose(fleet, sequence(i / 100, j / 100), weight)?.id)
    }
    assert.deepEqual(seen, new Set([0, 1, 2, 3]))
  }
})

test('choose avoids the busiest instance whenever it has a choice', () => {
  const fleet = candidates(100, 0, 0)
  for (const weight of [undefined, 3]) {
    for (let i = 0; i < 50; i++) {
      for (let j = 0; j < 50; j++) {
        assert.equal(choose(fleet, sequence(i / 50, j / 50), weight)?.inFlight, 0)
      }
    }
  }
})

test('choose gives each its share by weight, in a fleet with nothing to do as in a busy one', () => {
  const rows: { weights: number[]; keepBusy: number }[] = [
    { weights: [1, 1, 1, 1], keepBusy: 0 },
    { weights: [1, 0.5], keepBusy: 0 },
    { weights: [1, 0.5], keepBusy: 30 },
    { weights: [1, 1, 1, 0.1], keepBusy: 0 },
    { weights: [1, 1, 1, 0.1], keepBusy: 2 },
    { weights: [1, 1, 1, 0.1], keepBusy: 60 },
    { weights: [3, 2, 1], keepBusy: 0 },
    { weights: [3, 2, 1], keepBusy: 60 },
  ]
  for (const { weights, keepBusy } of rows) {
    const sum = weights.reduce((total, weight) => total + weight, 0)
    for (const [index, share] of shares(weights, keepBusy).entries()) {
      const wanted = (weights[index] ?? 0) / sum
      const what = `weight ${weights[index]} of ${weights.join(', ')} with ${keepBusy} in flight got ${share}`
      assert.ok(Math.abs(share - wanted) < Math.max(0.03, wanted * 0.25), what)
    }
  }
})

test('choose gives one of weight 0 nothing while another weighs more', () => {
  assert.deepEqual(shares([1, 0, 1], 10)[1], 0)
  assert.deepEqual(shares([0, 1], 10), [0, 1])
})

test('isLessBusy measures by what each can take', () => {
  const half = (inFlight: number): Candidate => ({ inFlight, weight: 0.5 })
  const whole = (inFlight: number): Candidate => ({ inFlight, weight: 1 })
  assert.ok(isLessBusy(whole(3), half(2)))
  assert.ok(!isLessBusy(whole(4), half(2)) && !isLessBusy(half(2), whole(4)), 'as busy as each other')
  assert.ok(isLessBusy(half(2), whole(5)))
})

test('totalWeight is undefined where all weigh the same', () => {
  assert.equal(totalWeight([]), undefined)
  assert.equal(totalWeight(candidates(0, 3)), undefined)
  assert.equal(totalWeight([...candidates(0, 3), { inFlight: 0, weight: 0.5 }]), 2.5)
})

test('slowStart grows from a tenth to the whole', () => {
  const rows: [sinceReadyMs: number, durationMs: number, part: number][] = [
    [0, 10_000, 0.1],
    [5_000, 10_000, 0.55],
    [10_000, 10_000, 1],
    [Infinity, 10_000, 1],
    [0, 0, 1],
    [-1, 10_000, 0.1],
  ]
  for (const [since, duration, part] of rows) {
    assert.ok(Math.abs(slowStart(since, duration) - part) < 1e-9, `${since} of ${duration}`)
  }
})
