import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { seededRandom } from '../../base/random.ts'
import { defaultLimits, type BalancerLimits } from '../limits.ts'
import type { Upstream } from '../messages.ts'
import { Roster, type RosterEntry, type RosterListener } from './roster.ts'

function upstream(id: string, epoch = 1, port = 4_000): Upstream {
  return { id, epoch, host: '127.0.0.1', port }
}

const upstreams = (...ids: string[]): Upstream[] => ids.map((id) => upstream(id))
const nobody: ReadonlySet<RosterEntry> = new Set()

/** A roster with limits of its own, which a test may change. */
function roster(limits: Partial<BalancerLimits> = {}, listener: RosterListener = {}): Roster {
  const own = { ...defaultLimits, ejectAfter: 2, ejectMs: 1_000, ...limits }
  return new Roster(seededRandom(1), () => own, listener)
}

function pick(from: Roster, tried = nobody, nowMs = 0, repeatable = true): RosterEntry {
  const picked = from.pick(tried, nowMs, repeatable)
  if (typeof picked === 'string') throw new Error(`the roster answered ${picked}`)
  return picked
}

/** Every instance that can be picked now, by id. */
function entries(from: Roster): Record<string, RosterEntry> {
  const tried = new Set<RosterEntry>()
  for (let next = from.pick(tried, 0); typeof next !== 'string'; next = from.pick(tried, 0)) tried.add(next)
  return Object.fromEntries([...tried].map((one) => [one.upstream.id, one]))
}

function entry(from: Roster, id: string): RosterEntry {
  const found = entries(from)[id]
  if (found === undefined) throw new Error(`nobody is called ${id}`)
  return found
}

/** Attempts that fail one after another. */
function fail(from: Roster, id: string, times: number, nowMs = 0): void {
  const failing = entry(from, id)
  for (let time = 0; time < times; time++) {
    from.started(failing, nowMs)
    from.ended(failing, 'failed', nowMs)
  }
}

function answer(from: Roster, answering: RosterEntry, nowMs = 0): void {
  from.started(answering, nowMs)
  from.ended(answering, 'answered', nowMs)
}

/** How many of many picks each gets; nothing is in flight meanwhile. */
function share(from: Roster, nowMs: number, picks = 4_000): Record<string, number> {
  const counts: Record<string, number> = {}
  for (let index = 0; index < picks; index++) {
    const { id } = pick(from, nobody, nowMs).upstream
    counts[id] = (counts[id] ?? 0) + 1 / picks
  }
  return counts
}

const load = (id: string, inFlight: number, requests: number, failures = 0) => ({
  id,
  inFlight,
  requests,
  failures,
  ejected: false,
})

/** What `load` has of each load. */
const countsOf = (from: Roster) =>
  from.loads().map(({ id, inFlight, requests, failures, ejected }) => ({
    id,
    inFlight,
    requests,
    failures,
    ejected,
  }))

const ejectedIn = (from: Roster): string[] =>
  from
    .loads()
    .filter(({ ejected }) => ejected === true)
    .map(({ id }) => id)

test('Roster picks nobody before it has instances, and nobody when all were tried', () => {
  const fleet = roster()
  assert.equal(fleet.pick(nobody, 0), 'none')
  fleet.replace(upstreams('1', '2'), 0)
  const first = pick(fleet)
  const second = pick(fleet, new Set([first]))
  assert.notEqual(first, second)
  assert.equal(fleet.pick(new Set([first, second]), 0), 'none')
})

test('Roster.replace keeps the counts of an instance that stays', () => {
  const fleet = roster()
  fleet.replace(upstreams('1'), 0)
  const staying = pick(fleet)
  for (let index = 0; index < 5; index++) answer(fleet, staying)
  fleet.started(staying, 0)
  fleet.started(staying, 0)
  fleet.replace(upstreams('2', '1'), 0)
  assert.ok(fleet.has(staying))
  assert.deepEqual(countsOf(fleet), [load('2', 0, 0), load('1', 2, 5)])
})

