// Facts of Kubernetes' own test of its horizontal autoscaler (kubernetes/kubernetes,
// pkg/controller/podautoscaler/replica_calculator_test.go), in our words: its numbers, with CPU in cores; of its other metrics those
// with a target for each pod, as concurrency. What does not apply: metrics with one target for all pods, and external ones with
// such (we have none); pods that have only just started and are still warm from it (we leave an instance out until it is ready);
// failed, deleted, pending and unknown pods, and the grouping of pods (a sample holds no such instances); requests of resources
// that are missing (a full instance is one core); errors for want of any metric (we keep the fleet as it is, tested below).
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { beginAutoscale, decide } from './autoscaler.ts'
import type { InstanceSample } from './metric-samples.ts'
import { autoscaleDefaults, type AutoscaleOptions } from './options.ts'

const kubernetes: AutoscaleOptions = {
  ...autoscaleDefaults,
  min: 1,
  max: Infinity,
  cores: undefined,
  concurrencyLimit: 0,
  tolerance: 0.1,
  growthRate: Infinity,
  shrinkRate: Infinity,
  stabilizationMs: 0,
}

/** An instance's CPU in cores, or why it has none. */
type Reading = number | 'missing' | 'starting'

const instanceOf = (reading: Reading): InstanceSample => ({
  isReady: reading !== 'starting',
  eventLoopUtilization: undefined,
  cpu: typeof reading === 'number' ? reading : undefined,
  rssBytes: undefined,
})

interface CpuFact {
  readonly name: string
  /** Desired before; the number of readings when left out. */
  readonly current?: number
  readonly target: number
  readonly readings: readonly Reading[]
  readonly expected: number
}

const cpuFacts: readonly CpuFact[] = [
  { name: 'above the target it grows', target: 0.3, readings: [0.3, 0.5, 0.7], expected: 5 },
  {
    name: 'it grows less while one starts',
    target: 0.3,
    readings: ['starting', 0.5, 0.7],
    expected: 4,
  },
  {
    name: 'it does not change while two start that could take the load',
    target: 0.3,
    readings: [0.4, 'starting', 'starting'],
    expected: 3,
  },
  {
    name: 'below the target it shrinks',
    target: 0.5,
    readings: [0.1, 0.3, 0.5, 0.25, 0.25],
    expected: 3,
  },
  {
    name: 'it shrinks though two start',
    target: 0.5,
    readings: [0.1, 0.3, 0.5, 'starting', 'starting'],
    expected: 2,
  },
  {
    name: 'one of five that is ready and bored is enough',
    target: 0.5,
    readings: [0.1, 'starting', 'starting', 'starting', 'starting'],
    expected: 1,
  },
  { name: 'a little above is tolerated', target: 1, readings: [1.01, 1.03, 1.02], expected: 3 },
  {
    name: 'what is missing counts as full on the way down',
    target: 1,
    readings: [0.4, 0.095, 'missing', 'missing'],
    expected: 3,
  },
  { name: 'at the target, one missing', target: 1, readings: [1, 'missing'], expected: 2 },
  { name: 'above the target, one missing', target: 1, readings: [1.9, 'missing'], expected: 2 },
  { name: 'below the target, one missing', target: 1, readings: [0.6, 'missing'], expected: 2 },
  {
    name: 'one starts and one is missing, no change',
    target: 0.5,
    readings: ['starting', 0.45, 'missing'],
    expected: 3,
  },
  {
    name: 'what is missing counts as nothing on the way up',
    target: 0.5,
    readings: ['starting', 2, 'missing'],
    expected: 4,
  },
  {
    name: 'one starts and one is missing, it shrinks',
    target: 0.5,
    readings: ['starting', 0.1, 0.1, 'missing'],
    expected: 3,
  },
  {
    name: 'one more than desired, as in a rolling update, does not make it grow',
    current: 2,
    target: 0.5,
    readings: [0.1, 0.1, 'missing'],
    expected: 2,
  },
  {
    name: 'just beyond the tolerance it shrinks',
    target: 0.56,
    readings: Array.from({ length: 10 }, () => 0.5),
    expected: 9,
  },
  {
    name: 'just within the tolerance it does not',
    target: 0.55,
    readings: Array.from({ length: 10 }, () => 0.5),
    expected: 10,
  },
  { name: 'without any data nothing changes', target: 1, readings: ['missing', 'missing'], expected: 2 },
]

for (const { name, readings, current = readings.length, target, expected } of cpuFacts) {
  test(`decide agrees with Kubernetes: CPU, ${name}`, () => {
    const sample = {
      atMs: 0,
      concurrency: undefined,
      instances: readings.map(instanceOf),
      availableMemoryBytes: undefined,
    }
    const options = { ...kubernetes, targets: { cpu: target } }
    assert.equal(decide(beginAutoscale(current, 0), sample, options).desired, expected)
  })
}

const totals = [
  { name: 'of three pods, above the target', current: 3, total: 60, each: 15, expected: 4 },
  { name: 'of three pods, one unready', current: 3, total: 90, each: 15, expected: 6 },
  { name: 'of three pods, two unready', current: 3, total: 95, each: 15, expected: 7 },
  { name: 'of an object, above the target', current: 3, total: 20, each: 5, expected: 4 },
  { name: 'external, above the target', current: 3, total: 8.6, each: 2.15, expected: 4 },
  { name: 'of five pods, below the target', current: 5, total: 60, each: 20, expected: 3 },
  { name: 'of an object, below the target', current: 5, total: 6, each: 2, expected: 3 },
  { name: 'external, below the target', current: 5, total: 8.6, each: 2.867, expected: 3 },
  { name: 'of three pods, tolerated', current: 3, total: 62, each: 20, expected: 3 },
  { name: 'of an object, tolerated', current: 4, total: 20.166, each: 5, expected: 4 },
  { name: 'external, tolerated', current: 3, total: 8.6, each: 2.9, expected: 3 },
]

for (const { name, current, total, each, expected } of totals) {
  test(`decide agrees with Kubernetes: a sum with a target for each, ${name}`, () => {
    const instances = Array.from({ length: current }, () => instanceOf('missing'))
    const sample = { atMs: 0, concurrency: total, instances, availableMemoryBytes: undefined }
    const options = { ...kubernetes, targets: { concurrency: 1 }, concurrencyLimit: each }
    assert.equal(decide(beginAutoscale(current, 0), sample, options).desired, expected)
  })
}
