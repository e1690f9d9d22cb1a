import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginAutoscale, decide, type AutoscaleDecision, type AutoscaleState } from './autoscaler.ts'
import type { FleetSample, InstanceSample } from './metric-samples.ts'
import { autoscaleDefaults, autoscaleIntervalMs, type AutoscaleOptions } from './options.ts'

const options: AutoscaleOptions = {
  ...autoscaleDefaults,
  min: 1,
  max: 20,
  cores: undefined,
  concurrencyLimit: 10,
}

const second = 1_000
const mebibyte = 1024 * 1024

function instancesOf(count: number, measured: Partial<InstanceSample> = {}): InstanceSample[] {
  const idle = { isReady: true, eventLoopUtilization: 0, cpu: 0, rssBytes: undefined }
  return Array.from({ length: count }, () => ({ ...idle, ...measured }))
}

function sampleOf(sample: Partial<FleetSample>): FleetSample {
  return { atMs: 0, concurrency: 0, instances: [], availableMemoryBytes: undefined, ...sample }
}

const first = (current: number, sample: Partial<FleetSample>, own: Partial<AutoscaleOptions> = {}) =>
  decide(beginAutoscale(current, 0), sampleOf(sample), { ...options, ...own })

/** One decision after the other for as long as said, on the same load and a fleet that follows. */
function pass(from: AutoscaleState, startMs: number, durationMs: number, concurrency: number) {
  const decisions: (AutoscaleDecision & { readonly atMs: number })[] = []
  let state = from
  for (let atMs = startMs; atMs < startMs + durationMs; atMs += autoscaleIntervalMs) {
    const decision = decide(
      state,
      sampleOf({ atMs, concurrency, instances: instancesOf(state.desired) }),
      options,
    )
    decisions.push({ ...decision, atMs })
    ;({ state } = decision)
  }
  return { state, decisions }
}

test('decide wants 0.7 of each limit used, and says by what it came to that', () => {
  const { desired, why } = first(4, {
    concurrency: 37,
    instances: instancesOf(4, { eventLoopUtilization: 0.5, cpu: 0.31 }),
  })
  assert.equal(desired, 6)
  assert.equal(
    why,
    'concurrency 37 over 60 s wants 6; event loop 50 % over 60 s wants 3; CPU 31 % over 60 s wants 2',
  )
})

test('decide does not count what lies on a whole number as one more', () => {
  for (const instances of [3, 6, 7, 9, 11]) {
    assert.equal(
      first(1, { concurrency: 7 * instances, instances: instancesOf(1) }, { growthRate: 100 }).desired,
      instances,
    )
  }
})

test('decide takes the most that any signal wants', () => {
  const busy = [
    { concurrency: 42, measured: {}, expected: 6 },
    { concurrency: 0, measured: { eventLoopUtilization: 1 }, expected: 6 },
    { concurrency: 0, measured: { cpu: 1 }, expected: 6 },
    { concurrency: 28, measured: { cpu: 0.9, eventLoopUtilization: 0.95 }, expected: 6 },
  ]
  for (const { concurrency, measured, expected } of busy) {
    assert.equal(first(4, { concurrency, instances: instancesOf(4, measured) }).desired, expected)
  }
})

test('decide leaves out a signal without a target, and concurrency without a limit', () => {
  const sample = { concurrency: 100, instances: instancesOf(4, { cpu: 0.7, eventLoopUtilization: 1 }) }
  const { desired, why } = first(4, sample, { concurrencyLimit: 0, targets: { concurrency: 0.7, cpu: 0.7 } })
  assert.equal(desired, 4)
  assert.equal(why, 'CPU 70 % over 60 s keeps 4')
  assert.equal(first(4, sample, { targets: {} }).why, 'nothing is measured, keeps 4')
})

