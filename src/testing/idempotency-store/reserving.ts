// Reserving a key: what meets what.
import assert from 'node:assert/strict'
import { again, attempt, doneWith, leaseMs, mismatch, reserved, runningFor } from './stage.ts'
import type { IdempotencyCase } from './stage.ts'

export const reservingCases: readonly IdempotencyCase[] = [
  {
    name: 'reserve: a key never seen is reserved, and running for everybody else until its lease ends',
    async play({ here, there, clock }) {
      const first = attempt()
      assert.deepEqual(await here.reserve(first), reserved)
      assert.deepEqual(await there.reserve(again(first)), runningFor(leaseMs))
      clock.advance(leaseMs - 1)
      assert.deepEqual(await here.reserve(again(first)), runningFor(1))
      clock.advance(1)
      assert.deepEqual(await there.reserve(again(first)), reserved)
      assert.deepEqual(await here.reserve(again(first)), runningFor(leaseMs))
    },
  },
  {
    name: 'reserve: another fingerprint is a mismatch while it runs, after its lease, and when it is done',
    async play({ here, there, clock }) {
      const first = attempt()
      const other = again(first, { fingerprint: attempt().fingerprint })
      await here.reserve(first)
      assert.deepEqual(await there.reserve(other), mismatch)
      clock.advance(leaseMs)
      assert.deepEqual(await there.reserve(other), mismatch)
      assert.equal(await here.complete(first.key, first.token, 'answer', 60_000), true)
      assert.deepEqual(await there.reserve(other), mismatch)
      assert.deepEqual(await there.reserve(again(first)), doneWith('answer'))
    },
  },
  {
    name: 'reserve: a confirmed death ends the lease of that very owner at once, and of no other',
    async play({ here, there }) {
      const first = attempt({ owner: '3#7' })
      await here.reserve(first)
      for (const deadOwner of ['3#8', '3#6', '3', '13#7', '3#71', '']) {
        assert.deepEqual(await there.reserve(again(first, { deadOwner })), runningFor(leaseMs))
      }
      assert.deepEqual(await there.reserve(again(first, { deadOwner: '3#7' })), reserved)
      assert.deepEqual(await here.reserve(again(first, { deadOwner: '3#7' })), runningFor(leaseMs))
    },
  },
  {
    name: 'reserve: an owner that nobody knows is never confirmed dead',
    async play({ here, there }) {
      const first = attempt({ owner: '' })
      await here.reserve(first)
      assert.deepEqual(await there.reserve(again(first, { deadOwner: '' })), runningFor(leaseMs))
    },
  },
  {
    name: 'reserve: a death does not undo what its owner has done',
    async play({ here, there }) {
      const first = attempt({ owner: '3#7' })
      await here.reserve(first)
      await here.complete(first.key, first.token, 'answer', 60_000)
      assert.deepEqual(await there.reserve(again(first, { deadOwner: '3#7' })), doneWith('answer'))
    },
  },
  {
    name: 'reserve: of 50 at once by two servers one is reserved, also when a lease has ended',
    async play({ here, there, clock }) {
      const first = attempt()
      for (let round = 0; round < 2; round += 1) {
        const outcomes = await Promise.all(
          Array.from({ length: 50 }, (_, index) => (index % 2 === 0 ? here : there).reserve(again(first))),
        )
        assert.equal(outcomes.filter(({ status }) => status === 'reserved').length, 1)
        assert.equal(outcomes.filter(({ status }) => status === 'running').length, 49)
        clock.advance(leaseMs)
      }
    },
  },
  {
    name: 'reserve: one key has nothing to do with another, not even one that differs in case only',
    async play({ here, there }) {
      const first = attempt({ key: `a${attempt().key.slice(1)}` })
      await here.reserve(first)
      assert.deepEqual(await there.reserve(again(first, { key: `A${first.key.slice(1)}` })), reserved)
    },
  },
]
