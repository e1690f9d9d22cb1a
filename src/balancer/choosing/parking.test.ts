import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isShedding, overdueSince, Parking, retryAfterS } from './parking.ts'
import type { Parked, WaitReason } from './parking.ts'

const limits = { parked: 9, parkTimeMs: 10, queued: 9, queueTimeMs: 1_000 }

class Car implements Parked {
  readonly #name: string
  readonly #log: string[]
  free = false
  /** What happens while it tries. */
  onRetry: () => void = () => undefined

  constructor(name: string, log: string[]) {
    this.#name = name
    this.#log = log
  }

  retry(): boolean {
    this.#log.push(`${this.#name} tries`)
    this.onRetry()
    return this.free
  }

  expire(): void {
    this.#log.push(`${this.#name} expires`)
  }
}

interface Scene {
  readonly parking: Parking
  /** What was done to cars since the last call. */
  readonly seen: () => string[]
  readonly car: (name: string) => Car
  readonly parked: (name: string, reason: WaitReason) => Car
  readonly at: (ms: number) => void
}

function setUp(own: Partial<typeof limits> = {}): Scene {
  const log: string[] = []
  let nowMs = 1
  const parking = new Parking(
    () => ({ ...limits, ...own }),
    () => nowMs,
  )
  const car = (name: string) => new Car(name, log)
  return {
    parking,
    seen: () => log.splice(0),
    car,
    parked: (name, reason) => {
      const parked = car(name)
      assert.ok(parking.park(parked, reason))
      return parked
    },
    at: (ms) => {
      nowMs = ms
    },
  }
}

test('Parking takes as many for each reason as it has places, and a place left is free again', () => {
  const { parking, car, parked } = setUp({ parked: 2, queued: 1 })
  const first = parked('a', 'none')
  parked('b', 'none')
  assert.ok(!parking.park(car('c'), 'none'))
  parked('d', 'full')
  assert.ok(!parking.park(car('e'), 'full'))
  assert.deepEqual([parking.size, parking.count('none'), parking.count('full')], [3, 2, 1])
  parking.leave(first)
  assert.deepEqual([parking.size, parking.count('none'), parking.count('full')], [2, 1, 1])
  parked('f', 'none')
})

test('Parking.retryAll lets them try in the order they came; who finds nothing keeps place and deadline', () => {
  const { parking, seen, parked, at } = setUp({ queueTimeMs: 10 })
  parked('a', 'none')
  parked('b', 'full').free = true
  parked('c', 'none')
  at(9)
  parking.retryAll()
  assert.deepEqual(seen(), ['a tries', 'b tries', 'c tries'])
  assert.deepEqual([parking.size, parking.count('full')], [2, 0])
  parking.retryAll()
  assert.deepEqual(seen(), ['a tries', 'c tries'])
  at(11)
  parking.sweep()
  assert.deepEqual(seen(), ['a expires', 'c expires'])
  assert.equal(parking.size, 0)
})

test('Parking.retryOne lets the first of the queue go, and asks no other', () => {
  const { parking, seen, parked } = setUp()
  parked('a', 'none').free = true
  for (const name of ['b', 'c']) parked(name, 'full').free = true
  assert.ok(parking.retryOne())
  assert.ok(parking.retryOne())
  assert.deepEqual(seen(), ['b tries', 'c tries'])
  assert.ok(!parking.retryOne(), 'what waits for a live instance is not helped by room')
  assert.deepEqual(seen(), [])
})

test('Parking.retryOne passes over those that the room is no use to, but not the whole queue', () => {
  const { parking, seen, parked } = setUp({ queued: 100 })
  parked('a', 'full')
  const second = parked('b', 'full')
  second.free = true
  assert.ok(parking.retryOne())
  assert.deepEqual(seen(), ['a tries', 'b tries'])
  for (let index = 0; index < 50; index++) parked('c', 'full')
  assert.ok(!parking.retryOne())
  const tries = seen()
  assert.equal(tries[0], 'a tries')
  assert.ok(tries.length < 20)
})

test('Parking keeps the place of one that waits for something else now', () => {
  const { parking, seen, parked } = setUp()
  const first = parked('a', 'none')
  parked('b', 'full')
  first.onRetry = () => {
    assert.ok(parking.park(first, 'full'))
  }
  parking.retryAll()
  assert.deepEqual([seen(), parking.count('full')], [['a tries', 'b tries'], 2])
  first.free = true
  first.onRetry = () => undefined
  assert.ok(parking.retryOne())
  assert.deepEqual(seen(), ['a tries'])
})

test('Parking keeps one whose new attempt dies before its retry returns', () => {
  const { parking, seen, parked, at } = setUp()
  const unlucky = parked('a', 'none')
  unlucky.free = true
  unlucky.onRetry = () => parking.park(unlucky, 'none')
  parking.retryAll()
  assert.equal(parking.size, 1)
  at(11)
  parking.sweep()
  assert.deepEqual(seen(), ['a tries', 'a expires'])
})

