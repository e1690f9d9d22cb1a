import assert from 'node:assert/strict'
import { test } from 'node:test'
import { judgeErrors, judgeLatency, type Served } from './gates.ts'

const labels = { fresh: 'b', old: 'a' }
const nothing: Served = { attempts: 0, bad: 0, timed: 0, p90Ms: undefined }

function served(bad: number, attempts: number): Served {
  return { ...nothing, bad, attempts }
}

function timed(p90Ms: number, count = 50): Served {
  return { ...nothing, timed: count, p90Ms }
}

const errorCases: readonly (readonly [
  what: string,
  fresh: Served,
  old: Served,
  before: Served,
  isFailure: boolean,
])[] = [
  ['nothing was asked', nothing, nothing, nothing, false],
  ['all is well', served(0, 1_000), served(0, 1_000), nothing, false],
  ['all is bad', served(100, 100), served(0, 100), nothing, true],
  ['19 requests are too few', served(19, 19), served(0, 1_000), nothing, false],
  ['20 are enough', served(5, 20), served(0, 1_000), nothing, true],
  ['4 failures are too few', served(4, 20), served(0, 1_000), nothing, false],
  ['just as much more as may be', served(10, 100), served(5, 100), nothing, false],
  ['a little more than may be', served(11, 100), served(5, 100), nothing, true],
  ['as bad as the old one', served(50, 100), served(50, 100), nothing, false],
  ['better than the old one', served(10, 100), served(50, 100), nothing, false],
  ['the old one answers no more: it was as bad before', served(50, 100), nothing, served(500, 1_000), false],
  ['the old one answers no more: it was better before', served(50, 100), nothing, served(0, 1_000), true],
  ['the old one answered too little to tell', served(50, 100), served(0, 19), served(500, 1_000), false],
  ['nothing is known of the old one', served(50, 100), nothing, nothing, true],
]

for (const [what, fresh, old, before, isFailure] of errorCases) {
  test(`judgeErrors: ${what}`, () => {
    assert.equal(judgeErrors({ fresh, old, before }, labels, 0.05) !== undefined, isFailure)
  })
}

const latencyCases: readonly (readonly [what: string, fresh: Served, old: Served, isFailure: boolean])[] = [
  ['nothing was timed', nothing, nothing, false],
  ['as fast', timed(100), timed(100), false],
  ['just as much slower as may be', timed(300), timed(100), false],
  ['too slow', timed(301), timed(100), true],
  ['much slower, but nobody feels it', timed(51), timed(1), false],
  ['much slower, and just felt', timed(51.5), timed(1), true],
  ['too few of the new one', timed(301, 49), timed(100), false],
  ['too few of the old one', timed(301), timed(100, 49), false],
]

for (const [what, fresh, old, isFailure] of latencyCases) {
  test(`judgeLatency: ${what}`, () => {
    assert.equal(judgeLatency({ fresh, old, before: nothing }, labels, 3) !== undefined, isFailure)
  })
}

test('the reasons name both versions and what was counted', () => {
  assert.equal(
    judgeErrors({ fresh: served(30, 120), old: served(1, 200), before: nothing }, labels, 0.02),
    'version b failed 30 of 120 requests (25.0 %); version a: 0.5 %',
  )
  assert.equal(
    judgeLatency({ fresh: timed(310.4), old: timed(40), before: nothing }, labels, 3),
    'version b needs up to 310 ms for nine of ten requests; version a: 40 ms',
  )
})
