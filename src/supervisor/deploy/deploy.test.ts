import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../base/random.ts'
import { fresh, limits, nothingServed, Rehearsal } from '../../../test/support/deploy-rehearsal.ts'
import { canaries } from './deploy.ts'

const aMinute = { share: 0.1, forMs: 60_000 }
const bad = { ...nothingServed, attempts: 100, bad: 50 }
const good = { ...nothingServed, attempts: 100 }

test('canaries: at least one, and not all where there is more than one', () => {
  const cases: readonly (readonly [share: number, wanted: number, canaries: number])[] = [
    [0.1, 1, 1],
    [0.1, 2, 1],
    [0.1, 10, 1],
    [0.25, 10, 3],
    [0.5, 4, 2],
    [0.99, 4, 3],
    [1, 1, 1],
    [1, 2, 1],
  ]
  for (const [share, wanted, expected] of cases)
    assert.equal(canaries(share, wanted), expected, `${share} of ${wanted}`)
})

test('a deploy exchanges one instance after the other and never has fewer ready than wanted', () => {
  const rehearsal = new Rehearsal({ instances: 3 })
  assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
  assert.equal(rehearsal.leastReady, 3)
  assert.equal(rehearsal.mostPresent, 4)
  const steps = [
    ['4b starting', '4b ready', '4b healthy', '1 of 3', '1a draining'],
    ['5b starting', '1a gone', '5b ready', '5b healthy', '2 of 3', '2a draining'],
    ['1b starting', '2a gone', '1b ready', '1b healthy', '3 of 3', '3a draining'],
  ]
  assert.deepEqual(rehearsal.told, steps.flat())
})

for (const surge of [1, 2, 3, 8]) {
  for (const instances of [1, 2, 5]) {
    test(`a deploy of ${instances} with a surge of ${surge} keeps to both`, () => {
      const rehearsal = new Rehearsal({ instances, surge })
      assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
      assert.equal(rehearsal.leastReady, instances)
      assert.ok(rehearsal.mostPresent <= instances + surge, `${rehearsal.mostPresent} were there`)
      assert.ok(rehearsal.told.includes(`${instances} of ${instances}`))
      assert.match(rehearsal.fleet, /^(\d+a~ )*(\d+b ?)+$/)
    })
  }
}

test('a deploy waits with the next step until the new instance was ready for the healthy time', () => {
  const rehearsal = new Rehearsal({ instances: 2 })
  rehearsal.passUntil(() => rehearsal.told.includes('3b ready'))
  rehearsal.pass(limits.healthyTimeMs - 100)
  assert.equal(rehearsal.fleet, '1a 2a 3b')
  rehearsal.pass(100)
  assert.equal(rehearsal.fleet, '1a~ 2a 3b 4b?')
})

test('a deploy mends a version that only crashes', () => {
  for (const instances of [1, 3]) {
    const rehearsal = new Rehearsal({ instances, isOldDown: true })
    assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
    assert.match(rehearsal.fleet, /^(\d+b ?)+$/)
  }
})

test('a deploy without a healthy time goes on as soon as an instance is ready', () => {
  const rehearsal = new Rehearsal({ instances: 1, limits: { ...limits, healthyTimeMs: 0 } })
  assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
  assert.deepEqual(rehearsal.told.slice(0, 3), ['2b starting', '2b ready', '2b healthy'])
})

test('canaries are looked at for their time, then the deploy goes on', () => {
  const rehearsal = new Rehearsal({ instances: 10, canary: { share: 0.2, forMs: 60_000 }, surge: 2 })
  rehearsal.passUntil(() => rehearsal.told.includes('2 canaries'))
  rehearsal.pass(59_900)
  assert.equal(rehearsal.phase, 'canary')
  assert.equal(rehearsal.fleet.replaceAll(/[^b]/g, ''), 'bb')
  assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
  assert.equal(rehearsal.leastReady, 10)
})

test('a canary that exits by itself after the healthy time fails the deploy too', () => {
  const rehearsal = new Rehearsal({ canary: aMinute })
  rehearsal.pass(30_000)
  rehearsal.die('5')
  assert.deepEqual(rehearsal.finish(), {
    outcome: 'failed',
    reason: 'instance 5 of version b exited with code 1',
    culprit: { id: '5', epoch: 1 },
  })
})