const limits = [
  { name: 'max', own: { max: 4 }, ready: 3, expected: 4, by: 'max 4' },
  { name: 'the doubling of what is ready', own: {}, ready: 3, expected: 6, by: 'growth 6' },
  { name: 'the doubling of one when none is ready', own: {}, ready: 0, expected: 3, by: 'growth 3' },
]

for (const { name, own, ready, expected, by } of limits) {
  test(`decide limits growth by ${name} and says so`, () => {
    const instances = [...instancesOf(ready), ...instancesOf(3 - ready, { isReady: false })]
    const { desired, why } = first(3, { concurrency: 1_000, instances }, own)
    assert.equal(desired, expected)
    assert.match(why, new RegExp(`limited by ${by}$`))
  })
}

test('decide grows as far as memory allows, and no memory makes the fleet smaller', () => {
  const instances = instancesOf(4, { rssBytes: 100 * mebibyte })
  const withRoom = (mebibytes: number) =>
    first(4, { concurrency: 1_000, instances, availableMemoryBytes: (256 + mebibytes) * mebibyte })
  assert.equal(withRoom(250).desired, 6)
  assert.match(withRoom(250).why, /limited by memory 6$/)
  assert.equal(withRoom(99).desired, 4)
  assert.equal(withRoom(-200).desired, 4)
  assert.equal(withRoom(10_000).desired, 8)
})

test('decide does not take back an instance that starts because memory has become scarce', () => {
  const instances = [
    ...instancesOf(4, { rssBytes: 100 * mebibyte }),
    ...instancesOf(2, { isReady: false, rssBytes: 50 * mebibyte }),
  ]
  assert.equal(first(6, { concurrency: 1_000, instances, availableMemoryBytes: 300 * mebibyte }).desired, 6)
})

test('decide keeps the minimum whatever the machine has', () => {
  const sample = { concurrency: 1_000, instances: instancesOf(1, { rssBytes: 1 }), availableMemoryBytes: 0 }
  const { desired, why } = first(1, sample, { min: 4 })
  assert.equal(desired, 4)
  assert.match(why, /limited by memory 1; limited by min 4$/)
})

test('decide wants no more than cores for a busy CPU or event loop, and as many as it takes for requests in flight', () => {
  const busy = instancesOf(4, { cpu: 1, eventLoopUtilization: 1 })
  const onCores = (cores: number, concurrency: number) =>
    first(4, { concurrency, instances: busy }, { cores })
  assert.equal(onCores(5, 0).desired, 5)
  assert.match(onCores(5, 0).why, /CPU 100 % over 60 s wants 5, limited by cores$/)
  assert.equal(onCores(2, 0).desired, 4, 'what is there stays')
  assert.match(onCores(2, 0).why, /event loop 100 % over 60 s keeps 4, limited by cores/)
  assert.equal(onCores(5, 49).desired, 7)
})

test('decide gives back what a busy CPU does not need, however few cores there are', () => {
  const state = { ...beginAutoscale(4, 0), wants: [] }
  const sample = sampleOf({ instances: instancesOf(4, { cpu: 0.3 }) })
  assert.equal(decide(state, sample, { ...options, cores: 1 }).desired, 2)
})

test('decide leaves at least half of what is ready', () => {
  const idle = pass(beginAutoscale(16, 0), 0, 298 * second, 0).state
  const { decisions } = pass(idle, 300 * second, 10 * second, 0)
  assert.deepEqual(
    decisions.map(({ desired }) => desired),
    [8, 4, 2, 1, 1],
  )
  assert.match(decisions[0]?.why ?? '', /wants 0; .*limited by shrinking 8$/)
})

test('decide shrinks only when nothing more was wanted for 300 s, and says what it waits for', () => {
  const busy = pass(beginAutoscale(4, 0), 0, 120 * second, 56)
  assert.equal(busy.state.desired, 8)
  const calm = pass(busy.state, 120 * second, 420 * second, 14)
  const shrunk = calm.decisions.find(({ desired }) => desired < 8)
  const lastWanted = calm.decisions.findLast(({ why }) => /concurrency .* keeps 8;/.test(why))
  assert.equal(shrunk?.desired, 7, 'what was wanted a little later')
  assert.equal(shrunk.atMs, (lastWanted?.atMs ?? 0) + 300 * second)
  assert.equal(calm.state.desired, 2)
  assert.match(calm.decisions[100]?.why ?? '', /; keeps 8, wanted within 300 s$/)
})

