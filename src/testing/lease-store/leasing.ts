// Leases that several servers want.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { LeaseStore } from '../../lease/store.ts'
import type { TwoServersCase } from '../two-servers.ts'

const ttlMs = 10_000
const newName = () => `job ${randomUUID()} "ÄÖ:{}'`
const acquired = (fence: number) => ({ status: 'acquired', fence })
const heldFor = (leftMs: number) => ({ status: 'held', leftMs })

export const leaseCases: readonly TwoServersCase<LeaseStore>[] = [
  {
    name: 'acquire: one holder at a time, each with a higher fence',
    async play({ here, there, clock }) {
      const name = newName()
      assert.deepEqual(await here.acquire(name, 'a', ttlMs), acquired(1))
      assert.deepEqual(await there.acquire(name, 'b', ttlMs), heldFor(ttlMs))
      clock.advance(ttlMs - 1)
      assert.deepEqual(await there.acquire(name, 'c', ttlMs), heldFor(1))
      clock.advance(1)
      assert.deepEqual(await there.acquire(name, 'd', ttlMs), acquired(2))
      assert.deepEqual(await here.acquire(newName(), 'e', ttlMs), acquired(1))
    },
  },
  {
    name: 'acquire: of 50 at once by two servers one holds it, and fences only rise',
    async play({ here, there, clock }) {
      const name = newName()
      for (const fence of [1, 2]) {
        const outcomes = await Promise.all(
          Array.from({ length: 50 }, (_, index) =>
            (index % 2 === 0 ? here : there).acquire(name, `holder ${index} of ${fence}`, ttlMs),
          ),
        )
        assert.deepEqual(
          outcomes.filter(({ status }) => status === 'acquired'),
          [acquired(fence)],
        )
        clock.advance(ttlMs)
      }
    },
  },
  {
    name: 'renew: it lasts from now on, never less than before, and only for its holder',
    async play({ here, there, clock }) {
      const name = newName()
      assert.equal(await here.renew(name, 'a', ttlMs), false)
      await here.acquire(name, 'a', ttlMs)
      clock.advance(ttlMs - 1)
      assert.equal(await there.renew(name, 'b', 10 * ttlMs), false)
      assert.equal(await here.renew(name, 'a', ttlMs), true)
      assert.equal(await here.renew(name, 'a', 1), true)
      assert.deepEqual(await there.acquire(name, 'b', ttlMs), heldFor(ttlMs))
    },
  },
  {
    name: 'renew: a lease that has ended can be, as long as nobody took it',
    async play({ here, there, clock }) {
      const name = newName()
      await here.acquire(name, 'a', ttlMs)
      clock.advance(2 * ttlMs)
      assert.equal(await here.renew(name, 'a', ttlMs), true)
      assert.deepEqual(await there.acquire(name, 'b', ttlMs), heldFor(ttlMs))
      clock.advance(ttlMs)
      assert.deepEqual(await there.acquire(name, 'c', ttlMs), acquired(2))
      assert.equal(await here.renew(name, 'a', ttlMs), false)
    },
  },
  {
    name: 'release: the next who asks has it, with a higher fence; a former holder releases nothing',
    async play({ here, there }) {
      const name = newName()
      await here.acquire(name, 'a', ttlMs)
      await there.release(name, 'b')
      assert.deepEqual(await there.acquire(name, 'b', ttlMs), heldFor(ttlMs))
      await here.release(name, 'a')
      assert.equal(await here.renew(name, 'a', ttlMs), false)
      assert.deepEqual(await there.acquire(name, 'b', ttlMs), acquired(2))
      await here.release(name, 'a')
      assert.deepEqual(await here.acquire(name, 'c', ttlMs), heldFor(ttlMs))
    },
  },
  {
    name: 'fence: never goes back, however long nobody asked',
    async play({ here, there, clock }) {
      const name = newName()
      await here.acquire(name, 'a', ttlMs)
      await here.release(name, 'a')
      clock.advance(400 * 24 * 3_600_000)
      assert.deepEqual(await there.acquire(name, 'b', ttlMs), acquired(2))
    },
  },
  {
    name: 'close: every later call is STORE_UNAVAILABLE; another server goes on; twice is once',
    async play({ here, there }) {
      const name = newName()
      await here.acquire(name, 'a', ttlMs)
      await Promise.all([here.close(), here.close()])
      const unavailable = { name: 'DroverError', code: 'STORE_UNAVAILABLE' }
      await assert.rejects(here.acquire(name, 'b', ttlMs), unavailable)
      await assert.rejects(here.renew(name, 'a', ttlMs), unavailable)
      await assert.rejects(here.release(name, 'a'), unavailable)
      assert.deepEqual(await there.acquire(name, 'b', ttlMs), heldFor(ttlMs))
    },
  },
]