test('an instance of the new version that dies before it is ready fails the deploy, and the old version stays', () => {
  const rehearsal = new Rehearsal()
  rehearsal.die('5', { reason: 'exited with code 3 before it was ready' })
  const verdict = rehearsal.finish()
  assert.deepEqual(verdict, {
    outcome: 'failed',
    reason: 'instance 5 of version b exited with code 3 before it was ready',
    culprit: { id: '5', epoch: 1 },
  })
  assert.equal(rehearsal.fleet, '1a 2a 3a 4a')
  assert.deepEqual(rehearsal.told.slice(0, 2), ['5b starting', '5b died'])
})

test('an instance that dies within its healthy time fails the deploy; the old one that it was to replace is still there', () => {
  const rehearsal = new Rehearsal()
  rehearsal.passUntil(() => rehearsal.told.includes('5b ready'))
  rehearsal.die('5')
  assert.equal(rehearsal.finish().outcome, 'failed')
  assert.equal(rehearsal.fleet, '1a 2a 3a 4a')
  assert.equal(rehearsal.leastReady, 4)
})

test('a later instance that fails brings the old version back in full', () => {
  const rehearsal = new Rehearsal()
  rehearsal.passUntil(() => rehearsal.told.includes('6b starting'))
  rehearsal.die('6')
  assert.equal(rehearsal.finish().outcome, 'failed')
  assert.equal(rehearsal.fleet.replaceAll(/[^ab~]/g, '').replaceAll('b~', ''), 'aaaa')
})

test('an instance that was found good may die: it must be good once more before the deploy goes on', () => {
  const rehearsal = new Rehearsal({ instances: 2 })
  rehearsal.passUntil(() => rehearsal.told.includes('3b healthy'))
  rehearsal.die('3')
  assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
  assert.deepEqual(
    rehearsal.told.filter((line) => line.startsWith('3b')),
    ['3b starting', '3b ready', '3b healthy', '3b died', '3b starting', '3b ready', '3b healthy'],
  )
})

test('who was found good and is killed counts again once it is ready; who exits must be found good anew', () => {
  const untilDoneMs = (isKill: boolean) => {
    const rehearsal = new Rehearsal({ instances: 2 })
    rehearsal.passUntil(() => rehearsal.told.includes('4b ready'))
    const diedAtMs = rehearsal.elapsedMs
    rehearsal.die('3', { isKill })
    assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
    return rehearsal.elapsedMs - diedAtMs
  }
  // Both wait for the other new one, which has been ready just now.
  assert.equal(untilDoneMs(true), limits.healthyTimeMs)
  assert.ok(untilDoneMs(false) > limits.healthyTimeMs)
})

test('a SIGKILL from outside is nobody’s fault: the deploy goes on', () => {
  const rehearsal = new Rehearsal()
  for (const id of ['5', '2', '5']) {
    rehearsal.die(id, { isKill: true, reason: 'killed by SIGKILL' })
    rehearsal.pass(500)
  }
  assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
})

/** How long a deploy takes under a SIGKILL each second, in ms; undefined where it fails. */
function elapsedUnderKills(seed: number, instances: number): number | undefined {
  const random = seededRandom(seed)
  const rehearsal = new Rehearsal({ instances, limits: { ...limits, healthyTimeMs: 2_000 } })
  while (rehearsal.verdict === undefined) {
    rehearsal.pass(1_000)
    rehearsal.killOne(random)
  }
  return rehearsal.verdict.outcome === 'done' ? rehearsal.elapsedMs : undefined
}

test('under a SIGKILL each second of any instance a good version gets through', () => {
  const failed = Array.from({ length: 200 }, (_, seed) => seed).filter(
    (seed) => elapsedUnderKills(seed, 4) === undefined,
  )
  assert.deepEqual(failed, [])
})

test('… also where there are so many that one of them was always killed just now', () => {
  for (let seed = 0; seed < 20; seed += 1) {
    const elapsedMs = elapsedUnderKills(seed, 12) ?? 0
    // Without kills it takes 27 s.
    assert.ok(elapsedMs > 0 && elapsedMs < 120_000, `seed ${seed}: ${elapsedMs} ms`)
  }
})

