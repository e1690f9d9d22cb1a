// Saving on condition: `expect` and `expectWhole` of a change.
import assert from 'node:assert/strict'
import type { SaveOutcome, SessionChange, SessionStore } from '../../session/store.ts'
import { change, fieldsOf, identity, minuteMs, newKey, newPrincipal, record } from './stage.ts'
import type { Fields, Stage, StagedCase } from './stage.ts'

type Expected = Readonly<Record<string, string | undefined>>

function expecting({ clock }: Stage, expected: Expected, set: Fields = {}): SessionChange {
  return { ...change(clock, set), expect: new Map(Object.entries(expected)) }
}

function wholly(stage: Stage, expected: Expected, set: Fields = {}): SessionChange {
  return { ...expecting(stage, expected, set), expectWhole: true }
}

const stored: Fields = { a: '1', b: '"two"' }

async function create({ here, clock }: Stage): Promise<string> {
  const key = newKey()
  await here.create(key, record(clock, stored))
  return key
}

/** Compares and sets until nobody was in between. */
async function addOne(stage: Stage, store: SessionStore, key: string): Promise<void> {
  let outcome: SaveOutcome = 'conflict'
  while (outcome === 'conflict') {
    const count = (await store.load(key))?.fields.get('count')
    outcome = await store.save(key, expecting(stage, { count }, { count: String(Number(count ?? 0) + 1) }))
  }
  assert.equal(outcome, 'saved')
}

