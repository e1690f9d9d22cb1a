// Choice, ejection and queue together, in virtual time and by seed: ten instances, some slow, some failing.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import type { BalancerLimits } from '../../src/balancer/limits.ts'
import { VirtualFleet, type Counts } from './support/virtual-fleet.ts'

const ids = Array.from({ length: 10 }, (_, index) => String(index + 1))
const requestsPerSecond = 2_000

function startFleet(t: TestContext, limits: Partial<BalancerLimits> = {}): VirtualFleet {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  t.diagnostic(`seed ${seed} (SEED=${seed} repeats it)`)
  const fleet = new VirtualFleet(seed, limits)
  fleet.use(ids)
  return fleet
}

const attemptsOf = (counts: Counts, id: string): number => counts.attempts.get(id) ?? 0

/** The most attempts one of them got for one attempt of another. */
function unfairness(counts: Counts, among: readonly string[] = ids): number {
  const attempts = among.map((id) => attemptsOf(counts, id))
  return Math.max(...attempts) / Math.min(...attempts)
}

const ejected = (fleet: VirtualFleet): string[] =>
  fleet.roster
    .loads()
    .filter((load) => load.ejected === true)
    .map(({ id }) => id)

test('equal instances get equal shares, in an idle fleet and in a busy one', (t) => {
  const fleet = startFleet(t)
  for (const rate of [300, 2_000, 8_000]) {
    const counts = fleet.pass(20_000, rate)
    assert.ok(unfairness(counts) < 1.3, `${unfairness(counts)} at ${rate} a second`)
    assert.equal(counts.failed, 0)
  }
})

test('slow instances get less, and the others equal shares', (t) => {
  const fleet = startFleet(t)
  const [slow, quick] = [ids.slice(0, 2), ids.slice(2)]
  fleet.behave(slow, { serviceMs: 100 })
  fleet.pass(2_000, requestsPerSecond)
  const counts = fleet.pass(20_000, requestsPerSecond)
  assert.ok(unfairness(counts, quick) < 1.2)
  const least = Math.min(...quick.map((id) => attemptsOf(counts, id)))
  for (const id of slow) assert.ok(attemptsOf(counts, id) < least / 2, `${id} got ${attemptsOf(counts, id)}`)
})

test('failing instances are left alone but for probes, and get their shares again once they are well', (t) => {
  const fleet = startFleet(t)
  const failing = ids.slice(0, 3)
  fleet.behave(failing, { failing: 1 })
  const first = fleet.pass(1_000, requestsPerSecond)
  assert.equal(first.gaveUp, 0, 'there was always another instance')
  assert.deepEqual(ejected(fleet), failing)

  const later = fleet.pass(60_000, requestsPerSecond)
  assert.equal(later.gaveUp, 0)
  assert.ok(later.failed < 40, `${later.failed} attempts failed in a minute`)
  for (const id of failing) assert.ok(attemptsOf(later, id) > 0, `${id} is probed`)

  fleet.behave(failing, { failing: 0 })
  fleet.pass(fleet.limits.ejectMaxMs, requestsPerSecond)
  assert.deepEqual(ejected(fleet), [], 'the longest ejection is over')
  assert.ok(unfairness(fleet.pass(20_000, requestsPerSecond)) < 1.2)
})

test('an instance that fails now and then is not ejected', (t) => {
  const fleet = startFleet(t)
  fleet.behave(['1'], { failing: 0.1 })
  fleet.pass(10_000, requestsPerSecond)
  assert.ok(unfairness(fleet.pass(20_000, requestsPerSecond)) < 1.35)
})

test('when most fail, verdicts are ignored: none is left alone, and all are back as soon as they are well', (t) => {
  const fleet = startFleet(t)
  const failing = ids.slice(0, 8)
  fleet.behave(failing, { failing: 1 })
  fleet.pass(1_000, requestsPerSecond)
  const panic = fleet.pass(20_000, requestsPerSecond)
  assert.ok(ejected(fleet).length <= 5)
  for (const id of failing) assert.ok(attemptsOf(panic, id) > 1_000, `${id} got ${attemptsOf(panic, id)}`)
  const [most] = ids.slice(8).map((id) => attemptsOf(panic, id))
  assert.ok((most ?? 0) < panic.answered, 'the well ones do not carry everything alone')

  fleet.behave(failing, { failing: 0 })
  fleet.pass(1_000, requestsPerSecond)
  assert.deepEqual(ejected(fleet), [])
  const well = fleet.pass(20_000, requestsPerSecond)
  assert.equal(well.failed, 0)
  assert.ok(unfairness(well) < 1.2)
})