test('Parking lets nobody try twice at once when a try makes room for others', () => {
  const { parking, seen, parked } = setUp()
  const first = parked('a', 'full')
  const second = parked('b', 'full')
  const third = parked('c', 'full')
  first.onRetry = () => {
    second.free = true
    assert.ok(parking.retryOne())
    parking.leave(third)
  }
  parking.retryAll()
  assert.deepEqual(seen(), ['a tries', 'b tries'])
  assert.equal(parking.size, 1)
})

test('Parking.sweep ends only the waits whose time is over, each once', () => {
  const { parking, seen, parked, at } = setUp()
  parked('a', 'none')
  at(6)
  parked('b', 'none')
  at(10)
  parking.sweep()
  assert.deepEqual(seen(), [])
  at(11)
  parking.sweep()
  parking.sweep()
  assert.deepEqual(seen(), ['a expires'])
  assert.equal(parking.size, 1)
})

test('Parking gives one that comes back the rest of its time, not a new wait', () => {
  const { parking, seen, parked, at } = setUp()
  const first = parked('a', 'none')
  first.free = true
  at(8)
  parking.retryAll()
  assert.equal(parking.size, 0)
  parking.park(first, 'none')
  at(11)
  parking.sweep()
  assert.deepEqual(seen(), ['a tries', 'a expires'])
})

test('Parking counts the time of one that waited for both reasons from its first wait on, the longer one', () => {
  const { parking, seen, parked, at } = setUp({ parkTimeMs: 10, queueTimeMs: 5 })
  const first = parked('a', 'none')
  at(9)
  parking.park(first, 'full')
  parking.sweep()
  assert.deepEqual(seen(), [])
  at(11)
  parking.sweep()
  assert.deepEqual(seen(), ['a expires'])
})

test('Parking.leave of one that is not there does nothing', () => {
  const { parking, car } = setUp()
  parking.leave(car('a'))
  assert.equal(parking.size, 0)
})

test('Parking goes by limits that change', () => {
  const own = { ...limits, parked: 0 }
  let nowMs = 1
  const parking = new Parking(
    () => own,
    () => nowMs,
  )
  const log: string[] = []
  const late = new Car('a', log)
  assert.ok(!parking.park(late, 'none'))
  own.parked = 1
  assert.ok(parking.park(late, 'none'))
  own.parkTimeMs = 2
  nowMs = 3
  parking.sweep()
  assert.deepEqual(log, ['a expires'])
})

test('overdueSince remembers since when the oldest has waited longer than half of its time', () => {
  const queue = { nowMs: 1_000, queueTimeMs: 400 }
  const rows: [before: number | undefined, oldestMs: number | undefined, since: number | undefined][] = [
    [undefined, undefined, undefined],
    [undefined, 800, undefined],
    [undefined, 799, 1_000],
    [900, 799, 900],
    [900, 800, undefined],
    [900, undefined, undefined],
  ]
  for (const [before, oldestMs, since] of rows) {
    assert.equal(overdueSince(before, { ...queue, oldestMs }), since, `${before} ${oldestMs}`)
  }
})

test('isShedding begins when it has been so for an interval', () => {
  assert.deepEqual(
    [isShedding(undefined, 9_000), isShedding(8_901, 9_000), isShedding(8_900, 9_000)],
    [false, false, true],
  )
})

test('Parking sheds new ones while the queue stays slow, and takes them again when it moves', () => {
  const { parking, car, parked, at } = setUp({ queued: 100, queueTimeMs: 1_000 })
  const first = parked('a', 'full')
  at(400)
  const second = parked('b', 'full')
  at(600)
  parked('c', 'full')
  at(699)
  parked('d', 'full')
  at(700)
  assert.ok(!parking.park(car('e'), 'full'), 'the oldest waits for 600 of 1000 ms, and did so for 100')
  assert.ok(parking.park(car('f'), 'none'), 'only the queue is slow')
  first.free = true
  assert.ok(parking.retryOne())
  parked('g', 'full')
  assert.ok(parking.park(first, 'full'), 'one that comes back is no new one')
  at(950)
  parked('h', 'full')
  at(1_049)
  parked('i', 'full')
  at(1_050)
  assert.ok(!parking.park(car('j'), 'full'))
  second.free = true
  parking.leave(second)
  parked('k', 'full')
})

test('retryAfterS spreads over 1 to 3 seconds', () => {
  assert.deepEqual(
    [0, 0.33, 0.34, 0.67, 0.999].map((value) => retryAfterS(() => value)),
    [1, 1, 2, 3, 3],
  )
})
