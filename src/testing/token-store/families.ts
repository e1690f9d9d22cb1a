// One family of tokens: its life, its turns, its end.
import assert from 'node:assert/strict'
import {
  absoluteMs,
  familyAt,
  generationOf,
  gone,
  graceMs,
  idleMs,
  newKey,
  turnAt,
  unavailable,
  withoutMark,
} from './stage.ts'
import type { TokenCase } from './stage.ts'

export const familyCases: readonly TokenCase[] = [
  {
    name: 'family: absent until it is created, then there for the other server',
    async play({ here, there, clock }) {
      const [key, family] = [newKey(), familyAt(clock)]
      assert.equal(await here.loadFamily(key), undefined)
      assert.deepEqual(await here.advanceFamily(key, turnAt(clock, 1)), gone)
      const mark = await here.createFamily(key, family)
      assert.deepEqual(await there.loadFamily(key), { ...family, generation: 1, mark })
    },
  },
  {
    name: 'family: over at its idle deadline, which a turn moves on, never back and never past the absolute one',
    async play({ here, there, clock }) {
      const [key, family] = [newKey(), familyAt(clock)]
      await here.createFamily(key, family)
      clock.advance(idleMs - 1)
      const earlier = turnAt(clock, 1, { idleDeadlineMs: clock.now() - 5 })
      const first = await there.advanceFamily(key, earlier)
      assert.ok(first.status === 'advanced')
      assert.equal(first.family.idleDeadlineMs, family.idleDeadlineMs)
      const far = turnAt(clock, 2, { idleDeadlineMs: clock.now() + 2 * absoluteMs })
      const second = await here.advanceFamily(key, far)
      assert.ok(second.status === 'advanced')
      assert.equal(second.family.idleDeadlineMs, family.absoluteDeadlineMs)
      clock.advance(family.absoluteDeadlineMs - clock.now() - 1)
      assert.equal((await there.loadFamily(key))?.generation, 3)
      clock.advance(1)
      assert.equal(await there.loadFamily(key), undefined)
      assert.deepEqual(await here.advanceFamily(key, turnAt(clock, 3)), gone)
    },
  },
  {
    name: 'family: an idle deadline beyond the absolute one is cut to it',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.createFamily(key, familyAt(clock, { idleDeadlineMs: clock.now() + 3 * absoluteMs }))
      assert.equal((await there.loadFamily(key))?.idleDeadlineMs, clock.now() + absoluteMs)
    },
  },
  {
    name: 'turn: the current generation advances, the one before is repeated within its grace',
    async play({ here, there, clock }) {
      const [key, family] = [newKey(), familyAt(clock)]
      await here.createFamily(key, family)
      assert.deepEqual(generationOf(await here.advanceFamily(key, turnAt(clock, 1))), ['advanced', 2])
      clock.advance(graceMs)
      const repeated = await there.advanceFamily(key, turnAt(clock, 1))
      assert.equal(repeated.status, 'repeated')
      assert.ok(repeated.status === 'repeated')
      // Nothing has changed: the deadline is that of the turn that advanced.
      assert.deepEqual(withoutMark(repeated.family), { ...family, generation: 2 })
      assert.deepEqual(generationOf(await there.advanceFamily(key, turnAt(clock, 2))), ['advanced', 3])
      assert.deepEqual(generationOf(await here.advanceFamily(key, turnAt(clock, 2))), ['repeated', 3])
    },
  },
  {
    name: 'turn: a generation whose grace is over is a replay, told once; the family has ended',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.createFamily(key, familyAt(clock))
      await here.advanceFamily(key, turnAt(clock, 1))
      clock.advance(graceMs + 1)
      assert.deepEqual(generationOf(await there.advanceFamily(key, turnAt(clock, 1))), ['replayed', 2])
      assert.deepEqual(await here.advanceFamily(key, turnAt(clock, 1)), gone)
      assert.deepEqual(await here.advanceFamily(key, turnAt(clock, 2)), gone)
      assert.equal(await there.loadFamily(key), undefined)
    },
  },
  {
    name: 'turn: a generation older than the one before is a replay, however soon',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.createFamily(key, familyAt(clock))
      for (const generation of [1, 2]) await here.advanceFamily(key, turnAt(clock, generation))
      assert.deepEqual(generationOf(await there.advanceFamily(key, turnAt(clock, 1))), ['replayed', 3])
      assert.equal(await here.loadFamily(key), undefined)
    },
  },
  {
    name: 'turn: a later generation than the current one advances beyond it: the backend has lost turns',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.createFamily(key, familyAt(clock))
      assert.deepEqual(generationOf(await there.advanceFamily(key, turnAt(clock, 5))), ['advanced', 6])
      assert.equal((await here.loadFamily(key))?.generation, 6)
    },
  },
  {
    name: 'turn: of 40 at once by two servers one advances, and the others are answered alike',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.createFamily(key, familyAt(clock))
      for (const generation of [1, 2]) {
        const outcomes = await Promise.all(
          Array.from({ length: 40 }, (_, index) =>
            (index % 2 === 0 ? here : there).advanceFamily(key, turnAt(clock, generation)),
          ),
        )
        const statuses = outcomes.map(({ status }) => status)
        assert.equal(statuses.filter((status) => status === 'advanced').length, 1)
        assert.equal(statuses.filter((status) => status === 'repeated').length, 39)
        const [first] = outcomes
        assert.ok(first !== undefined && first.status !== 'gone')
        for (const outcome of outcomes) {
          assert.ok(outcome.status !== 'gone')
          assert.deepEqual(outcome.family, { ...first.family, generation: generation + 1 })
        }
      }
    },
  },
  {
    name: 'end: absent at once for both servers, and whether it was there makes no difference',
    async play({ here, there, clock }) {
      const [key, other] = [newKey(), newKey()]
      for (const one of [key, other]) await here.createFamily(one, familyAt(clock))
      await there.endFamily(key, clock.now() + idleMs)
      assert.equal(await here.loadFamily(key), undefined)
      assert.deepEqual(await here.advanceFamily(key, turnAt(clock, 1)), gone)
      await here.endFamily(key, clock.now() + idleMs)
      assert.equal((await there.loadFamily(other))?.generation, 1)
    },
  },
  {
    name: 'close: every later call is STORE_UNAVAILABLE; another server goes on; twice is once',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.createFamily(key, familyAt(clock))
      await Promise.all([here.close(), here.close()])
      await assert.rejects(here.loadKeys('ring'), unavailable)
      await assert.rejects(here.saveKeys('ring', 0, '{}'), unavailable)
      await assert.rejects(here.createFamily(newKey(), familyAt(clock)), unavailable)
      await assert.rejects(here.loadFamily(key), unavailable)
      await assert.rejects(here.advanceFamily(key, turnAt(clock, 1)), unavailable)
      await assert.rejects(here.endFamily(key, clock.now()), unavailable)
      await assert.rejects(here.endFamilies(key.slice(0, 16), clock.now()), unavailable)
      assert.equal((await there.loadFamily(key))?.generation, 1)
    },
  },
]
