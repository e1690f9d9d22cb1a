// All families of a principal at once.
import assert from 'node:assert/strict'
import {
  absoluteMs,
  familyAt,
  generationOf,
  gone,
  idleMs,
  newKey,
  newTag,
  revokedMs,
  turnAt,
  withoutMark,
} from './stage.ts'
import type { TokenCase } from './stage.ts'

export const principalCases: readonly TokenCase[] = [
  {
    name: 'end all: every family of the principal is absent, one that begins afterwards and those of others are not',
    async play({ here, there, clock }) {
      const tag = newTag()
      const [first, second, other] = [newKey(tag), newKey(tag), newKey()]
      const marks: number[] = []
      for (const key of [first, second, other]) marks.push(await here.createFamily(key, familyAt(clock)))
      const untilMs = Math.ceil(clock.now() + revokedMs)
      const revocation = await there.endFamilies(tag, untilMs)
      for (const key of [first, second]) {
        assert.equal(await here.loadFamily(key), undefined)
        assert.deepEqual(await there.advanceFamily(key, turnAt(clock, 1)), gone)
      }
      assert.equal((await here.loadFamily(other))?.generation, 1)
      const later = newKey(tag)
      const mark = await here.createFamily(later, familyAt(clock))
      assert.ok(mark > Number(marks[0]), 'the mark was raised')
      assert.equal((await there.loadFamily(later))?.mark, mark)
      assert.deepEqual(revocation, { kind: 'principal', tag, mark, untilMs })
    },
  },
  {
    name: 'end all but one: that one lives on as it was, with the new mark',
    async play({ here, there, clock }) {
      const tag = newTag()
      const [kept, ended] = [newKey(tag), newKey(tag)]
      for (const key of [kept, ended]) await here.createFamily(key, familyAt(clock))
      await here.advanceFamily(kept, turnAt(clock, 1))
      const before = await here.loadFamily(kept)
      const untilMs = Math.ceil(clock.now() + revokedMs)
      const revocation = await there.endFamilies(tag, untilMs, kept)
      const after = await here.loadFamily(kept)
      assert.deepEqual(revocation, { kind: 'principal', tag, mark: after?.mark, except: kept, untilMs })
      assert.deepEqual(withoutMark(after), withoutMark(before))
      assert.ok(Number(after?.mark) > Number(before?.mark))
      assert.equal(await here.loadFamily(ended), undefined)
      // Its turns go on, and so does their grace.
      assert.deepEqual(generationOf(await there.advanceFamily(kept, turnAt(clock, 1))), ['repeated', 2])
      assert.deepEqual(generationOf(await there.advanceFamily(kept, turnAt(clock, 2))), ['advanced', 3])
      const newer = newKey(tag)
      assert.equal(await there.createFamily(newer, familyAt(clock)), after?.mark)
    },
  },
  {
    name: "end all but one that is absent, or another principal's: it stays absent, or as it was, and the rest ends",
    async play({ here, there, clock }) {
      const tag = newTag()
      const [ended, never, foreign] = [newKey(tag), newKey(tag), newKey()]
      for (const key of [ended, foreign]) await here.createFamily(key, familyAt(clock))
      const before = await here.loadFamily(foreign)
      await there.endFamilies(tag, clock.now() + revokedMs, never)
      assert.equal(await here.loadFamily(never), undefined)
      assert.equal(await here.loadFamily(ended), undefined)
      await there.endFamilies(tag, clock.now() + revokedMs, foreign)
      assert.deepEqual(await here.loadFamily(foreign), before)
      // Ended once, it is not brought back by being spared.
      const revocation = await there.endFamilies(tag, clock.now() + revokedMs, ended)
      assert.equal(await here.loadFamily(ended), undefined)
      assert.equal('except' in revocation, false)
    },
  },
  {
    name: 'end all: the mark holds as long as anything that it speaks of',
    async play({ here, there, clock }) {
      const tag = newTag()
      const key = newKey(tag)
      await here.createFamily(key, familyAt(clock, { idleDeadlineMs: clock.now() + absoluteMs }))
      await there.endFamilies(tag, clock.now() + 1_000)
      clock.advance(absoluteMs - 1)
      assert.equal(await here.loadFamily(key), undefined)
    },
  },
  {
    name: 'end all while families begin: each is told a mark, and is ended or not as that says',
    async play({ here, there, clock }) {
      const tag = newTag()
      const keys = Array.from({ length: 30 }, () => newKey(tag))
      const ends: Promise<unknown>[] = []
      const marks = await Promise.all(
        keys.map((key, index) => {
          if (index % 10 === 5) ends.push(there.endFamilies(tag, clock.now() + idleMs))
          return (index % 2 === 0 ? here : there).createFamily(key, familyAt(clock))
        }),
      )
      await Promise.all(ends)
      const newest = await here.createFamily(newKey(tag), familyAt(clock))
      for (const [index, key] of keys.entries()) {
        const found = await here.loadFamily(key)
        assert.equal(found !== undefined, marks[index] === newest, `a family of mark ${marks[index]}`)
      }
    },
  },
]
