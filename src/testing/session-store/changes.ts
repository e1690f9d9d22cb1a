// Saving: only what changed is written.
import assert from 'node:assert/strict'
import { change, fieldsOf, idleMs, minuteMs, newKey, record } from './stage.ts'
import type { StagedCase } from './stage.ts'

export const changeCases: readonly StagedCase[] = [
  {
    name: 'save: sets and removes the named fields and leaves every other',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock, { kept: '1', changed: '1', removed: '1' }))
      const outcome = await there.save(
        key,
        change(clock, { changed: '2', added: '1' }, ['removed', 'never-was']),
      )
      assert.equal(outcome, 'saved')
      assert.deepEqual(fieldsOf(await here.load(key)), { added: '1', changed: '2', kept: '1' })
    },
  },
  {
    name: 'save: fields another server saved since the load survive',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock, { cart: '[]', theme: '"light"' }))
      await Promise.all([here.load(key), there.load(key)])
      await here.save(key, change(clock, { cart: '[1]' }))
      await there.save(key, change(clock, { theme: '"dark"' }))
      assert.deepEqual(fieldsOf(await here.load(key)), { cart: '[1]', theme: '"dark"' })
    },
  },
  {
    name: 'save: leaves principal, device, address, creation and absolute deadline as they are',
    async play({ here, there, clock }) {
      const key = newKey()
      const stored = record(clock, {}, { principal: 'ann', device: 'phone', ip: '::1' })
      await here.create(key, stored)
      clock.advance(minuteMs)
      await there.save(key, change(clock, { a: '1' }))
      const { fields: _, ...found } = { ...(await here.load(key)) }
      const { fields: __, ...expected } = { ...stored, idleDeadlineMs: clock.now() + idleMs }
      assert.deepEqual(found, expected)
    },
  },
  {
    name: 'save: a key that was never created is gone, and nothing is created',
    async play({ here, there, clock }) {
      const key = newKey()
      assert.equal(await here.save(key, change(clock, { a: '1' })), 'gone')
      assert.equal(await there.load(key), undefined)
    },
  },
  {
    name: 'save: the last field may be removed; the session stays',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock, { only: '1' }, { principal: 'ann' }))
      assert.equal(await there.save(key, change(clock, {}, ['only'])), 'saved')
      const found = await here.load(key)
      assert.deepEqual(fieldsOf(found), {})
      assert.equal(found?.principal, 'ann')
    },
  },
  {
    name: 'save: another session is not touched',
    async play({ here, there, clock }) {
      const [key, other] = [newKey(), newKey()]
      await here.create(key, record(clock, { a: '1' }))
      await here.create(other, record(clock, { a: '1' }))
      const before = await here.load(other)
      await there.save(key, change(clock, { b: '2' }, ['a'], clock.now() + 2 * idleMs))
      assert.deepEqual(await here.load(other), before)
    },
  },
]
