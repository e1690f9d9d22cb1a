// Facts of Knative's own test of its autoscaler (knative/serving, pkg/autoscaler/scaling/autoscaler_test.go), in our words: its
// numbers, its options (rates of ten, no tolerance, no delay unless said). Its target of an instance is our limit at a target of 1.
// Where Knative scales to none, we keep `min`, which is at least one: nothing here starts an instance for a request that waits.
// What does not apply: excess burst capacity and pausing (Knative's activator), activation scale and reachability (several
// revisions, scaled to none), requests per second as a signal (we have none), failures to count pods (the supervisor counts its
// own), exported metrics. Starting in panic, so as not to shrink without a history, is `beginAutoscale` here: it counts what is
// there as wanted.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginAutoscale, decide, type AutoscaleState } from './autoscaler.ts'
import { autoscaleDefaults, type AutoscaleOptions } from './options.ts'
import type { TimedLoads } from './windows.ts'

const knative: AutoscaleOptions = {
  ...autoscaleDefaults,
  min: 1,
  max: Infinity,
  cores: undefined,
  concurrencyLimit: 10,
  targets: { concurrency: 1 },
  tolerance: 0,
  growthRate: 10,
  shrinkRate: 10,
  stabilizationMs: 0,
}

const second = 1_000
const minute = 60 * second
const earlierSamples = 9

/** An autoscaler that is told means instead of samples. */
class ToldMeans {
  state: AutoscaleState
  options: AutoscaleOptions

  constructor(instances: number, options: Partial<AutoscaleOptions> = {}) {
    this.state = beginAutoscale(instances, 0)
    this.options = { ...knative, ...options }
  }

  /** What is desired when `ready` instances have had this mean concurrency in the stable and in the panic window. */
  desired(atMs: number, ready: number, stable: number | undefined, panic: number | undefined): number {
    if (stable !== undefined && panic !== undefined) this.#setHistory(atMs, ready, stable, panic)
    const instance = { isReady: true, eventLoopUtilization: undefined, cpu: undefined, rssBytes: undefined }
    const instances = Array.from({ length: ready }, () => instance)
    const sample = { atMs, concurrency: panic, instances, availableMemoryBytes: undefined }
    const { state, desired } = decide(this.state, sample, this.options)
    this.state = state
    return desired
  }

  /** Earlier samples, older than the panic window, that make the mean of all with the next one `stable`. */
  #setHistory(atMs: number, ready: number, stable: number, panic: number): void {
    const mean = (stable * (earlierSamples + 1) - panic) / earlierSamples
    const load = mean / this.options.concurrencyLimit
    const history: TimedLoads[] = Array.from({ length: earlierSamples }, (_, index) => ({
      atMs: atMs - 30 * second + index,
      loads: { concurrency: { low: load, high: load, measured: ready } },
    }))
    this.state = { ...this.state, history }
  }
}

interface Fact {
  readonly name: string
  readonly limit: number
  readonly stable: number
  readonly panic: number
  readonly ready: number
  readonly rate?: number
  readonly expected: number
}

const facts: readonly Fact[] = [
  { name: 'no requests, and one is kept', limit: 10, stable: 0, panic: 0, ready: 1, expected: 1 },
  { name: 'less than one instance serves', limit: 181, stable: 21, panic: 26, ready: 1, expected: 1 },
  { name: 'five times of what one serves', limit: 10, stable: 50, panic: 49, ready: 1, expected: 5 },
  { name: 'the same in both windows', limit: 10, stable: 50, panic: 50, ready: 1, expected: 5 },
  { name: 'as much as is ready serves', limit: 10, stable: 50, panic: 50, ready: 5, expected: 5 },
  { name: 'a calm moment in a busy minute', limit: 10, stable: 50, panic: 10, ready: 1, expected: 5 },
  { name: 'a full minute, a calm moment', limit: 10, stable: 100, panic: 10, ready: 1, expected: 10 },
  { name: 'the panic window takes precedence', limit: 10, stable: 50, panic: 100, ready: 1, expected: 10 },
  { name: 'growth by one at least', limit: 1, stable: 3, panic: 3.1, ready: 2, rate: 1.1, expected: 3 },
  { name: 'shrinking by a tenth', limit: 10, stable: 1, panic: 1, ready: 100, rate: 1.1, expected: 90 },
  { name: 'none ready counts as one', limit: 10, stable: 1_000, panic: 888, ready: 0, expected: 10 },
]

for (const { name, limit, stable, panic, ready, rate = 10, expected } of facts) {
  test(`decide agrees with Knative: ${name}`, () => {
    const options = { concurrencyLimit: limit, growthRate: rate, shrinkRate: rate }
    assert.equal(new ToldMeans(ready, options).desired(0, ready, stable, panic), expected)
  })
}

