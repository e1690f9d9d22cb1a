import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scheduleFaults } from './schedule.ts'

const minute = { forMs: 60_000, seed: 7 }

test('scheduleFaults gives each interval one fault, in order and never in step', () => {
  const faults = scheduleFaults({ ...minute, everyMs: { kill: 1_000 } })
  assert.equal(faults.length, 60)
  for (const [index, { atMs, kind, draw }] of faults.entries()) {
    assert.equal(kind, 'kill')
    assert.ok(atMs >= index * 1_000 + 100 && atMs <= index * 1_000 + 400, `fault ${index} at ${atMs} ms`)
    assert.ok(draw >= 0 && draw < 1)
  }
  assert.ok(new Set(faults.map(({ atMs }) => atMs % 1_000)).size > 30)
})

test('scheduleFaults repeats itself by the seed, and differs without', () => {
  const everyMs = { kill: 500, hang: 5_000 }
  assert.deepEqual(scheduleFaults({ ...minute, everyMs }), scheduleFaults({ ...minute, everyMs }))
  assert.notDeepEqual(scheduleFaults({ ...minute, everyMs }), scheduleFaults({ ...minute, everyMs, seed: 8 }))
})

test('scheduleFaults changes no fault of a kind when another kind joins', () => {
  const alone = scheduleFaults({ ...minute, everyMs: { hang: 5_000 } })
  const mixed = scheduleFaults({ ...minute, everyMs: { kill: 500, hang: 5_000, deploy: 10_000 } })
  assert.deepEqual(
    mixed.filter(({ kind }) => kind === 'hang'),
    alone,
  )
  assert.deepEqual(
    mixed.map(({ atMs }) => atMs),
    mixed.map(({ atMs }) => atMs).toSorted((a, b) => a - b),
  )
})

test('scheduleFaults has one of each kind even in a run shorter than the interval, and none after its end', () => {
  const everyMs = { hang: 5_000, deploy: 10_000, memory: 2_000 }
  for (let seed = 0; seed < 100; seed++) {
    const faults = scheduleFaults({ everyMs, forMs: 2_000, seed })
    assert.deepEqual(faults.map(({ kind }) => kind).toSorted(), ['deploy', 'hang', 'memory'])
    assert.ok(faults.every(({ atMs }) => atMs < 2_000))
  }
})