test('Roster takes a restarted instance for a new one that nobody tried, and its counts never fall', () => {
  const fleet = roster()
  fleet.replace(upstreams('1'), 0)
  const before = pick(fleet)
  for (let index = 0; index < 5; index++) answer(fleet, before)
  fail(fleet, '1', 1)
  fleet.started(before, 0)
  fleet.replace([upstream('1', 2, 4_001)], 0)
  assert.ok(!fleet.has(before))
  const after = pick(fleet, new Set([before]))
  assert.equal(after.upstream.epoch, 2)
  answer(fleet, after)
  assert.deepEqual(countsOf(fleet), [load('1', 1, 6, 1)])
  fleet.ended(before, 'abandoned', 0)
  fleet.replace([], 0)
  assert.deepEqual(countsOf(fleet), [load('1', 0, 6, 1)])
  fleet.replace([upstream('1', 3)], 0)
  assert.deepEqual(countsOf(fleet), [load('1', 0, 6, 1)])
})

test('Roster counts what a replaced instance still answers', () => {
  const fleet = roster()
  fleet.replace(upstreams('1'), 0)
  const before = pick(fleet)
  fleet.started(before, 0)
  fleet.replace([], 0)
  assert.deepEqual(countsOf(fleet), [load('1', 1, 0)])
  fleet.ended(before, 'answered', 0)
  fleet.replace([upstream('1', 2)], 0)
  assert.deepEqual(countsOf(fleet), [load('1', 0, 1)])
})

test('Roster.pick prefers the less busy of the two it draws', () => {
  const fleet = roster()
  fleet.replace(upstreams('1', '2'), 0)
  for (let index = 0; index < 3; index++) fleet.started(entry(fleet, '1'), 0)
  for (let index = 0; index < 20; index++) assert.equal(pick(fleet).upstream.id, '2')
})

test('Roster never picks a draining instance, but counts what it finishes', () => {
  const fleet = roster()
  fleet.replace(upstreams('1', '2'), 0)
  const draining = entry(fleet, '1')
  fleet.started(draining, 0)
  fleet.replace([{ ...upstream('1'), draining: true }, upstream('2')], 0)
  assert.ok(!fleet.has(draining))
  assert.deepEqual(Object.keys(entries(fleet)), ['2'])
  fleet.ended(draining, 'answered', 0)
  assert.deepEqual(countsOf(fleet), [load('1', 0, 1), load('2', 0, 0)])
  fleet.replace([{ ...upstream('1'), draining: true }], 0)
  assert.equal(fleet.pick(nobody, 0), 'none')
  fleet.replace(upstreams('1'), 0)
  assert.equal(pick(fleet), draining, 'it no longer drains')
})

test('Roster takes a new weight live', () => {
  const fleet = roster()
  fleet.replace(upstreams('1', '2'), 0)
  assert.ok(Math.abs((share(fleet, 0)['1'] ?? 0) - 0.5) < 0.05)
  fleet.replace([{ ...upstream('1'), weight: 0.25 }, upstream('2')], 0)
  assert.ok(Math.abs((share(fleet, 0)['1'] ?? 0) - 0.2) < 0.05)
  fleet.replace([{ ...upstream('1'), weight: 0 }, upstream('2')], 0)
  assert.equal(share(fleet, 0)['1'], undefined)
  fleet.replace([{ ...upstream('1'), weight: 0 }], 0)
  assert.equal(pick(fleet).upstream.id, '1', 'the only one is picked all the same')
})

test('Roster lets an instance that joins a running fleet start slowly', () => {
  const fleet = roster({ slowStartMs: 10_000 })
  fleet.replace(upstreams('1', '2'), 1_000)
  assert.ok(Math.abs((share(fleet, 1_000)['1'] ?? 0) - 0.5) < 0.05, 'those of the first list are equal')
  fleet.replace(upstreams('1', '2', '3'), 5_000)
  const rows: [nowMs: number, wanted: number][] = [
    [5_000, 0.1 / 2.1],
    [10_000, 0.55 / 2.55],
    [15_000, 1 / 3],
  ]
  for (const [nowMs, wanted] of rows) {
    assert.ok(Math.abs((share(fleet, nowMs)['3'] ?? 0) - wanted) < 0.03, `at ${nowMs}`)
  }
})

