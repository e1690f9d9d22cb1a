// Moving a session to a new id.
import assert from 'node:assert/strict'
import { change, fieldsOf, identity, idleMs, minuteMs, newKey, record } from './stage.ts'
import type { StagedCase } from './stage.ts'

const ann = { principal: 'ann' }

export const replaceCases: readonly StagedCase[] = [
  {
    name: 'replace: the new key has the new identity and the changed fields, the old key is absent',
    async play({ here, there, clock }) {
      const [oldKey, newerKey] = [newKey(), newKey()]
      await here.create(oldKey, record(clock, { cart: '[1]', flash: '"hi"', step: '1' }))
      clock.advance(minuteMs)
      const owner = identity(clock, { ...ann, device: 'Firefox on Linux', ip: '192.0.2.7' })
      assert.equal(
        await there.replace(oldKey, newerKey, owner, change(clock, { step: '2' }, ['flash'])),
        'saved',
      )
      assert.equal(await here.load(oldKey), undefined)
      const found = await here.load(newerKey)
      assert.deepEqual(found && { ...found, fields: fieldsOf(found) }, {
        ...owner,
        idleDeadlineMs: clock.now() + idleMs,
        fields: { cart: '[1]', step: '2' },
      })
    },
  },
  {
    name: 'replace: carries over fields another server saved meanwhile',
    async play({ here, there, clock }) {
      const [oldKey, newerKey] = [newKey(), newKey()]
      await here.create(oldKey, record(clock, { cart: '[]' }))
      await here.load(oldKey)
      await there.save(oldKey, change(clock, { cart: '[1]', seen: '1' }))
      await here.replace(oldKey, newerKey, identity(clock, ann), change(clock, { user: '"ann"' }))
      assert.deepEqual(fieldsOf(await there.load(newerKey)), { cart: '[1]', seen: '1', user: '"ann"' })
    },
  },
  {
    name: 'replace: a principal can be taken off again',
    async play({ here, there, clock }) {
      const [oldKey, newerKey] = [newKey(), newKey()]
      await here.create(oldKey, record(clock, {}, { ...ann, device: 'phone', ip: '::1' }))
      await there.replace(oldKey, newerKey, identity(clock), change(clock, {}))
      const found = await here.load(newerKey)
      assert.deepEqual(
        [found?.createdAtMs, found?.principal, found?.device, found?.ip],
        [clock.now(), undefined, undefined, undefined],
      )
    },
  },
  {
    name: 'deleted stays deleted: replace of a deleted session is gone and stores nothing',
    async play({ here, there, clock }) {
      const [oldKey, newerKey] = [newKey(), newKey()]
      await here.create(oldKey, record(clock, { a: '1' }))
      await there.delete(oldKey)
      assert.equal(
        await here.replace(oldKey, newerKey, identity(clock, ann), change(clock, { a: '2' })),
        'gone',
      )
      assert.equal(await there.load(oldKey), undefined)
      assert.equal(await there.load(newerKey), undefined)
    },
  },
  {
    name: 'deleted stays deleted: a save to the old key after replace is gone and reaches neither key',
    async play({ here, there, clock }) {
      const [oldKey, newerKey] = [newKey(), newKey()]
      await here.create(oldKey, record(clock, { a: '1' }))
      await here.replace(oldKey, newerKey, identity(clock, ann), change(clock, {}))
      assert.equal(await there.save(oldKey, change(clock, { a: '2' })), 'gone')
      await there.touch(oldKey, clock.now() + idleMs)
      assert.equal(await there.load(oldKey), undefined)
      assert.deepEqual(fieldsOf(await here.load(newerKey)), { a: '1' })
    },
  },
  {
    name: 'replace: a new key that exists is SESSION_ID_TAKEN and changes neither session',
    async play({ here, there, clock }) {
      const [oldKey, takenKey] = [newKey(), newKey()]
      await here.create(oldKey, record(clock, { a: '1' }))
      await here.create(takenKey, record(clock, { b: '1' }, { principal: 'bob' }))
      const before = [await here.load(oldKey), await here.load(takenKey)]
      const replacing = there.replace(oldKey, takenKey, identity(clock, ann), change(clock, { a: '2' }))
      await assert.rejects(replacing, { name: 'DroverError', code: 'SESSION_ID_TAKEN' })
      assert.deepEqual([await here.load(oldKey), await here.load(takenKey)], before)
    },
  },
  {
    name: 'replace: of two servers at once, one wins and the other is told gone',
    async play({ here, there, clock }) {
      const [oldKey, keyHere, keyThere] = [newKey(), newKey(), newKey()]
      await here.create(oldKey, record(clock, { a: '1' }))
      const outcomes = await Promise.all([
        here.replace(oldKey, keyHere, identity(clock, ann), change(clock, {})),
        there.replace(oldKey, keyThere, identity(clock, ann), change(clock, {})),
      ])
      assert.deepEqual(outcomes.toSorted(), ['gone', 'saved'])
      const found = [await here.load(keyHere), await here.load(keyThere)]
      assert.deepEqual(
        found.map((one) => one !== undefined),
        outcomes.map((outcome) => outcome === 'saved'),
      )
    },
  },
]
