// The feed of revocations: what a follower is told, from the beginning and from then on.
import assert from 'node:assert/strict'
import { familyAt, graceMs, newKey, newTag, revokedMs, Told, turnAt } from './stage.ts'
import type { TokenCase } from './stage.ts'

export const feedCases: readonly TokenCase[] = [
  {
    name: 'feed: what one server revokes the other is told, the end of a family and that of all of a principal',
    async play({ here, there, clock }) {
      const told = new Told(there)
      const tag = newTag()
      const [key, kept] = [newKey(tag), newKey(tag)]
      const untilMs = clock.now() + revokedMs
      await told.until('it is current', () => told.currents.length > 0)
      for (const one of [key, kept]) await here.createFamily(one, familyAt(clock))
      await here.endFamily(key, untilMs)
      await here.endFamilies(tag, untilMs, kept)
      await told.until('all is told', () => told.ofFamily(key).length + told.ofPrincipal(tag).length >= 2)
      assert.deepEqual(told.ofFamily(key)[0], { kind: 'family', family: key, untilMs })
      const mark = (await here.loadFamily(kept))?.mark
      assert.deepEqual(told.ofPrincipal(tag)[0], { kind: 'principal', tag, mark, except: kept, untilMs })
      await here.endFamilies(tag, untilMs)
      await told.until('the second end is told', () => told.ofPrincipal(tag).length >= 2)
      const last = told.ofPrincipal(tag).at(-1)
      assert.ok(last !== undefined && !('except' in last) && last.mark > Number(mark))
      assert.deepEqual(told.cuts, [])
    },
  },
  {
    name: 'feed: a server is told of what it revokes itself, too',
    async play({ here, clock }) {
      const told = new Told(here)
      const key = newKey()
      await here.endFamily(key, clock.now() + revokedMs)
      await told.until('it is told', () => told.ofFamily(key).length > 0)
    },
  },
  {
    name: 'feed: a replayed turn is published, one that was repeated is not',
    async play({ here, there, clock }) {
      const told = new Told(there)
      const [replayed, repeated] = [newKey(), newKey()]
      for (const key of [replayed, repeated]) {
        await here.createFamily(key, familyAt(clock))
        await here.advanceFamily(key, turnAt(clock, 1))
      }
      await here.advanceFamily(repeated, turnAt(clock, 1))
      clock.advance(graceMs + 1)
      const turn = turnAt(clock, 1)
      assert.equal((await here.advanceFamily(replayed, turn)).status, 'replayed')
      await told.until('the replay is told', () => told.ofFamily(replayed).length > 0)
      assert.equal(told.ofFamily(replayed)[0]?.untilMs, turn.revokedUntilMs)
      assert.deepEqual(told.ofFamily(repeated), [])
    },
  },
  {
    name: 'feed: whoever begins to follow is told all that is not over, before it is current',
    async play({ here, there, clock }) {
      const [over, short, long] = [newKey(), newKey(), newKey()]
      await here.endFamily(long, clock.now() + 2 * revokedMs)
      await here.endFamily(over, clock.now() + 1_000)
      await here.endFamily(short, clock.now() + revokedMs)
      clock.advance(1_000)
      const told = new Told(there)
      await told.until('it is current', () => told.currents.length > 0)
      for (const key of [short, long]) assert.equal(told.ofFamily(key).length, 1)
      assert.deepEqual(told.ofFamily(over), [])
      assert.ok(Number(told.currents[0]) <= clock.now())
    },
  },
  {
    name: 'feed: 2,500 revocations are replayed, at most 1,000 at once',
    async play({ here, there, clock }) {
      const keys = Array.from({ length: 2_500 }, () => newKey())
      for (let at = 0; at < keys.length; at += 100) {
        await Promise.all(keys.slice(at, at + 100).map((key) => here.endFamily(key, clock.now() + revokedMs)))
      }
      const sizes: number[] = []
      const families = new Set<string>()
      const isCurrent = Promise.withResolvers<void>()
      const stop = there.follow({
        onRevoked: (revocations) => {
          sizes.push(revocations.length)
          for (const one of revocations) if (one.kind === 'family') families.add(one.family)
        },
        onCurrent: () => isCurrent.resolve(),
        onCut: (error) => isCurrent.reject(error),
      })
      await isCurrent.promise
      stop()
      assert.ok(Math.max(...sizes) <= 1_000)
      assert.ok(keys.every((key) => families.has(key)))
    },
  },
  {
    name: 'feed: it says that it is current again and again, also when nothing is revoked',
    async play({ here, clock }) {
      const told = new Told(here)
      await told.until('it is current', () => told.currents.length > 0)
      clock.advance(5)
      const nowMs = clock.now()
      await told.until('it is current as of now', () => Number(told.currents.at(-1)) >= nowMs)
    },
  },
  {
    name: 'feed: whoever stopped following, or closed the store, is told nothing more; others are',
    async play({ here, there, clock }) {
      const [stopped, goes] = [new Told(there), new Told(there)]
      const own = new Told(here)
      await own.until('it is current', () => own.currents.length > 0)
      await stopped.until('it is current', () => stopped.currents.length > 0)
      stopped.stop()
      stopped.stop()
      const [first, second] = [newKey(), newKey()]
      await here.endFamily(first, clock.now() + revokedMs)
      await goes.until('the first is told', () => goes.ofFamily(first).length > 0)
      await here.close()
      await there.endFamily(second, clock.now() + revokedMs)
      await goes.until('the second is told', () => goes.ofFamily(second).length > 0)
      const rounds = goes.currents.length
      assert.deepEqual(stopped.ofFamily(first), [])
      assert.deepEqual(own.ofFamily(second), [])
      assert.deepEqual(own.cuts, [])
      const late = new Told(here)
      await goes.until('another round is over', () => goes.currents.length > rounds)
      late.stop()
      assert.deepEqual([late.revocations, late.currents, late.cuts], [[], [], []])
    },
  },
]