test('Roster holds none back while all are in slow start', () => {
  const fleet = roster({ slowStartMs: 10_000 })
  fleet.replace([], 0)
  fleet.replace(upstreams('1'), 1_000)
  fleet.replace(upstreams('1', '2'), 4_000)
  assert.ok(Math.abs((share(fleet, 4_000)['2'] ?? 0) - 0.5) < 0.05)
})

test('Roster ejects an instance whose attempts fail in a row, then lets one request probe it', () => {
  const fleet = roster()
  fleet.replace(upstreams('1', '2', '3'), 0)
  fail(fleet, '1', 1)
  answer(fleet, entry(fleet, '1'))
  fail(fleet, '1', 1)
  assert.deepEqual(ejectedIn(fleet), [], 'not in a row')
  fail(fleet, '1', 1)
  assert.deepEqual(ejectedIn(fleet), ['1'])
  assert.equal(share(fleet, 500)['1'], undefined)

  const probed = pick(fleet, nobody, 1_000)
  assert.equal(probed.upstream.id, '1')
  fleet.started(probed, 1_000)
  assert.equal(share(fleet, 1_001)['1'], undefined, 'one probe is enough')
  fleet.ended(probed, 'failed', 1_002)
  assert.equal(share(fleet, 2_400)['1'], undefined, 'it is out for longer now')

  const again = pick(fleet, nobody, 3_002)
  assert.equal(again.upstream.id, '1')
  fleet.started(again, 3_002)
  fleet.ended(again, 'answered', 3_003)
  assert.deepEqual(ejectedIn(fleet), [])
  assert.ok((share(fleet, 3_003)['1'] ?? 0) > 0.25)
})

test('Roster lets another request probe when the first ended without a verdict', () => {
  const fleet = roster()
  fleet.replace(upstreams('1', '2'), 0)
  fail(fleet, '1', 2)
  const probed = pick(fleet, nobody, 1_000)
  fleet.started(probed, 1_000)
  fleet.ended(probed, 'abandoned', 1_001)
  assert.equal(pick(fleet, nobody, 1_001), probed)
})

test('Roster decides a probe that goes on for long when it is responded to', () => {
  const fleet = roster()
  fleet.replace(upstreams('1', '2'), 0)
  fail(fleet, '1', 2)
  const probed = pick(fleet, nobody, 1_000)
  fleet.started(probed, 1_000)
  fleet.responded(probed, 1_001)
  assert.deepEqual(ejectedIn(fleet), [])
  assert.equal(probed.inFlight, 1)
})

test('Roster probes with a request that cannot be repeated only when no other came', () => {
  const fleet = roster()
  fleet.replace(upstreams('1', '2'), 0)
  fail(fleet, '1', 2)
  assert.equal(pick(fleet, nobody, 1_000, false).upstream.id, '2')
  assert.equal(pick(fleet, nobody, 1_000, true).upstream.id, '1')
  assert.equal(pick(fleet, nobody, 2_000, false).upstream.id, '1')
})

test('Roster counts an instance that keeps refusing as one that keeps failing, but its attempts not as failed', () => {
  const fleet = roster()
  fleet.replace(upstreams('1', '2'), 0)
  const refusing = entry(fleet, '1')
  for (let time = 0; time < 2; time++) {
    fleet.started(refusing, 0)
    fleet.ended(refusing, 'not-processed', 0)
  }
  assert.deepEqual(countsOf(fleet)[0], { ...load('1', 0, 0), ejected: true })
})

test('Roster picks an ejected instance rather than none, when all others were tried', () => {
  const fleet = roster()
  fleet.replace(upstreams('1', '2'), 0)
  fail(fleet, '1', 2)
  const [one, two] = [entry(fleet, '1'), entry(fleet, '2')]
  assert.equal(pick(fleet, new Set([two]), 1), one)
  assert.equal(fleet.pick(new Set([one, two]), 1), 'none')
})