test('five SIGKILLs in a row of one instance of the new version are too many', () => {
  const rehearsal = new Rehearsal()
  for (const earlyDeaths of [1, 2, 3, 4, 5])
    rehearsal.die('5', { isKill: true, reason: 'killed by SIGKILL', earlyDeaths })
  assert.deepEqual(rehearsal.finish(), {
    outcome: 'failed',
    reason: 'instance 5 of version b was killed by SIGKILL 5 times in a row',
    culprit: { id: '5', epoch: 5 },
  })
})

test('… unless the old version was killed as often: then it is chance', () => {
  const outcomeAfter = (otherKills: number) => {
    const rehearsal = new Rehearsal()
    const kill = { isKill: true, reason: 'killed by SIGKILL' }
    for (let kills = 0; kills < otherKills; kills += 1) rehearsal.die('1', kill)
    for (let earlyDeaths = 1; earlyDeaths <= 6 && rehearsal.phase === 'surge'; earlyDeaths += 1)
      rehearsal.die('5', { ...kill, earlyDeaths })
    return rehearsal.finish().outcome
  }
  assert.deepEqual([1, 5, 6].map(outcomeAfter), ['failed', 'failed', 'done'])
})

test('twenty SIGKILLs of the new version without one instance found good are too many', () => {
  const rehearsal = new Rehearsal()
  for (let kills = 0; kills < 20; kills += 1) {
    assert.equal(rehearsal.phase, 'surge')
    rehearsal.die('5', { isKill: true, reason: 'killed by SIGKILL', earlyDeaths: 0 })
    rehearsal.pass(500)
  }
  assert.equal(rehearsal.finish().outcome, 'failed')
})

test('deaths of the old version are no reason to give up the new one', () => {
  const rehearsal = new Rehearsal()
  rehearsal.die('2')
  assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
  assert.ok(rehearsal.told.includes('2a died'))
})

test('a new version that fails too often goes, wherever the deploy is', () => {
  for (const options of [{}, { canary: aMinute }, { surge: 4 }]) {
    const rehearsal = new Rehearsal(options)
    rehearsal.passUntil(() => rehearsal.told.some((line) => line.endsWith('b ready')))
    rehearsal.served = { fresh: bad, old: good, before: nothingServed }
    const verdict = rehearsal.finish()
    assert.equal(verdict.outcome, 'failed')
    assert.ok(verdict.outcome === 'failed' && verdict.culprit !== undefined)
    assert.equal(rehearsal.fleet.replaceAll(/[^ab~]/g, '').replaceAll('b~', ''), 'aaaa')
  }
})

test('failures that are forgotten at once, as those of a killed instance, are no failure', () => {
  const rehearsal = new Rehearsal()
  rehearsal.passUntil(() => rehearsal.told.includes('5b ready'))
  rehearsal.served = { fresh: bad, old: good, before: nothingServed }
  rehearsal.pass(200)
  rehearsal.served = { fresh: good, old: good, before: nothingServed }
  assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
})

const slow = {
  fresh: { ...good, timed: 100, p90Ms: 300 },
  old: { ...good, timed: 100, p90Ms: 100 },
  before: nothingServed,
}

test('a new version that is too slow has some time to warm up, and goes before the next step', () => {
  const rehearsal = new Rehearsal()
  rehearsal.served = slow
  rehearsal.passUntil(() => rehearsal.told.includes('1a draining'))
  rehearsal.pass(4 * limits.healthyTimeMs)
  assert.equal(rehearsal.phase, 'surge')
  const verdict = rehearsal.finish()
  assert.equal(verdict.outcome, 'failed')
  assert.ok(!rehearsal.told.includes('2 of 4'))
})

test('a new version that is slow only while it warms up takes over', () => {
  const rehearsal = new Rehearsal()
  rehearsal.served = slow
  rehearsal.passUntil(() => rehearsal.told.includes('1a draining'))
  rehearsal.pass(4 * limits.healthyTimeMs)
  rehearsal.served = { ...slow, fresh: { ...slow.fresh, p90Ms: 199 } }
  assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
})

test('canaries that are too slow go before their time is over', () => {
  const rehearsal = new Rehearsal({ canary: aMinute })
  rehearsal.served = slow
  assert.equal(rehearsal.finish().outcome, 'failed')
  assert.ok(rehearsal.elapsedMs < 10_000)
})

