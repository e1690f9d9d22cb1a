import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Parking, type Parked } from './parking.ts'

class Car implements Parked {
  readonly #name: string
  readonly #log: string[]
  free = false

  constructor(name: string, log: string[]) {
    this.#name = name
    this.#log = log
  }

  retry(): boolean {
    this.#log.push(`${this.#name} tries`)
    return this.free
  }

  expire(): void {
    this.#log.push(`${this.#name} expires`)
  }
}

function setUp(capacity: number): {
  parking: Parking
  log: string[]
  car: (name: string) => Car
  at: (ms: number) => void
} {
  const log: string[] = []
  let nowMs = 1
  const parking = new Parking(capacity, 10, () => nowMs)
  return {
    parking,
    log,
    car: (name) => new Car(name, log),
    at: (ms) => {
      nowMs = ms
    },
  }
}

test('Parking takes as many as it has places, and a place left is free again', () => {
  const { parking, car } = setUp(2)
  const [a, b, c] = [car('a'), car('b'), car('c')]
  assert.deepEqual([parking.park(a), parking.park(b), parking.park(c)], [true, true, false])
  parking.leave(a)
  assert.equal(parking.size, 1)
  assert.ok(parking.park(c))
})

test('Parking.retryAll lets them try in the order they came; who finds nothing keeps place and deadline', () => {
  const { parking, log, car, at } = setUp(9)
  const [a, b, c] = [car('a'), car('b'), car('c')]
  for (const one of [a, b, c]) parking.park(one)
  b.free = true
  at(9)
  parking.retryAll()
  assert.deepEqual(log.splice(0), ['a tries', 'b tries', 'c tries'])
  assert.equal(parking.size, 2)
  parking.retryAll()
  assert.deepEqual(log.splice(0), ['a tries', 'c tries'])
  at(11)
  parking.sweep()
  assert.deepEqual(log, ['a expires', 'c expires'])
  assert.equal(parking.size, 0)
})

test('Parking.sweep ends only the waits whose time is over, each once', () => {
  const { parking, log, car, at } = setUp(9)
  parking.park(car('a'))
  at(6)
  parking.park(car('b'))
  at(10)
  parking.sweep()
  assert.deepEqual(log, [])
  at(11)
  parking.sweep()
  parking.sweep()
  assert.deepEqual(log, ['a expires'])
  assert.equal(parking.size, 1)
})

test('Parking gives one that comes back the rest of its time, not a new wait', () => {
  const { parking, log, car, at } = setUp(9)
  const a = car('a')
  a.free = true
  parking.park(a)
  at(8)
  parking.retryAll()
  assert.equal(parking.size, 0)
  parking.park(a)
  at(11)
  parking.sweep()
  assert.deepEqual(log, ['a tries', 'a expires'])
})

test('Parking.leave of one that is not there does nothing', () => {
  const { parking, car } = setUp(1)
  parking.leave(car('a'))
  assert.equal(parking.size, 0)
})