test('Roster ignores passive verdicts when fewer than half are healthy, and goes by answers then', () => {
  const fleet = roster()
  fleet.replace(upstreams('1', '2', '3', '4'), 0)
  for (const id of ['1', '2']) fail(fleet, id, 2)
  assert.deepEqual(Object.keys(share(fleet, 1)).toSorted(), ['3', '4'])
  fail(fleet, '3', 2)
  assert.deepEqual(ejectedIn(fleet), ['1', '2'], 'no more than half')
  assert.deepEqual(Object.keys(share(fleet, 1)).toSorted(), ['1', '2', '3', '4'])
  answer(fleet, entry(fleet, '1'), 1)
  assert.deepEqual(ejectedIn(fleet), ['2'])
  assert.deepEqual(Object.keys(share(fleet, 1)).toSorted(), ['1', '3', '4'], 'half are healthy again')
})

test('Roster lets instances back when the fleet becomes too small to spare them', () => {
  const fleet = roster()
  fleet.replace(upstreams('1', '2', '3', '4'), 0)
  fail(fleet, '1', 2, 0)
  fail(fleet, '2', 2, 500)
  fleet.replace(upstreams('1', '2', '3'), 600)
  assert.deepEqual(ejectedIn(fleet), ['2'], 'the one next to be probed is back')
  fleet.replace([upstream('1'), upstream('2'), { ...upstream('3'), draining: true }], 600)
  fleet.replace([upstream('2'), { ...upstream('3'), draining: true }], 600)
  assert.deepEqual(ejectedIn(fleet), [], 'the only one is not ejected')
})

test('Roster holds nothing against a new epoch', () => {
  const fleet = roster()
  fleet.replace(upstreams('1', '2', '3'), 0)
  fail(fleet, '1', 2)
  fleet.replace([upstream('1', 2), upstream('2'), upstream('3')], 0)
  assert.deepEqual(ejectedIn(fleet), [])
  fail(fleet, '1', 1)
  assert.deepEqual(ejectedIn(fleet), [])
})

test('Roster takes an id that is used again for a fresh instance: it starts slowly, and its counts go on', () => {
  const limits = { slowStartMs: 1_000 }
  const fleet = roster(limits)
  fleet.replace(upstreams('1', '2'), 0)
  const first = entry(fleet, '1')
  first.tally.observe(200, 3)
  first.tally.observe(503, 30)
  fail(fleet, '1', 2)
  fleet.replace([{ ...upstream('1'), draining: true }, upstream('2')], 0)
  assert.deepEqual(
    fleet.loads().map(({ epoch, draining, errors }) => [epoch, draining, errors]),
    [
      [1, true, 1],
      [1, false, 0],
    ],
  )
  fleet.replace(upstreams('2'), 100)
  assert.deepEqual(fleet.loads()[0]?.draining, false, 'it is gone')
  fleet.replace([upstream('1', 2, 4_001), upstream('2')], 200)
  assert.ok(Math.abs((share(fleet, 200)['1'] ?? 0) - 0.1 / 1.1) < 0.03)
  assert.ok(Math.abs((share(fleet, 1_200)['1'] ?? 0) - 0.5) < 0.05)
  entries(fleet)['1']?.tally.observe(500, 3)
  const again = fleet.loads().find(({ id }) => id === '1')
  const times = again?.latency?.filter((count) => count > 0)
  assert.deepEqual([again?.epoch, again?.ejected, again?.failures, again?.errors], [2, false, 2, 2])
  assert.deepEqual(times, [2, 1])
})