test('when all fail at once and are well again, nothing lingers', (t) => {
  const fleet = startFleet(t)
  fleet.behave(ids, { failing: 1 })
  const down = fleet.pass(5_000, requestsPerSecond)
  assert.equal(down.answered, 0)
  assert.ok(unfairness(down) < 1.2, 'no instance is believed to be at fault')
  fleet.behave(ids, { failing: 0 })
  fleet.pass(1_000, requestsPerSecond)
  assert.deepEqual(ejected(fleet), [])
})

test('a restarted instance is given its share slowly, with nothing held against it', (t) => {
  const fleet = startFleet(t, { slowStartMs: 10_000 })
  fleet.behave(['1'], { failing: 1 })
  fleet.pass(5_000, requestsPerSecond)
  assert.deepEqual(ejected(fleet), ['1'])
  fleet.behave(['1'], { failing: 0 })
  fleet.restart(ids, '1')
  assert.deepEqual(ejected(fleet), [])
  const shares = [0, 1, 2, 3].map(() => {
    const counts = fleet.pass(2_500, requestsPerSecond)
    return attemptsOf(counts, '1') / attemptsOf(counts, '2')
  })
  const sorted = shares.toSorted((a, b) => a - b)
  assert.deepEqual(shares, sorted, `it grows: ${shares.join(' ')}`)
  assert.ok((shares[0] ?? 1) < 0.5)
  assert.ok(unfairness(fleet.pass(20_000, requestsPerSecond)) < 1.2)
})

test('under caps a burst waits in line and is answered, and too much is refused before it has waited long', (t) => {
  const fleet = startFleet(t, { concurrency: 4, queued: 300, queueTimeMs: 1_000 })
  const longestMs = (counts: Counts) => Math.max(...counts.begun.map(({ waitedMs }) => waitedMs))
  const burst = fleet.pass(100, 6_000)
  assert.ok(fleet.parking.count('full') > 0)
  const rest = fleet.pass(1_000, 0)
  assert.deepEqual([burst.shed, rest.shed, rest.expired, fleet.parking.size], [0, 0, 0, 0])

  // Ten instances, four at a time, 100 ms each: 400 a second.
  fleet.behave(ids, { serviceMs: 100 })
  const flood = fleet.pass(10_000, 2_000)
  assert.ok(flood.answered > 0.9 * 4_000, `${flood.answered} answered`)
  assert.equal(flood.expired, 0, 'none waited in vain')
  assert.ok(longestMs(flood) < 1_000)

  fleet.behave(ids, { serviceMs: 10 })
  fleet.pass(2_000, 1_000)
  const after = fleet.pass(5_000, 1_000)
  assert.equal(after.shed, 0, 'the flood is over')
  assert.ok(longestMs(after) < 100)
})

test('while the queue stays slow, new requests are refused at once though there are places', (t) => {
  const fleet = startFleet(t, { concurrency: 4, queued: 100_000, queueTimeMs: 2_000 })
  fleet.behave(ids, { serviceMs: 100 })
  fleet.pass(5_000, 600)
  const flood = fleet.pass(20_000, 600)
  assert.ok(flood.shed > 0.8 * 20 * 200, `${flood.shed} shed`)
  assert.ok(flood.answered > 0.9 * 20 * 400, `${flood.answered} answered`)
  assert.equal(flood.expired, 0)
  assert.ok(fleet.parking.size < 1_000)
})

test('requests that wait for an instance are answered when one comes, each in its turn', (t) => {
  const fleet = startFleet(t, { concurrency: 4 })
  fleet.use([])
  assert.equal(fleet.pass(1_000, 500).shed, 0)
  const { size } = fleet.parking
  assert.equal(fleet.parking.count('none'), size)
  fleet.use(['11', '12'])
  assert.deepEqual([fleet.parking.size, fleet.parking.count('none')], [size - 8, 0])
  const { answered, begun } = fleet.pass(4_000, 0)
  assert.equal(answered, size)
  const arrivals = begun.map(({ arrivedMs }) => arrivedMs)
  assert.deepEqual(
    arrivals,
    arrivals.toSorted((a, b) => a - b),
  )
})
