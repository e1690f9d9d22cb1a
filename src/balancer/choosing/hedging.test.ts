import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../base/random.ts'
import { hedgeDelayMs, Hedging, RecentLatency, type HedgeQuestion } from './hedging.ts'

test('hedgeDelayMs answers a delay only for GET and HEAD without a body, within budget, when latencies are known', () => {
  const usual: HedgeQuestion = { method: 'GET', hasBody: false, budget: 1, quantileMs: 80 }
  const rows: [Partial<HedgeQuestion>, number | undefined][] = [
    [{}, 80],
    [{ method: 'HEAD' }, 80],
    [{ quantileMs: 0.3 }, 1],
    [{ method: 'POST' }, undefined],
    [{ method: 'PUT' }, undefined],
    [{ method: 'OPTIONS' }, undefined],
    [{ hasBody: true }, undefined],
    [{ budget: 0.99 }, undefined],
    [{ quantileMs: undefined }, undefined],
  ]
  for (const [question, delay] of rows) {
    assert.equal(hedgeDelayMs({ ...usual, ...question }), delay, JSON.stringify(question))
  }
})

test('RecentLatency answers nothing while it knows too little', () => {
  const latency = new RecentLatency()
  for (let index = 0; index < 99; index++) latency.observe(10, 0)
  assert.equal(latency.quantile(0.95, 0), undefined)
  latency.observe(10, 0)
  assert.notEqual(latency.quantile(0.95, 0), undefined)
})

test('RecentLatency is never below the true quantile and at most a bucket above it', (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const samples = fc.array(fc.double({ min: 0.25, max: 130_000, noNaN: true }), {
    minLength: 100,
    maxLength: 400,
  })
  const check = fc.property(samples, fc.constantFrom(0.5, 0.9, 0.95, 0.99), (latencies, share) => {
    const latency = new RecentLatency()
    for (const latencyMs of latencies) latency.observe(latencyMs, 0)
    const sorted = latencies.toSorted((a, b) => a - b)
    const wanted = sorted[Math.ceil(share * sorted.length) - 1] ?? 0
    const got = latency.quantile(share, 0) ?? 0
    assert.ok(got >= wanted * 0.999 && got <= wanted * 1.1, `${got} for ${wanted}`)
  })
  fc.assert(check, { seed })
})

test('RecentLatency takes any latency', () => {
  const latency = new RecentLatency()
  for (const latencyMs of [0, -1, 1e9]) for (let index = 0; index < 50; index++) latency.observe(latencyMs, 0)
  assert.ok((latency.quantile(0.5, 0) ?? 0) < 1)
  assert.ok((latency.quantile(0.99, 0) ?? 0) > 100_000)
})

test('RecentLatency forgets what is not recent', () => {
  const latency = new RecentLatency()
  const observe = (latencyMs: number, nowMs: number) => {
    for (let index = 0; index < 100; index++) latency.observe(latencyMs, nowMs)
  }
  observe(1_000, 0)
  observe(10, 10_000)
  assert.ok((latency.quantile(0.95, 10_000) ?? 0) >= 1_000, 'the window before still counts')
  observe(10, 20_000)
  assert.ok((latency.quantile(0.95, 20_000) ?? 0) < 12)
  assert.equal(latency.quantile(0.95, 40_000), undefined, 'all of it is old')
})

function warm(hedging: Hedging): void {
  for (let index = 0; index < 100; index++) hedging.observe(index < 90 ? 10 : 500, 0)
}

test('Hedging is off without options, on with them, and both may change', () => {
  let options: { quantile?: number } | undefined
  const hedging = new Hedging(() => options)
  warm(hedging)
  for (let index = 0; index < 100; index++) assert.equal(hedging.delayMs('GET', false, 0), undefined)
  assert.ok(!hedging.spend())
  options = {}
  warm(hedging)
  const delays = Array.from({ length: 21 }, () => hedging.delayMs('GET', false, 0))
  assert.equal(delays[0], undefined, 'nothing is saved yet')
  assert.ok((delays[20] ?? 0) >= 500)
  options = { quantile: 0.5 }
  assert.ok((hedging.delayMs('GET', false, 0) ?? 0) < 12)
  assert.ok(hedging.spend())
  assert.ok(!hedging.spend())
})

test('Hedging never spends more than its share of requests, and saves little for later', () => {
  const hedging = new Hedging(() => ({ share: 0.05 }))
  const random = seededRandom(7)
  warm(hedging)
  let hedged = 0
  for (let requests = 1; requests <= 5_000; requests++) {
    hedging.delayMs(random() < 0.5 ? 'GET' : 'POST', false, 0)
    if (random() < 0.2 && hedging.spend()) hedged++
    assert.ok(hedged <= requests * 0.05 + 1e-9)
  }
  assert.ok(hedged > 5_000 * 0.05 - 15, `only ${hedged}`)
  for (let requests = 0; requests < 5_000; requests++) hedging.delayMs('GET', false, 0)
  let burst = 0
  while (hedging.spend()) burst++
  assert.equal(burst, 10)
})
