// Both deadlines, moved by hand: expired is absent at once, and deadlines only move forward.
import assert from 'node:assert/strict'
import type { SessionStore } from '../../session/store.ts'
import { absoluteMs, change, fieldsOf, idleMs, minuteMs, newKey, record } from './stage.ts'
import type { StagedCase } from './stage.ts'

async function idleDeadlineOf(store: SessionStore, key: string): Promise<number | undefined> {
  return (await store.load(key))?.idleDeadlineMs
}

export const expiryCases: readonly StagedCase[] = [
  {
    name: 'load: found until the idle deadline, absent from it on',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock))
      clock.advance(idleMs - 1)
      assert.ok((await there.load(key)) !== undefined)
      clock.advance(1)
      assert.equal(await there.load(key), undefined)
      assert.equal(await here.load(key), undefined)
    },
  },
  {
    name: 'load: absent from the absolute deadline on, however busy the session was',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock))
      for (let passedMs = 0; passedMs < absoluteMs - minuteMs; passedMs += minuteMs) {
        clock.advance(minuteMs)
        await here.touch(key, clock.now() + idleMs)
      }
      clock.advance(minuteMs - 1)
      assert.ok((await there.load(key)) !== undefined)
      clock.advance(1)
      assert.equal(await there.load(key), undefined)
    },
  },
  {
    name: 'expired is gone: save and replace write nothing, touch does not revive',
    async play({ here, there, clock }) {
      const [key, newerKey] = [newKey(), newKey()]
      const stored = record(clock, { a: '1' })
      await here.create(key, stored)
      clock.advance(idleMs)
      assert.equal(await there.save(key, change(clock, { a: '2' })), 'gone')
      assert.equal(await there.replace(key, newerKey, stored, change(clock, {})), 'gone')
      await there.touch(key, clock.now() + idleMs)
      assert.equal(await here.load(key), undefined)
      assert.equal(await here.load(newerKey), undefined)
    },
  },
  {
    name: 'create: the key of an expired session is free, and nothing of the old one shows',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock, { old: '1' }, { principal: 'ann' }))
      clock.advance(idleMs)
      await there.create(key, record(clock, { new: '1' }))
      const found = await here.load(key)
      assert.deepEqual(fieldsOf(found), { new: '1' })
      assert.equal(found?.principal, undefined)
    },
  },
  {
    name: 'touch: slides the idle deadline and changes nothing else',
    async play({ here, there, clock }) {
      const key = newKey()
      const stored = record(clock, { a: '1' }, { principal: 'ann' })
      await here.create(key, stored)
      clock.advance(minuteMs)
      await there.touch(key, clock.now() + idleMs)
      assert.deepEqual(await here.load(key), { ...stored, idleDeadlineMs: clock.now() + idleMs })
    },
  },
  {
    name: 'touch: repeated or earlier, it never moves the deadline backwards',
    async play({ here, there, clock }) {
      const key = newKey()
      const stored = record(clock)
      await here.create(key, stored)
      await there.touch(key, stored.idleDeadlineMs + minuteMs)
      await here.touch(key, stored.idleDeadlineMs)
      await here.touch(key, clock.now() - minuteMs)
      assert.equal(await idleDeadlineOf(there, key), stored.idleDeadlineMs + minuteMs)
      await there.touch(key, stored.idleDeadlineMs + minuteMs)
      assert.equal(await idleDeadlineOf(here, key), stored.idleDeadlineMs + minuteMs)
    },
  },
  {
    name: 'save: slides the idle deadline, never backwards',
    async play({ here, there, clock }) {
      const key = newKey()
      const stored = record(clock)
      await here.create(key, stored)
      await there.save(key, change(clock, { a: '1' }, [], stored.idleDeadlineMs + minuteMs))
      await here.save(key, change(clock, { a: '2' }, [], stored.idleDeadlineMs))
      const found = await there.load(key)
      assert.equal(found?.idleDeadlineMs, stored.idleDeadlineMs + minuteMs)
      assert.deepEqual(fieldsOf(found), { a: '2' })
    },
  },
  {
    name: 'save, touch and replace: the idle deadline never passes the absolute one',
    async play({ here, there, clock }) {
      const [key, newerKey] = [newKey(), newKey()]
      const stored = record(clock)
      const tooLateMs = stored.absoluteDeadlineMs + minuteMs
      await here.create(key, stored)
      await there.touch(key, tooLateMs)
      assert.equal(await idleDeadlineOf(here, key), stored.absoluteDeadlineMs)
      await there.save(key, change(clock, {}, [], tooLateMs))
      assert.equal(await idleDeadlineOf(here, key), stored.absoluteDeadlineMs)
      const identity = { ...stored, absoluteDeadlineMs: stored.absoluteDeadlineMs - minuteMs }
      await there.replace(key, newerKey, identity, change(clock, {}, [], tooLateMs))
      assert.equal(await idleDeadlineOf(here, newerKey), identity.absoluteDeadlineMs)
    },
  },
  {
    name: 'replace: the idle deadline does not move backwards',
    async play({ here, there, clock }) {
      const [key, newerKey] = [newKey(), newKey()]
      const stored = record(clock)
      await here.create(key, stored)
      await there.replace(key, newerKey, stored, change(clock, {}, [], stored.idleDeadlineMs - minuteMs))
      assert.equal(await idleDeadlineOf(here, newerKey), stored.idleDeadlineMs)
    },
  },
]
