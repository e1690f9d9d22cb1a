// Taking from an allowance that several servers share.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { RateCounter } from '../../rate-limit/store.ts'
import type { ManualClock } from '../manual-clock.ts'

export interface CountingStage {
  /** Two servers' counters. */
  readonly here: RateCounter & { close(): Promise<void> }
  readonly there: RateCounter
  /** A third's, whose clock is a second behind. */
  readonly lagging: RateCounter
  readonly clock: ManualClock
}

export interface CountingCase {
  readonly name: string
  readonly play: (stage: CountingStage) => Promise<void>
}

const secondUs = 1_000_000

function newKey(): string {
  return randomBytes(32).toString('base64url')
}

export const countingCases: readonly CountingCase[] = [
  {
    name: 'hit: of a key never hit, nothing is in use; asking takes nothing',
    async play({ here, there }) {
      const key = newKey()
      for (const counter of [here, there, here]) {
        assert.deepEqual(await counter.hit(key, 0, secondUs), { isTaken: true, usedUs: 0 })
      }
      assert.deepEqual(await here.hit(newKey(), 0, 0), { isTaken: true, usedUs: 0 })
    },
  },
  {
    name: 'hit: taken until the allowance is full to the microsecond, by whatever server, and then refused',
    async play({ here, there }) {
      const key = newKey()
      assert.deepEqual(await here.hit(key, 333_333, secondUs), { isTaken: true, usedUs: 333_333 })
      assert.deepEqual(await there.hit(key, 333_333, secondUs), { isTaken: true, usedUs: 666_666 })
      assert.deepEqual(await here.hit(key, 333_334, secondUs), { isTaken: true, usedUs: secondUs })
      for (const counter of [here, there, here]) {
        assert.deepEqual(await counter.hit(key, 1, secondUs), { isTaken: false, usedUs: secondUs })
      }
      assert.deepEqual(await there.hit(key, 0, secondUs), { isTaken: true, usedUs: secondUs })
    },
  },
  {
    name: 'hit: the first may take all, and one that is refused leaves room for a smaller one',
    async play({ here, there }) {
      const [all, some] = [newKey(), newKey()]
      assert.deepEqual(await here.hit(all, secondUs, secondUs), { isTaken: true, usedUs: secondUs })
      await here.hit(some, 600_000, secondUs)
      assert.deepEqual(await there.hit(some, 400_001, secondUs), { isTaken: false, usedUs: 600_000 })
      assert.deepEqual(await here.hit(some, 400_000, secondUs), { isTaken: true, usedUs: secondUs })
    },
  },
  {
    name: 'hit: what was taken is free again as time passes',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.hit(key, secondUs, secondUs)
      clock.advance(250)
      assert.deepEqual(await there.hit(key, 250_001, secondUs), { isTaken: false, usedUs: 750_000 })
      assert.deepEqual(await there.hit(key, 250_000, secondUs), { isTaken: true, usedUs: secondUs })
      clock.advance(999)
      assert.deepEqual(await here.hit(key, 0, secondUs), { isTaken: true, usedUs: 1_000 })
      clock.advance(1)
      assert.deepEqual(await here.hit(key, 0, secondUs), { isTaken: true, usedUs: 0 })
    },
  },
  {
    name: 'hit: time that passes unused is not saved up',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.hit(key, 1_000, secondUs)
      clock.advance(3_600_000)
      assert.deepEqual(await there.hit(key, secondUs, secondUs), { isTaken: true, usedUs: secondUs })
      assert.deepEqual(await here.hit(key, 1, secondUs), { isTaken: false, usedUs: secondUs })
    },
  },
  {
    name: 'hit: the allowance may be another each time; more may be in use than a smaller one has',
    async play({ here, there }) {
      const key = newKey()
      await here.hit(key, secondUs, secondUs)
      assert.deepEqual(await there.hit(key, 1, secondUs / 2), { isTaken: false, usedUs: secondUs })
      assert.deepEqual(await there.hit(key, secondUs, 2 * secondUs), { isTaken: true, usedUs: 2 * secondUs })
    },
  },
  {
    name: 'hit: exact from a microsecond up to 2^51',
    async play({ here, there }) {
      const [most, key] = [2 ** 51, newKey()]
      assert.deepEqual(await here.hit(key, 1, most), { isTaken: true, usedUs: 1 })
      assert.deepEqual(await there.hit(key, most - 2, most), { isTaken: true, usedUs: most - 1 })
      assert.deepEqual(await here.hit(key, 2, most), { isTaken: false, usedUs: most - 1 })
      assert.deepEqual(await here.hit(key, 1, most), { isTaken: true, usedUs: most })
    },
  },
  {
    name: 'hit: one key takes nothing from another, not even one that differs in case only',
    async play({ here, there }) {
      const key = `a${newKey().slice(1)}`
      await here.hit(key, secondUs, secondUs)
      for (const other of [`A${key.slice(1)}`, `-${key.slice(1)}`, key.slice(0, 42), `${key}a`, newKey()]) {
        assert.deepEqual(await there.hit(other, 0, secondUs), { isTaken: true, usedUs: 0 })
      }
    },
  },
  {
    name: 'hit: of 200 at once by two servers, exactly as many are taken as there is room for',
    async play({ here, there }) {
      const key = newKey()
      const hits = await Promise.all(
        Array.from({ length: 200 }, (_, index) => (index % 2 === 0 ? here : there).hit(key, 1_000, 70_000)),
      )
      const taken = hits.filter(({ isTaken }) => isTaken).map(({ usedUs }) => usedUs)
      const steps = Array.from({ length: 70 }, (_, index) => (index + 1) * 1_000)
      assert.deepEqual(
        taken.toSorted((one, other) => one - other),
        steps,
      )
      const refused = hits.filter(({ isTaken }) => !isTaken).map(({ usedUs }) => usedUs)
      assert.deepEqual(new Set(refused), new Set([70_000]))
    },
  },
  {
    name: 'hit: a server whose clock lags counts what is in use for longer by the lag, and lets no more through',
    async play({ here, lagging, clock }) {
      const key = newKey()
      await here.hit(key, 500_000, secondUs)
      assert.deepEqual(await lagging.hit(key, 1, secondUs), { isTaken: false, usedUs: 1_500_000 })
      assert.deepEqual(await here.hit(key, 500_000, secondUs), { isTaken: true, usedUs: secondUs })
      clock.advance(1_000)
      await lagging.hit(key, 0, secondUs)
      assert.deepEqual(await here.hit(key, 0, secondUs), { isTaken: true, usedUs: 0 })
    },
  },
  {
    name: 'close: every later hit is STORE_UNAVAILABLE; another server counts on',
    async play({ here, there }) {
      const key = newKey()
      await here.hit(key, 400_000, secondUs)
      await here.close()
      await assert.rejects(here.hit(key, 1, secondUs), { name: 'DroverError', code: 'STORE_UNAVAILABLE' })
      assert.deepEqual(await there.hit(key, 1, secondUs), { isTaken: true, usedUs: 400_001 })
    },
  },
]
