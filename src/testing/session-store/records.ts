// Creating, loading and deleting.
import assert from 'node:assert/strict'
import { change, fieldsOf, minuteMs, newKey, record } from './stage.ts'
import type { StagedCase } from './stage.ts'

export const recordCases: readonly StagedCase[] = [
  {
    name: 'load: a key that was never created is absent',
    async play({ here }) {
      assert.equal(await here.load(newKey()), undefined)
    },
  },
  {
    name: 'create: another server loads the whole record',
    async play({ here, there, clock }) {
      const key = newKey()
      const stored = record(
        clock,
        { cart: '[1,2]', theme: '"dark"' },
        { principal: 'ann', device: 'Firefox on Linux', ip: '192.0.2.7' },
      )
      await here.create(key, stored)
      const found = await there.load(key)
      assert.deepEqual(found && { ...found, fields: fieldsOf(found) }, {
        ...stored,
        fields: { cart: '[1,2]', theme: '"dark"' },
      })
    },
  },
  {
    name: 'create: a visitor without principal and without fields is found, not absent',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock))
      const found = await there.load(key)
      assert.equal(found?.principal, undefined)
      assert.deepEqual(fieldsOf(found), {})
    },
  },
  {
    name: 'create: a key that exists is SESSION_ID_TAKEN and changes nothing',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock, { owner: '"first"' }, { principal: 'ann' }))
      const before = await here.load(key)
      clock.advance(minuteMs)
      const second = record(clock, { owner: '"second"', more: '1' }, { principal: 'bob' })
      await assert.rejects(there.create(key, second), { name: 'DroverError', code: 'SESSION_ID_TAKEN' })
      assert.deepEqual(await there.load(key), before)
    },
  },
  {
    name: 'create: an idle deadline past the absolute one is cut to it',
    async play({ here, clock }) {
      const key = newKey()
      const absoluteDeadlineMs = clock.now() + minuteMs
      await here.create(key, record(clock, {}, { absoluteDeadlineMs }))
      assert.equal((await here.load(key))?.idleDeadlineMs, absoluteDeadlineMs)
    },
  },
  {
    name: 'delete: the session is absent for every server',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock, { a: '1' }))
      await there.delete(key)
      assert.equal(await here.load(key), undefined)
      assert.equal(await there.load(key), undefined)
    },
  },
  {
    name: 'delete: repeated, or of a key that never was, has no effect',
    async play({ here, there, clock }) {
      const [key, other] = [newKey(), newKey()]
      await here.create(key, record(clock))
      await here.create(other, record(clock, { a: '1' }))
      await here.delete(key)
      await here.delete(key)
      await there.delete(key)
      await there.delete(newKey())
      assert.deepEqual(fieldsOf(await there.load(other)), { a: '1' })
    },
  },
  {
    name: 'deleted stays deleted: save is gone, touch has no effect, and neither recreates anything',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock, { a: '1' }))
      await there.delete(key)
      assert.equal(await here.save(key, change(clock, { a: '2', b: '1' })), 'gone')
      await here.touch(key, clock.now() + minuteMs)
      assert.equal(await here.load(key), undefined)
      assert.equal(await there.load(key), undefined)
    },
  },
  {
    name: 'create: a key that was deleted starts empty',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock, { old: '1' }, { principal: 'ann' }))
      await here.delete(key)
      await there.create(key, record(clock, { new: '1' }))
      const found = await here.load(key)
      assert.deepEqual(fieldsOf(found), { new: '1' })
      assert.equal(found?.principal, undefined)
    },
  },
]
