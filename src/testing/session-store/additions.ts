// Counting: `add` of a change.
import assert from 'node:assert/strict'
import type { SessionChange } from '../../session/store.ts'
import { change, fieldsOf, identity, manyAtOnce, minuteMs, newKey, newPrincipal, record } from './stage.ts'
import type { Fields, Stage, StagedCase } from './stage.ts'

const invalid = { name: 'DroverError', code: 'SESSION_VALUE_INVALID' }
const most = Number.MAX_SAFE_INTEGER

/** JSON texts, and no JSON, that are no whole numbers, though some language reads one into them. */
const noWholeNumbers: readonly string[] = [
  '1.5',
  '"1"',
  '',
  ' ',
  'null',
  '[1]',
  'one',
  '0x10',
  '1 2',
  'NaN',
  '+1',
]

function adding({ clock }: Stage, add: Readonly<Record<string, number>>, set: Fields = {}): SessionChange {
  return { ...change(clock, set), add: new Map(Object.entries(add)) }
}

export const additionCases: readonly StagedCase[] = [
  {
    name: 'add: the sum as decimal digits; an absent field counts as 0, and others stay as they are',
    async play(stage) {
      const { here, there, clock } = stage
      const key = newKey()
      await here.create(key, record(clock, { count: '41', kept: '"1"' }))
      assert.equal(await there.save(key, adding(stage, { count: 1, new: 5, none: 0, less: -3 })), 'saved')
      const expected = { count: '42', kept: '"1"', new: '5', none: '0', less: '-3' }
      assert.deepEqual(fieldsOf(await here.load(key)), expected)
    },
  },
  {
    name: 'add: below zero and back, ending at 0 and not at -0',
    async play(stage) {
      const { here, there, clock } = stage
      const key = newKey()
      await here.create(key, record(clock, { count: '2' }))
      await there.save(key, adding(stage, { count: -5 }))
      assert.deepEqual(fieldsOf(await here.load(key)), { count: '-3' })
      await there.save(key, adding(stage, { count: 3 }))
      assert.deepEqual(fieldsOf(await here.load(key)), { count: '0' })
    },
  },
  {
    name: 'add: exact and in plain digits up to ±(2^53 − 1)',
    async play(stage) {
      const { here, there, clock } = stage
      const key = newKey()
      await here.create(
        key,
        record(clock, { high: String(most - 2), low: String(2 - most), far: String(-most) }),
      )
      await there.save(key, adding(stage, { high: 1, low: -1, far: most }))
      const near = { high: String(most - 1), low: String(1 - most), far: '0' }
      assert.deepEqual(fieldsOf(await here.load(key)), near)
      await there.save(key, adding(stage, { high: 1, low: -1, far: most }))
      const ends = { high: String(most), low: String(-most), far: String(most) }
      assert.deepEqual(fieldsOf(await here.load(key)), ends)
    },
  },
  {
    name: 'add: to a text that is no whole number is SESSION_VALUE_INVALID',
    async play(stage) {
      const { here, there, clock } = stage
      for (const text of noWholeNumbers) {
        const key = newKey()
        await here.create(key, record(clock, { count: text }))
        await assert.rejects(there.save(key, adding(stage, { count: 1 })), invalid, JSON.stringify(text))
        assert.deepEqual(fieldsOf(await here.load(key)), { count: text })
      }
    },
  },
  {
    name: 'add: a sum beyond ±(2^53 − 1) is SESSION_VALUE_INVALID',
    async play(stage) {
      const { here, there, clock } = stage
      for (const [text, by] of [
        [String(most), 1],
        [String(-most), -1],
        ['1', most],
        [String(most), most],
        ['9223372036854775807', 1],
        ['9223372036854775807', -most],
        ['100000000000000000000', -1],
      ] as const) {
        const key = newKey()
        await here.create(key, record(clock, { count: text }))
        await assert.rejects(there.save(key, adding(stage, { count: by })), invalid, `${text} + ${by}`)
        assert.deepEqual(fieldsOf(await here.load(key)), { count: text })
      }
    },
  },
  {
    name: 'add: one sum that is invalid keeps the whole change from being written',
    async play(stage) {
      const { here, there, clock } = stage
      const key = newKey()
      await here.create(key, record(clock, { count: '1', text: '"x"', removed: '1' }))
      const before = await here.load(key)
      clock.advance(minuteMs)
      for (const sums of [
        { count: 1, text: 1 },
        { count: 1, full: most, text: 1 },
        { text: 0, count: 1 },
      ]) {
        const mixed = { ...adding(stage, sums, { set: '1' }), remove: new Set(['removed']) }
        await assert.rejects(there.save(key, mixed), invalid)
        assert.deepEqual(await here.load(key), before)
      }
    },
  },
  {
    name: 'add: together with set, remove and an expectation, in one step',
    async play(stage) {
      const { here, there, clock } = stage
      const key = newKey()
      await here.create(key, record(clock, { count: '1', removed: '1' }))
      const mixed = {
        ...adding(stage, { count: 2 }, { set: '1' }),
        remove: new Set(['removed']),
        expect: new Map([['count', '1']]),
      }
      assert.equal(await there.save(key, mixed), 'saved')
      assert.equal(await there.save(key, mixed), 'conflict')
      assert.deepEqual(fieldsOf(await here.load(key)), { count: '3', set: '1' })
    },
  },
  {
    name: 'add: to an absent session is gone, and nothing is created',
    async play(stage) {
      const key = newKey()
      assert.equal(await stage.here.save(key, adding(stage, { count: 1 })), 'gone')
      assert.equal(await stage.there.load(key), undefined)
    },
  },
  {
    name: 'replace: adds to what the old key has now; an invalid sum writes nothing',
    async play(stage) {
      const { here, there, clock } = stage
      const { principal, tag } = newPrincipal()
      const owner = identity(clock, { principal })
      const [key, refusedKey, newerKey] = [newKey(), newKey(tag), newKey(tag)]
      await here.create(key, record(clock, { count: '1', text: '"x"' }))
      await here.save(key, adding(stage, { count: 1 }))
      const before = await here.load(key)
      const bad = adding(stage, { count: 1, text: 1 })
      await assert.rejects(there.replace(key, refusedKey, owner, bad), invalid)
      assert.deepEqual(await here.load(key), before)
      assert.equal(await here.load(refusedKey), undefined)
      assert.equal(await there.replace(key, newerKey, owner, adding(stage, { count: 1, new: 1 })), 'saved')
      assert.deepEqual(fieldsOf(await here.load(newerKey)), { count: '3', new: '1', text: '"x"' })
    },
  },
  {
    name: 'add: 1,000 at once by each of two servers end at exactly 2,000',
    async play(stage) {
      const { here, there, clock } = stage
      const key = newKey()
      await here.create(key, record(clock))
      const outcomes = await manyAtOnce(2_000, (index) =>
        (index % 2 === 0 ? here : there).save(key, adding(stage, { count: 1 })),
      )
      assert.deepEqual(new Set(outcomes), new Set(['saved']))
      assert.deepEqual(fieldsOf(await here.load(key)), { count: '2000' })
    },
  },
]
