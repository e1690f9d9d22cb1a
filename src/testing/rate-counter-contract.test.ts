// A right counter passes the suite, each fault is caught by the case that is there for it, and every case by some fault.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MemoryRateCounter } from '../../test/support/memory-rate-counter.ts'
import type { RateCounter } from '../rate-limit/store.ts'
import { rateCounterContract } from './rate-counter-contract.ts'

interface Fault {
  readonly hit: (right: MemoryRateCounter) => RateCounter['hit']
  readonly caughtBy: string
}

const faults: Readonly<Record<string, Fault>> = {
  'refuses nothing': {
    hit: (right) => (key, takeUs) => right.hit(key, takeUs, 2 ** 52),
    caughtBy:
      'hit: taken until the allowance is full to the microsecond, by whatever server, and then refused',
  },
  'counts for itself alone': {
    hit: (right) => {
      const own = new MemoryRateCounter(new Map(), right.clock)
      return (key, takeUs, mostUs) => own.hit(key, takeUs, mostUs)
    },
    caughtBy: 'hit: of 200 at once by two servers, exactly as many are taken as there is room for',
  },
  'counts what it refuses': {
    hit: (right) => async (key, takeUs, mostUs) => {
      const hit = await right.hit(key, takeUs, mostUs)
      return hit.isTaken ? hit : { ...(await right.hit(key, takeUs, 2 ** 52)), isTaken: false }
    },
    caughtBy: 'hit: the first may take all, and one that is refused leaves room for a smaller one',
  },
  'counts a question as a hit': {
    hit: (right) => (key, takeUs, mostUs) => right.hit(key, Math.max(1, takeUs), mostUs),
    caughtBy: 'hit: of a key never hit, nothing is in use; asking takes nothing',
  },
  'forgets nothing as time passes': {
    hit: (right) => {
      const still = new MemoryRateCounter(right.untilUs, { now: () => 0 })
      return (key, takeUs, mostUs) => still.hit(key, takeUs, mostUs)
    },
    caughtBy: 'hit: what was taken is free again as time passes',
  },
  'saves unused time up': {
    hit: (right) => async (key, takeUs, mostUs) => {
      const nowUs = right.clock.now() * 1_000
      const fromUs = right.untilUs.get(key) ?? nowUs
      const isTaken = fromUs + takeUs <= nowUs + mostUs
      if (isTaken) right.untilUs.set(key, fromUs + takeUs)
      return { isTaken, usedUs: Math.max(0, fromUs + (isTaken ? takeUs : 0) - nowUs) }
    },
    caughtBy: 'hit: time that passes unused is not saved up',
  },
  'cuts what is in use to the allowance': {
    hit: (right) => async (key, takeUs, mostUs) => {
      const hit = await right.hit(key, takeUs, mostUs)
      return { ...hit, usedUs: Math.min(hit.usedUs, mostUs) }
    },
    caughtBy: 'hit: the allowance may be another each time; more may be in use than a smaller one has',
  },
  'counts in milliseconds': {
    hit: (right) => (key, takeUs, mostUs) =>
      right.hit(key, Math.round(takeUs / 1_000) * 1_000, Math.round(mostUs / 1_000) * 1_000),
    caughtBy: 'hit: exact from a microsecond up to 2^51',
  },
  'knows no case': {
    hit: (right) => (key, takeUs, mostUs) => right.hit(key.toLowerCase(), takeUs, mostUs),
    caughtBy: 'hit: one key takes nothing from another, not even one that differs in case only',
  },
  'reads first and writes a moment later': {
    hit: (right) => async (key, takeUs, mostUs) => {
      const before = await right.hit(key, 0, mostUs)
      if (before.usedUs + takeUs > mostUs) return { ...before, isTaken: false }
      right.untilUs.set(key, right.clock.now() * 1_000 + before.usedUs + takeUs)
      return { isTaken: true, usedUs: before.usedUs + takeUs }
    },
    caughtBy: 'hit: of 200 at once by two servers, exactly as many are taken as there is room for',
  },
  'begins anew where the clock is behind': {
    hit: (right) => async (key, takeUs, mostUs) => {
      const { usedUs } = await right.hit(key, 0, mostUs)
      if (usedUs > mostUs) right.untilUs.delete(key)
      return right.hit(key, takeUs, mostUs)
    },
    caughtBy:
      'hit: a server whose clock lags counts what is in use for longer by the lag, and lets no more through',
  },
  'counts after it was closed': {
    hit: (right) => (key, takeUs, mostUs) => {
      right.isUnavailable = false
      return right.hit(key, takeUs, mostUs)
    },
    caughtBy: 'close: every later hit is STORE_UNAVAILABLE; another server counts on',
  },
}

async function failures(hitOf?: Fault['hit']): Promise<readonly string[]> {
  const shared = new Map<string, number>()
  const failed: string[] = []
  const cases = rateCounterContract({
    open(clock) {
      const right = new MemoryRateCounter(shared, clock)
      const hit = hitOf?.(right) ?? ((...given) => right.hit(...given))
      return { hit, close: () => right.close() }
    },
  })
  for (const { name, run } of cases) await run().catch(() => failed.push(name))
  return failed
}

describe('rateCounterContract', () => {
  test('a right counter passes every case', async () => {
    assert.deepEqual(await failures(), [])
  })

  const failed = new Set<string>()
  for (const [fault, { hit, caughtBy }] of Object.entries(faults)) {
    test(`a counter is caught that ${fault}`, async () => {
      const names = await failures(hit)
      for (const name of names) failed.add(name)
      assert.ok(names.includes(caughtBy), `failed: ${names.join(' | ')}`)
    })
  }

  test('every case is failed by some fault', () => {
    const cases = rateCounterContract({ open: (clock) => new MemoryRateCounter(new Map(), clock) })
    assert.deepEqual(
      cases.map(({ name }) => name).filter((name) => !failed.has(name)),
      [],
    )
  })
})
