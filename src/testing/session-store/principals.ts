// Listing a principal's sessions.
import assert from 'node:assert/strict'
import { mostListedSessions } from '../../session/store.ts'
import type { ListedSession, SessionRecord, SessionStore } from '../../session/store.ts'
import { change, forwarding, identity, idleMs, manyAtOnce, minuteMs } from './stage.ts'
import { newKey, newPrincipal, record } from './stage.ts'
import type { StagedCase } from './stage.ts'

function listed(key: string, stored: SessionRecord): ListedSession {
  const { fields: _, ...rest } = stored
  return { key, ...rest }
}

async function keysOf(store: SessionStore, tag: string): Promise<readonly string[]> {
  return (await store.list(tag)).map(({ key }) => key)
}

export const principalCases: readonly StagedCase[] = [
  {
    name: 'list: device, address, creation and deadlines of each session, the newest first',
    async play({ here, there, clock }) {
      const { principal, tag } = newPrincipal()
      const expected: ListedSession[] = []
      for (const ageMinutes of [2, 0, 3, 1]) {
        const key = newKey(tag)
        const createdAtMs = clock.now() - ageMinutes * minuteMs
        const given = { principal, device: `device ${ageMinutes}`, ip: `192.0.2.${ageMinutes}`, createdAtMs }
        const stored = record(clock, { cart: '[1]' }, given)
        await (ageMinutes % 2 === 0 ? here : there).create(key, stored)
        expected.push(listed(key, stored))
      }
      const newestFirst = expected.toSorted((one, other) => other.createdAtMs - one.createdAtMs)
      assert.deepEqual(await here.list(tag), newestFirst)
      assert.deepEqual(await there.list(tag), newestFirst)
    },
  },
  {
    name: 'list: empty for a principal without sessions',
    async play({ here }) {
      assert.deepEqual(await here.list(newPrincipal().tag), [])
    },
  },
  {
    name: "list: never shows another principal's session, nor one under a visitor's key",
    async play({ here, there, clock }) {
      const [ann, bob] = [newPrincipal('ann'), newPrincipal('bob')]
      const [annKey, bobKey] = [newKey(ann.tag), newKey(bob.tag)]
      await here.create(annKey, record(clock, {}, { principal: ann.principal }))
      await here.create(bobKey, record(clock, {}, { principal: bob.principal }))
      await here.create(newKey(), record(clock, {}, { principal: ann.principal }))
      assert.deepEqual(await keysOf(there, ann.tag), [annKey])
      assert.deepEqual(await keysOf(there, bob.tag), [bobKey])
    },
  },
  {
    name: 'list: only live sessions, not deleted ones and none from its idle or absolute deadline on',
    async play({ here, there, clock }) {
      const { principal, tag } = newPrincipal()
      const [deleted, idle, ended, live] = [newKey(tag), newKey(tag), newKey(tag), newKey(tag)]
      await here.create(deleted, record(clock, {}, { principal }))
      await here.create(idle, record(clock, {}, { principal }))
      await here.create(ended, record(clock, {}, { principal, absoluteDeadlineMs: clock.now() + minuteMs }))
      await here.create(live, record(clock, {}, { principal }))
      await there.delete(deleted)
      assert.equal((await there.list(tag)).length, 3)
      clock.advance(minuteMs)
      await there.touch(live, clock.now() + idleMs)
      assert.deepEqual(new Set(await keysOf(there, tag)), new Set([idle, live]))
      clock.advance(idleMs - minuteMs)
      assert.deepEqual(await keysOf(there, tag), [live])
    },
  },
  {
    name: 'list: shows the idle deadline to where touch and save moved it',
    async play({ here, there, clock }) {
      const { principal, tag } = newPrincipal()
      const [touched, saved] = [newKey(tag), newKey(tag)]
      await here.create(touched, record(clock, {}, { principal }))
      await here.create(saved, record(clock, {}, { principal }))
      clock.advance(minuteMs)
      await there.touch(touched, clock.now() + idleMs)
      await there.save(saved, change(clock, { a: '1' }, [], clock.now() + idleMs + 1))
      const deadlines = new Map((await here.list(tag)).map((one) => [one.key, one.idleDeadlineMs]))
      assert.equal(deadlines.get(touched), clock.now() + idleMs)
      assert.equal(deadlines.get(saved), clock.now() + idleMs + 1)
    },
  },
  {
    name: 'list: a sign-in enters it, another principal takes it over, a sign-out leaves it',
    async play({ here, there, clock }) {
      const [ann, bob] = [newPrincipal('ann'), newPrincipal('bob')]
      const [visitorKey, annKey, bobKey, lastKey] = [newKey(), newKey(ann.tag), newKey(bob.tag), newKey()]
      await here.create(visitorKey, record(clock))
      const annNow = identity(clock, { principal: ann.principal, device: 'phone', ip: '::1' })
      await here.replace(visitorKey, annKey, annNow, change(clock, {}))
      const idleDeadlineMs = clock.now() + idleMs
      assert.deepEqual(await there.list(ann.tag), [{ key: annKey, ...annNow, idleDeadlineMs }])
      await here.replace(annKey, bobKey, identity(clock, { principal: bob.principal }), change(clock, {}))
      assert.deepEqual(await there.list(ann.tag), [])
      assert.deepEqual(await keysOf(there, bob.tag), [bobKey])
      await here.replace(bobKey, lastKey, identity(clock), change(clock, {}))
      assert.deepEqual(await there.list(bob.tag), [])
    },
  },
  {
    name: 'list: a renewed session is in it once, under its new key',
    async play({ here, there, clock }) {
      const { principal, tag } = newPrincipal()
      const [oldKey, newerKey] = [newKey(tag), newKey(tag)]
      await here.create(oldKey, record(clock, {}, { principal }))
      const owner = identity(clock, { principal })
      await here.replace(oldKey, newerKey, owner, change(clock, {}), forwarding(clock))
      assert.deepEqual(await keysOf(there, tag), [newerKey])
    },
  },
  {
    name: 'list: two servers that sign a principal in at once are both in it',
    async play({ here, there, clock }) {
      const { principal, tag } = newPrincipal()
      const keys = await manyAtOnce(20, async (index) => {
        const server = index % 2 === 0 ? here : there
        const [visitorKey, key] = [newKey(), newKey(tag)]
        if (index % 4 < 2) await server.create(key, record(clock, {}, { principal }))
        else {
          await server.create(visitorKey, record(clock))
          await server.replace(visitorKey, key, identity(clock, { principal }), change(clock, {}))
        }
        return key
      })
      assert.deepEqual(new Set(await keysOf(here, tag)), new Set(keys))
      assert.deepEqual(new Set(await keysOf(there, tag)), new Set(keys))
    },
  },
  {
    name: `list: of more than ${mostListedSessions} sessions the newest; revokeAll reaches those it left out`,
    async play({ here, there, clock }) {
      const { principal, tag } = newPrincipal()
      const leftOut = 5
      const startMs = clock.now() - minuteMs
      const keys = await manyAtOnce(mostListedSessions + leftOut, async (index) => {
        const key = newKey(tag)
        await here.create(key, record(clock, {}, { principal, createdAtMs: startMs + index }))
        return key
      })
      assert.deepEqual(await keysOf(there, tag), keys.slice(leftOut).toReversed())
      await there.revokeAll(tag)
      const found = await manyAtOnce(keys.length, async (index) => here.load(keys[index] ?? ''))
      assert.deepEqual(new Set(found), new Set([undefined]))
      assert.deepEqual(await here.list(tag), [])
    },
  },
]