test('decide agrees with Knative: without data nothing changes', () => {
  assert.equal(new ToldMeans(3).desired(0, 3, undefined, undefined), 3)
})

test('decide agrees with Knative: in panic the larger of the two windows counts', () => {
  for (const { stable, expected } of [
    { stable: 50, expected: 50 },
    { stable: 20, expected: 30 },
  ]) {
    const autoscaler = new ToldMeans(5, { concurrencyLimit: 1 })
    autoscaler.state = { ...autoscaler.state, panicAtMs: 0 }
    assert.equal(autoscaler.desired(5 * second, 5, stable, 30), expected)
  }
})

test('decide agrees with Knative: growth and shrinking are limited to ten times each', () => {
  const growing = new ToldMeans(1)
  assert.equal(growing.desired(0, 1, 1_000, 1_001), 10)
  assert.equal(growing.desired(1, 10, 1_000, 1_001), 100)
  const shrinking = new ToldMeans(100)
  assert.equal(shrinking.desired(0, 100, 1, 1), 10)
  assert.equal(shrinking.desired(1, 10, 1, 1), 1)
})

test('decide agrees with Knative: without a delay the fleet follows the load down at once', () => {
  const autoscaler = new ToldMeans(8)
  assert.equal(autoscaler.desired(0, 8, 100, 100), 10)
  assert.equal(autoscaler.desired(1, 8, 50, 50), 5)
})

test('decide agrees with Knative: a changed target counts from the next decision on', () => {
  const autoscaler = new ToldMeans(1)
  assert.equal(autoscaler.desired(0, 1, 100, 101), 10)
  autoscaler.options = { ...autoscaler.options, concurrencyLimit: 1 }
  assert.equal(autoscaler.desired(1, 10, 100, 101), 100)
})

test('decide agrees with Knative: panic follows load that multiplies, and ends in what is wanted', () => {
  const autoscaler = new ToldMeans(1, { concurrencyLimit: 1 })
  assert.equal(autoscaler.desired(0, 1, 6, 6), 6)
  for (const [index, ready] of [6, 36, 216].entries()) {
    const atMs = (index + 1) * second
    assert.equal(autoscaler.desired(atMs, ready, 6 * ready, 6 * ready), 6 * ready)
    assert.equal(autoscaler.state.panicAtMs, atMs)
  }
  assert.equal(autoscaler.desired(5 * second, 1_296, 1_296, 1_296), 1_296)
})

test('decide agrees with Knative: panic keeps what it got, and ends a minute after the surge', () => {
  const autoscaler = new ToldMeans(1)
  assert.equal(autoscaler.desired(0, 1, 100, 100), 10)
  assert.equal(autoscaler.desired(1, 10, 100, 1_000), 100)
  assert.equal(autoscaler.desired(30 * second, 10, 1, 1), 100)
  assert.equal(autoscaler.desired(62 * second, 10, 1, 1), 1)
})

test('decide agrees with Knative: a slow increase does not prolong panic', () => {
  const autoscaler = new ToldMeans(10, { concurrencyLimit: 1 })
  assert.equal(autoscaler.desired(0, 10, 11, 25), 25)
  assert.equal(autoscaler.state.panicAtMs, 0)
  assert.equal(autoscaler.desired(30 * second, 40, 30, 41), 41)
  assert.equal(autoscaler.state.panicAtMs, 0)
  assert.equal(autoscaler.desired(62 * second, 55, 50, 56), 50)
  assert.equal(autoscaler.state.panicAtMs, undefined)
})

test('decide agrees with Knative: another surge prolongs panic', () => {
  const autoscaler = new ToldMeans(10, { concurrencyLimit: 1 })
  assert.equal(autoscaler.desired(0, 10, 11, 25), 25)
  assert.equal(autoscaler.desired(30 * second, 40, 30, 80), 80)
  assert.equal(autoscaler.state.panicAtMs, 30 * second)
})

test('decide agrees with Knative: a delayed shrinking waits for each larger want to grow old', () => {
  const autoscaler = new ToldMeans(1, { panicThreshold: 100, stabilizationMs: 5 * minute })
  const steps = [
    { atMs: 2 * second, load: 40, expected: 4 },
    { atMs: 5 * minute, load: 0, expected: 4 },
    { atMs: 5 * minute + 2 * second, load: 0, expected: 1 },
    { atMs: 9 * minute, load: 40, expected: 4 },
    { atMs: 10 * minute, load: 30, expected: 4 },
    { atMs: 11 * minute, load: 0, expected: 4 },
    { atMs: 14 * minute, load: 0, expected: 3 },
    { atMs: 15 * minute, load: 0, expected: 1 },
  ]
  for (const { atMs, load, expected } of steps) {
    const ready = autoscaler.state.desired
    assert.equal(autoscaler.desired(atMs, ready, load, load), expected, `after ${atMs / second} s`)
  }
})