export const expectationCases: readonly StagedCase[] = [
  {
    name: 'expect: met by the very text of each field, whatever other fields there are',
    async play(stage) {
      const key = await create(stage)
      const { there, here } = stage
      assert.equal(await there.save(key, expecting(stage, { a: '1' }, { a: '2' })), 'saved')
      assert.equal(await there.save(key, expecting(stage, { a: '2', b: '"two"' }, { c: '3' })), 'saved')
      assert.equal(await there.save(key, expecting(stage, {}, { d: '4' })), 'saved')
      assert.deepEqual(fieldsOf(await here.load(key)), { ...stored, a: '2', c: '3', d: '4' })
    },
  },
  {
    name: 'expect: undefined is met by an absent field only',
    async play(stage) {
      const key = await create(stage)
      const { there, here, clock } = stage
      assert.equal(await there.save(key, expecting(stage, { new: undefined }, { new: '1' })), 'saved')
      assert.equal(await there.save(key, expecting(stage, { new: undefined }, { new: '2' })), 'conflict')
      await there.save(key, change(clock, { null: 'null', empty: '' }, ['new']))
      assert.equal(await there.save(key, expecting(stage, { null: undefined }, { x: '1' })), 'conflict')
      assert.equal(await there.save(key, expecting(stage, { empty: undefined }, { x: '1' })), 'conflict')
      assert.equal(await there.save(key, expecting(stage, { new: undefined }, { new: '3' })), 'saved')
      assert.deepEqual(fieldsOf(await here.load(key)), { ...stored, null: 'null', empty: '', new: '3' })
    },
  },
  {
    name: 'expect: one field that is different or missing is a conflict, however many others are right',
    async play(stage) {
      const key = await create(stage)
      const { there, here } = stage
      for (const expected of [{ a: '2' }, { a: '1', b: '"tw0"' }, { a: '01' }, { a: '' }, { c: '' }]) {
        assert.equal(await there.save(key, expecting(stage, expected, { a: '9' })), 'conflict')
      }
      assert.deepEqual(fieldsOf(await here.load(key)), stored)
    },
  },
  {
    name: 'expect: a conflict writes nothing: no field set, removed or added to, and no deadline moved',
    async play(stage) {
      const key = await create(stage)
      const { there, here, clock } = stage
      const before = await here.load(key)
      clock.advance(minuteMs)
      const unmet = expecting(stage, { a: '2' }, { b: '3', c: '3' })
      const outcome = await there.save(key, { ...unmet, remove: new Set(['a']), add: new Map([['d', 1]]) })
      assert.equal(outcome, 'conflict')
      assert.deepEqual(await here.load(key), before)
    },
  },
  {
    name: 'expectWhole: met only when there is no other field',
    async play(stage) {
      const key = await create(stage)
      const { there, here, clock } = stage
      assert.equal(await there.save(key, wholly(stage, { a: '1' }, { a: '2' })), 'conflict')
      assert.equal(await there.save(key, wholly(stage, {}, { a: '2' })), 'conflict')
      assert.equal(await there.save(key, wholly(stage, { ...stored, c: '3' }, { a: '2' })), 'conflict')
      assert.deepEqual(fieldsOf(await here.load(key)), stored)
      assert.equal(await there.save(key, wholly(stage, { ...stored, c: undefined }, { a: '2' })), 'saved')
      await here.save(key, change(clock, { extra: '1' }))
      assert.equal(await there.save(key, wholly(stage, { a: '2', b: '"two"' }, { a: '3' })), 'conflict')
      const loose = { ...wholly(stage, { a: '2', b: '"two"' }, { a: '4' }), expectWhole: false }
      assert.equal(await there.save(key, loose), 'saved')
      assert.deepEqual(fieldsOf(await here.load(key)), { ...stored, a: '4', extra: '1' })
    },
  },
  {
    name: 'expectWhole: of no field is met by a session without any',
    async play(stage) {
      const key = newKey()
      const { there, here, clock } = stage
      await here.create(key, record(clock))
      assert.equal(await there.save(key, wholly(stage, {}, { a: '1' })), 'saved')
      assert.equal(await there.save(key, wholly(stage, {}, { a: '2' })), 'conflict')
      assert.deepEqual(fieldsOf(await here.load(key)), { a: '1' })
    },
  },
  {
    name: 'expect: an absent session is gone, never a conflict, and nothing is created',
    async play(stage) {
      const { here, there } = stage
      const key = newKey()
      assert.equal(await here.save(key, expecting(stage, { a: undefined }, { a: '1' })), 'gone')
      assert.equal(await here.save(key, expecting(stage, { a: '1' }, { a: '2' })), 'gone')
      assert.equal(await here.save(key, wholly(stage, {}, { a: '1' })), 'gone')
      assert.equal(await there.load(key), undefined)
    },
  },
  {
    name: 'expect: any name and any text are compared as they are',
    async play(stage) {
      const { here, there, clock } = stage
      const key = newKey()
      const fields = new Map(
        ['', '__proto__', 'constructor', 'm', 'meta', '%d', 'a\0b', 'ключ 🔑', "'; --"].map((name, index) => [
          name,
          `${name} ${index}\n`,
        ]),
      )
      await here.create(key, record(clock, {}, { fields }))
      const exact = { ...change(clock, { a: '1' }), expect: fields }
      assert.equal(await there.save(key, { ...exact, expectWhole: true }), 'saved')
      for (const [name, text] of fields) {
        const other = { ...change(clock, { a: '2' }), expect: new Map([...fields, [name, text.trimEnd()]]) }
        assert.equal(await there.save(key, other), 'conflict')
        const missing = { ...other, expect: new Map([...fields, [`${name}.`, text]]) }
        assert.equal(await there.save(key, missing), 'conflict')
      }
      assert.deepEqual((await here.load(key))?.fields, new Map([...fields, ['a', '1']]))
    },
  },
  {
    name: 'expect: two servers that compare and set at once never both win',
    async play(stage) {
      const { here, there, clock } = stage
      const key = newKey()
      await here.create(key, record(clock))
      const each = async (store: SessionStore) => {
        for (let round = 0; round < 50; round += 1) await addOne(stage, store, key)
      }
      await Promise.all([each(here), each(there)])
      assert.deepEqual(fieldsOf(await here.load(key)), { count: '100' })
    },
  },
  {
    name: 'replace: an expectation that is not met is a conflict and writes nothing',
    async play(stage) {
      const { here, there, clock } = stage
      const { principal, tag } = newPrincipal()
      const owner = identity(clock, { principal })
      const key = await create(stage)
      const before = await here.load(key)
      clock.advance(minuteMs)
      for (const unmet of [expecting(stage, { a: '2' }, { c: '1' }), wholly(stage, { a: '1' }, { c: '1' })]) {
        for (const newerKey of [newKey(tag), newKey()]) {
          assert.equal(await there.replace(key, newerKey, owner, unmet), 'conflict')
          assert.equal(await here.load(newerKey), undefined)
        }
      }
      assert.deepEqual(await here.load(key), before)
      assert.deepEqual(await here.list(tag), [])
    },
  },
  {
    name: 'replace: an expectation that is met is written with the rest; of an absent session it is gone',
    async play(stage) {
      const { here, there, clock } = stage
      const { principal, tag } = newPrincipal()
      const owner = identity(clock, { principal })
      const [key, newerKey] = [await create(stage), newKey(tag)]
      assert.equal(await there.replace(key, newerKey, owner, wholly(stage, stored, { c: '3' })), 'saved')
      assert.deepEqual(fieldsOf(await here.load(newerKey)), { ...stored, c: '3' })
      assert.equal(await there.replace(key, newKey(tag), owner, wholly(stage, {}, { c: '4' })), 'gone')
    },
  },
]