test('an abort brings the old version back without ever having fewer ready', () => {
  const rehearsal = new Rehearsal({ surge: 2 })
  rehearsal.passUntil(() => rehearsal.told.includes('2 of 4'))
  rehearsal.abort()
  assert.deepEqual(rehearsal.finish(), { outcome: 'aborted', reason: 'it was given up' })
  assert.equal(rehearsal.leastReady, 4)
  assert.equal(rehearsal.fleet.replaceAll(/[^ab~]/g, '').replaceAll('b~', ''), 'aaaa')
})

test('what failed stays failed, though it is aborted too', () => {
  const rehearsal = new Rehearsal()
  rehearsal.die('5')
  rehearsal.abort()
  assert.equal(rehearsal.finish().outcome, 'failed')
})

test('an old version that does not come back keeps nobody waiting for ever', () => {
  const rehearsal = new Rehearsal({ instances: 2 })
  rehearsal.passUntil(() => rehearsal.told.includes('1a gone'))
  rehearsal.die('4')
  for (let deaths = 0; rehearsal.verdict === undefined; deaths += 1) {
    assert.ok(deaths < 1_000)
    rehearsal.pass(100)
    if (rehearsal.verdict === undefined) rehearsal.die('1')
  }
  assert.equal(rehearsal.elapsedMs >= 60_000, true)
  const verdict = rehearsal.finish()
  assert.ok(verdict.outcome === 'failed')
  assert.match(verdict.reason, /; of version a 1 of 2 instances are ready$/)
})

test('a fleet that is scaled in the middle of a deploy is exchanged in full all the same', () => {
  for (const [from, to] of [
    [4, 8],
    [8, 2],
    [4, 1],
    [1, 3],
  ] as const) {
    const rehearsal = new Rehearsal({ instances: from })
    rehearsal.passUntil(() => rehearsal.told.includes(`1 of ${from}`))
    if (from > 1) rehearsal.pass(500)
    if (rehearsal.verdict === undefined) rehearsal.scale(to)
    assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
    rehearsal.pass(1_000)
    assert.ok(rehearsal.leastReady >= Math.min(from, to), `${rehearsal.leastReady} of ${from}, then ${to}`)
  }
})

test('canaries stay a share of the fleet while it is scaled', () => {
  const rehearsal = new Rehearsal({ instances: 4, canary: { share: 0.5, forMs: 10_000 } })
  const fresher = () => rehearsal.fleet.split(fresh.label).length - 1
  rehearsal.passUntil(() => rehearsal.told.includes('2 canaries'))
  rehearsal.scale(8)
  rehearsal.pass(3_000)
  assert.equal(fresher(), 4)
  rehearsal.scale(2)
  rehearsal.pass(3_000)
  assert.equal(fresher(), 1)
  assert.equal(rehearsal.phase, 'canary')
  assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
})

test('new instances that are to be replaced, as those that need too much memory are, hold no deploy up', () => {
  for (const instances of [1, 2, 3, 5]) {
    const rehearsal = new Rehearsal({ instances })
    for (let found = 1; found <= instances; found += 1) {
      rehearsal.passUntil(() => rehearsal.told.includes(`${found} of ${instances}`))
      for (const id of newInstances(rehearsal)) rehearsal.retire(id)
    }
    assert.deepEqual(rehearsal.finish(), { outcome: 'done' })
    assert.equal(rehearsal.leastReady, instances)
  }
})

test('a deploy gets through while the fleet is scaled and any of its instances are replaced', () => {
  for (let seed = 0; seed < 200; seed += 1) {
    const random = seededRandom(seed)
    const upTo = (most: number) => Math.floor(random() * most)
    const rehearsal = new Rehearsal({ instances: 1 + upTo(6), surge: 1 + upTo(3) })
    for (let turns = 0; rehearsal.verdict === undefined && turns < 20; turns += 1) {
      rehearsal.pass(upTo(20) * 100)
      const ready = rehearsal.fleet.split(' ').filter((one) => /^\d+[ab]$/.test(one))
      if (upTo(2) === 0) rehearsal.scale(1 + upTo(6))
      else rehearsal.retire(String(Number.parseInt(ready[upTo(ready.length)] ?? '1', 10)))
    }
    assert.deepEqual(rehearsal.finish(), { outcome: 'done' }, `seed ${seed}`)
  }
})

/** The ids of those that are ready. */
function newInstances({ fleet }: Rehearsal): readonly string[] {
  return fleet.split(' ').flatMap((one) => /^(\d+)b$/.exec(one)?.[1] ?? [])
}