test('decide answers a sudden surge by the panic window, and keeps what it got for a minute', () => {
  const calm = pass(beginAutoscale(2, 0), 0, 60 * second, 14).state
  const surge = pass(calm, 60 * second, 6 * second, 140)
  assert.deepEqual(
    surge.decisions.map(({ desired }) => desired),
    [4, 8, 16],
  )
  assert.match(
    surge.decisions[0]?.why ?? '',
    /^concurrency 18.2 over 60 s wants 3; .*; concurrency 56 over 6 s wants 8; panic;/,
  )
  const after = pass(surge.state, 66 * second, 80 * second, 14).decisions
  assert.ok(after.every(({ desired }) => desired >= 16))
  assert.match(after[5]?.why ?? '', /; panic; keeps \d+ in panic$/)
  assert.ok(after.at(-1)?.state.panicAtMs === undefined)
})

test('decide does not go on growing for a surge that is over', () => {
  const state = { ...beginAutoscale(4, 0), wants: [{ atMs: 0, instances: 16 }] }
  const sample = sampleOf({ atMs: 2 * second, concurrency: 14, instances: instancesOf(4) })
  assert.equal(decide(state, sample, options).desired, 4)
})

test('decide does not take back what it has given up, though it is still ready', () => {
  const state = { ...beginAutoscale(2, 0), wants: [] }
  assert.equal(decide(state, sampleOf({ instances: instancesOf(10) }), options).desired, 2)
})

test('decide keeps asking for what was there when instances have died', () => {
  const { state } = pass(beginAutoscale(8, 0), 0, 400 * second, 56)
  const crashed = (ready: number) =>
    decide(
      state,
      sampleOf({
        atMs: 400 * second,
        concurrency: 56,
        instances: [...instancesOf(ready), ...instancesOf(8 - ready, { isReady: false })],
      }),
      options,
    ).desired
  for (const ready of [0, 1, 4, 7]) assert.equal(crashed(ready), 8, `${ready} ready`)
})

test('decide does not shrink while a signal it looks at is not measured', () => {
  let state = beginAutoscale(6, 0)
  let why = ''
  for (let atMs = 0; atMs < 600 * second; atMs += autoscaleIntervalMs) {
    const sample = sampleOf({ atMs, instances: instancesOf(6, { eventLoopUtilization: undefined }) })
    ;({ state, why } = decide(state, sample, options))
  }
  assert.equal(state.desired, 6)
  assert.equal(
    why,
    'concurrency 0 over 60 s wants 0; event loop unknown over 60 s keeps 6; CPU 0 % over 60 s wants 0',
  )
})

test('decide grows for what it knows though another signal is not measured', () => {
  const { desired, why } = first(2, { concurrency: undefined, instances: instancesOf(2, { cpu: 1 }) })
  assert.equal(desired, 3)
  assert.match(why, /^concurrency unknown over 60 s keeps 2; .*CPU 100 % over 60 s wants 3$/)
})

test('decide changes nothing that it is given', () => {
  const state = beginAutoscale(2, 0)
  const before = structuredClone(state)
  decide(state, sampleOf({ concurrency: 100, instances: instancesOf(2) }), options)
  assert.deepEqual(state, before)
})

test('decide remembers a bounded past', () => {
  const { state } = pass(beginAutoscale(4, 0), 0, 3_600 * second, 28)
  assert.equal(state.history.length, options.stableWindowMs / autoscaleIntervalMs)
  assert.ok(state.wants.length <= options.stabilizationMs / autoscaleIntervalMs)
})