test('Roster needs an instance while the list gives it requests, and until the last of them has ended', () => {
  const idle: string[] = []
  const fleet = roster({}, { onIdle: ({ upstream: { id } }) => idle.push(id) })
  fleet.replace(upstreams('1', '2'), 0)
  const one = entry(fleet, '1')
  answer(fleet, one)
  fleet.started(one, 0)
  fleet.started(one, 0)
  fleet.replace([{ ...upstream('1'), draining: true }], 0)
  assert.deepEqual([fleet.needs('1', 1), fleet.needs('2', 1), fleet.needs('1', 2)], [true, false, false])
  fleet.ended(one, 'answered', 0)
  fleet.replace([upstream('1', 2)], 0)
  assert.deepEqual([fleet.needs('1', 1), fleet.needs('1', 2), idle], [true, true, []])
  fleet.ended(one, 'failed', 0)
  assert.deepEqual([fleet.needs('1', 1), idle], [false, ['1']])
})

test('Roster lets all back when ejection is switched off', () => {
  const limits = { ...defaultLimits, ejectAfter: 2 }
  const fleet = new Roster(seededRandom(1), () => limits)
  fleet.replace(upstreams('1', '2'), 0)
  fail(fleet, '1', 2)
  limits.ejectAfter = 0
  fleet.replace(upstreams('1', '2'), 0)
  assert.deepEqual(ejectedIn(fleet), [])
})

test('Roster answers full when each has as many attempts as it may, and tells of room', () => {
  const rooms: number[] = []
  const limits = { ...defaultLimits, concurrency: 2 }
  const fleet = new Roster(seededRandom(1), () => limits, { onRoom: (slots) => rooms.push(slots) })
  fleet.replace(upstreams('1', '2'), 0)
  const [one, two] = [entry(fleet, '1'), entry(fleet, '2')]
  for (let index = 0; index < 4; index++) fleet.started(pick(fleet), 0)
  assert.deepEqual([one.inFlight, two.inFlight], [2, 2])
  assert.equal(fleet.pick(nobody, 0), 'full')
  assert.equal(fleet.pick(new Set([one]), 0), 'full')
  assert.equal(fleet.pick(new Set([one, two]), 0), 'none')
  fleet.ended(two, 'answered', 0)
  assert.equal(pick(fleet), two)
  assert.equal(fleet.pick(new Set([two]), 0), 'full')
  fleet.ended(two, 'answered', 0)
  assert.deepEqual(rooms, [1], 'it had room already')
  limits.concurrency = 3
  fleet.started(two, 0)
  fleet.started(two, 0)
  assert.equal(pick(fleet), one, 'the cap may change at any time')
  limits.concurrency = 0
  assert.equal(typeof fleet.pick(nobody, 0), 'object', 'no cap')
})

test('Roster tells of the room of an instance that is back', () => {
  const rooms: number[] = []
  const fleet = roster({ concurrency: 3 }, { onRoom: (slots) => rooms.push(slots) })
  fleet.replace(upstreams('1', '2'), 0)
  fail(fleet, '1', 2)
  answer(fleet, pick(fleet, nobody, 1_000), 1_000)
  assert.deepEqual(rooms, [3])
})

test('Roster tells how long attempts took that were answered', () => {
  const latencies: number[] = []
  const fleet = roster({}, { onLatency: (latencyMs) => latencies.push(latencyMs) })
  fleet.replace(upstreams('1'), 0)
  const only = pick(fleet)
  for (const outcome of ['answered', 'failed', 'abandoned'] as const) {
    fleet.started(only, 0)
    fleet.ended(only, outcome, 7, 7)
  }
  assert.deepEqual(latencies, [7])
})

type Step =
  | {
      readonly type: 'replace'
      readonly list: readonly (readonly [id: number, epoch: number, draining: boolean])[]
    }
  | { readonly type: 'attempt'; readonly tried: number; readonly repeatable: boolean }
  | {
      readonly type: 'end'
      readonly which: number
      readonly outcome: 'answered' | 'failed' | 'not-processed' | 'abandoned'
    }
  | { readonly type: 'wait'; readonly ms: number }

const lists = fc.uniqueArray(fc.tuple(fc.nat({ max: 7 }), fc.integer({ min: 1, max: 2 }), fc.boolean()), {
  selector: ([id]) => id,
  maxLength: 8,
})

