import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cleanHealth, ejectionMs, isDue, isHealthy, isPanic, mayEject, move, surplus } from './outlier.ts'
import type { Health, HealthContext, HealthEvent } from './outlier.ts'

const limits = { ejectAfter: 5, ejectMs: 1_000, ejectMaxMs: 30_000 }
const nowMs = 100_000

const healthy = (failures: number, ejections = 0, sinceMs = 0): Health => ({
  state: 'healthy',
  failures,
  ejections,
  sinceMs,
})
const ejected = (ejections: number, dueMs: number): Health => ({ state: 'ejected', ejections, dueMs })
const probing = (ejections: number, dueMs: number): Health => ({ state: 'probing', ejections, dueMs })

interface Row {
  what: string
  from: Health
  event: HealthEvent
  to: Health
  context?: Partial<HealthContext>
}

const after = (ms: number): number => nowMs + ms

/** Randomness answers 0, so that an ejection has its full time. */
const table: Row[] = [
  { what: 'a failure is counted', from: healthy(0), event: 'failed', to: healthy(1) },
  { what: 'an answer ends the row', from: healthy(4), event: 'answered', to: healthy(0) },
  {
    what: 'the fifth failure in a row ejects',
    from: healthy(4),
    event: 'failed',
    to: ejected(1, after(1_000)),
  },
  {
    what: 'a fleet that can spare none ejects none, but remembers',
    from: healthy(4),
    event: 'failed',
    to: healthy(5),
    context: { mayEject: false },
  },
  {
    what: 'the next failure ejects once the fleet can',
    from: healthy(7),
    event: 'failed',
    to: ejected(1, after(1_000)),
  },
  {
    what: 'ejection can be switched off',
    from: healthy(99),
    event: 'failed',
    to: healthy(100),
    context: { limits: { ...limits, ejectAfter: 0 } },
  },
  {
    what: 'an ejection soon after another lasts longer',
    from: healthy(4, 2, nowMs - 29_999),
    event: 'failed',
    to: ejected(3, after(4_000)),
  },
  {
    what: 'one that was well for long enough begins anew',
    from: healthy(4, 2, nowMs - 30_000),
    event: 'failed',
    to: ejected(1, after(1_000)),
  },
  {
    what: 'an attempt without verdict changes nothing',
    from: healthy(3),
    event: 'undecided',
    to: healthy(3),
  },
  { what: 'a healthy one is not probed', from: healthy(3), event: 'probe', to: healthy(3) },
  { what: 'a healthy one is not released', from: healthy(3), event: 'release', to: healthy(3) },

  {
    what: 'failures of old attempts do not prolong it',
    from: ejected(1, after(9)),
    event: 'failed',
    to: ejected(1, after(9)),
  },
  {
    what: 'answers of old attempts do not end it',
    from: ejected(1, after(9)),
    event: 'answered',
    to: ejected(1, after(9)),
  },
  {
    what: 'in panic it has new attempts, and an answer ends it',
    from: ejected(2, after(9)),
    event: 'answered',
    to: healthy(0, 2, nowMs),
    context: { panic: true },
  },
  { what: 'no probe before its time', from: ejected(1, after(1)), event: 'probe', to: ejected(1, after(1)) },
  { what: 'a probe at its time', from: ejected(1, nowMs), event: 'probe', to: probing(1, after(30_000)) },
  { what: 'back without a verdict', from: ejected(2, after(9)), event: 'release', to: healthy(0, 2, nowMs) },

  {
    what: 'a probe that is answered brings it back',
    from: probing(2, after(9)),
    event: 'answered',
    to: healthy(0, 2, nowMs),
  },
  {
    what: 'a probe that fails ejects for twice as long',
    from: probing(2, after(9)),
    event: 'failed',
    to: ejected(3, after(4_000)),
    context: { mayEject: false },
  },
  {
    what: 'after a probe without verdict the next may',
    from: probing(2, after(9)),
    event: 'undecided',
    to: ejected(2, nowMs),
  },
  { what: 'one probe at a time', from: probing(2, after(9)), event: 'probe', to: probing(2, after(9)) },
  {
    what: 'a lost probe is followed by another',
    from: probing(2, nowMs),
    event: 'probe',
    to: probing(2, after(30_000)),
  },
]

for (const { what, from, event, to, context } of table) {
  test(`move from ${from.state} when ${event}: ${what}`, () => {
    const usual: HealthContext = { nowMs, random: () => 0, limits, mayEject: true, panic: false }
    assert.deepEqual(move(from, event, { ...usual, ...context }), to)
  })
}

test('ejectionMs doubles up to the longest, less at most a quarter by chance', () => {
  const times = [1, 2, 3, 4, 5, 6, 7, 5_000].map((ejections) => ejectionMs(ejections, limits, () => 0))
  assert.deepEqual(times, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  assert.equal(
    ejectionMs(1, limits, () => 0.5),
    875,
  )
})

test('isDue holds from the time on, for the ejected and for a lost probe', () => {
  const rows: [Health, boolean][] = [
    [cleanHealth, false],
    [ejected(1, nowMs), true],
    [ejected(1, after(1)), false],
    [probing(1, nowMs), true],
    [probing(1, after(1)), false],
  ]
  for (const [health, due] of rows) assert.equal(isDue(health, nowMs), due, JSON.stringify(health))
})

test('isHealthy tells who would be ejected if the fleet could spare it', () => {
  assert.ok(isHealthy(cleanHealth, limits) && isHealthy(healthy(4), limits))
  assert.ok(!isHealthy(healthy(5), limits) && !isHealthy(ejected(1, 0), limits))
  assert.ok(isHealthy(healthy(5), { ...limits, ejectAfter: 0 }))
})

test('mayEject, surplus and isPanic keep half of the fleet', () => {
  const spared = [1, 2, 3, 4, 5, 10].map((fleet) => {
    let out = 0
    while (mayEject(fleet, out)) out++
    return out
  })
  assert.deepEqual(spared, [0, 1, 1, 2, 2, 5])
  assert.deepEqual([surplus(10, 5), surplus(9, 5), surplus(2, 5), surplus(0, 5)], [0, 1, 4, 5])
  assert.deepEqual(
    [isPanic(4, 2), isPanic(4, 1), isPanic(3, 2), isPanic(3, 1), isPanic(0, 0)],
    [false, true, false, true, false],
  )
})

test('move never ejects where it may not, never forgets an ejection, and brings back only by a verdict', (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const events = fc.array(
    fc.record({
      event: fc.constantFrom<HealthEvent>('answered', 'failed', 'undecided', 'probe'),
      afterMs: fc.nat({ max: 5_000 }),
      spare: fc.boolean(),
      panic: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  const check = fc.property(events, (steps) => {
    let health: Health = cleanHealth
    let atMs = 0
    for (const { event, afterMs, spare, panic } of steps) {
      atMs += afterMs
      const next = move(health, event, { nowMs: atMs, random: () => 0.5, limits, mayEject: spare, panic })
      const wasOut = health.state !== 'healthy'
      const isOut = next.state !== 'healthy'
      if (!wasOut && isOut) assert.ok(event === 'failed' && spare && next.ejections >= 1)
      if (wasOut && !isOut) assert.ok(event === 'answered' && (health.state === 'probing' || panic))
      if (health.state === 'ejected' && next.state === 'probing') assert.ok(health.dueMs <= atMs)
      if (isOut) assert.ok(next.dueMs <= atMs + limits.ejectMaxMs)
      health = next
    }
  })
  fc.assert(check, { seed })
})