const steps = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: lists.map((list): Step => ({ type: 'replace', list })) },
    {
      weight: 20,
      arbitrary: fc
        .record({ tried: fc.nat({ max: 3 }), repeatable: fc.boolean() })
        .map(({ tried, repeatable }): Step => ({ type: 'attempt', tried, repeatable })),
    },
    {
      weight: 20,
      arbitrary: fc
        .record({
          which: fc.nat({ max: 99 }),
          outcome: fc.constantFrom(
            'failed' as const,
            'failed' as const,
            'answered' as const,
            'not-processed' as const,
            'abandoned' as const,
          ),
        })
        .map(({ which, outcome }): Step => ({ type: 'end', which, outcome })),
    },
    { weight: 4, arbitrary: fc.nat({ max: 3_000 }).map((ms): Step => ({ type: 'wait', ms })) },
  ),
  { minLength: 20, maxLength: 200 },
)

test('whatever happens, at most half are ejected, nobody goes without for a verdict, and counts never fall', (t) => {
  const seed = Math.floor(Math.random() * 2 ** 31)
  t.diagnostic(`seed ${seed}`)
  const check = fc.property(steps, fc.constantFrom(0, 2), (history, concurrency) => {
    const world = new RosterWorld(concurrency)
    for (const step of history) world.take(step)
  })
  fc.assert(check, { seed, numRuns: 300 })
})

/** A roster that is checked after each step. */
class RosterWorld {
  readonly #fleet: Roster
  readonly #concurrency: number
  readonly #underWay: RosterEntry[] = []
  #live = 0
  #nowMs = 1
  #done = 0

  constructor(concurrency: number) {
    this.#concurrency = concurrency
    this.#fleet = roster({ concurrency })
  }

  take(step: Step): void {
    if (step.type === 'wait') this.#nowMs += step.ms
    else if (step.type === 'replace') this.#replace(step.list)
    else if (step.type === 'attempt') this.#attempt(step.tried, step.repeatable)
    else this.#end(step.which, step.outcome)
    this.#check()
  }

  #replace(list: readonly (readonly [id: number, epoch: number, draining: boolean])[]): void {
    this.#live = list.filter(([, , draining]) => !draining).length
    this.#fleet.replace(
      list.map(([id, epoch, draining]) => ({ ...upstream(String(id), epoch), draining })),
      this.#nowMs,
    )
  }

  /** Tries up to so many others first, as an exchange does whose attempts die. */
  #attempt(others: number, repeatable: boolean): void {
    const tried = new Set<RosterEntry>()
    for (let attempt = 0; attempt <= others; attempt++) {
      const picked = this.#fleet.pick(tried, this.#nowMs, repeatable)
      if (picked === 'none') assert.equal(tried.size, this.#live)
      else if (picked === 'full') assert.ok(this.#concurrency > 0 && tried.size < this.#live)
      else {
        assert.ok(!tried.has(picked) && this.#fleet.has(picked) && picked.upstream.draining !== true)
        assert.ok(this.#concurrency === 0 || picked.inFlight < this.#concurrency)
        tried.add(picked)
        if (attempt === others) {
          this.#fleet.started(picked, this.#nowMs)
          this.#underWay.push(picked)
        }
      }
    }
  }

  #end(which: number, outcome: 'answered' | 'failed' | 'not-processed' | 'abandoned'): void {
    const [ended] = this.#underWay.splice(which % Math.max(1, this.#underWay.length), 1)
    if (ended !== undefined) this.#fleet.ended(ended, outcome, this.#nowMs)
  }

  #check(): void {
    const loads = this.#fleet.loads()
    assert.ok(ejectedIn(this.#fleet).length * 2 <= this.#live)
    assert.equal(
      loads.reduce((sum, { inFlight }) => sum + inFlight, 0),
      this.#underWay.length,
    )
    const done = loads.reduce((sum, { requests, failures }) => sum + requests + (failures ?? 0), 0)
    assert.ok(done >= this.#done)
    this.#done = done
  }
}
