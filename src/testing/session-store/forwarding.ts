// Renewed ids: the old key stands for its successor for a while.
import assert from 'node:assert/strict'
import { absoluteMs, change, fieldsOf, forwarding, identity, idleMs, minuteMs } from './stage.ts'
import { newKey, newPrincipal, record } from './stage.ts'
import type { Stage, StagedCase } from './stage.ts'

const taken = { name: 'DroverError', code: 'SESSION_ID_TAKEN' }

interface Renewed {
  readonly tag: string
  readonly principal: string
  readonly oldKey: string
  readonly newerKey: string
}

/** A signed-in session of the fields { a: '1' }, renewed just now; the old key is forwarded for a minute. */
async function renewed({ here, clock }: Stage): Promise<Renewed> {
  const { principal, tag } = newPrincipal()
  const [oldKey, newerKey] = [newKey(tag), newKey(tag)]
  const stored = record(clock, { a: '1' }, { principal, device: 'phone', ip: '::1' })
  await here.create(oldKey, stored)
  await here.replace(oldKey, newerKey, stored, change(clock, {}), forwarding(clock, 'sealed for old'))
  return { tag, principal, oldKey, newerKey }
}

export const forwardingCases: readonly StagedCase[] = [
  {
    name: "forwarding: the old key loads its successor's record, and where that is",
    async play(stage) {
      const { here, there } = stage
      const { oldKey, newerKey } = await renewed(stage)
      const found = await there.load(newerKey)
      assert.ok(found !== undefined)
      assert.ok(!('successor' in found))
      const successor = { key: newerKey, sealedId: 'sealed for old' }
      assert.deepEqual(await there.load(oldKey), { ...found, successor })
      assert.deepEqual(await here.load(oldKey), { ...found, successor })
    },
  },
  {
    name: "forwarding: works for a visitor's key too, and from a visitor to a sign-in",
    async play({ here, there, clock }) {
      const { principal, tag } = newPrincipal()
      const [first, second, signedIn] = [newKey(), newKey(), newKey(tag)]
      await here.create(first, record(clock, { a: '1' }))
      await here.replace(first, second, identity(clock), change(clock, {}), forwarding(clock, 'one'))
      assert.deepEqual((await there.load(first))?.successor, { key: second, sealedId: 'one' })
      const owner = identity(clock, { principal })
      await here.replace(second, signedIn, owner, change(clock, {}), forwarding(clock, 'two'))
      assert.deepEqual((await there.load(second))?.successor, { key: signedIn, sealedId: 'two' })
      assert.equal((await there.load(second))?.principal, principal)
    },
  },
  {
    name: 'forwarding: the sealed id is opaque text and comes back as it was',
    async play({ here, there, clock }) {
      for (const sealedId of ['', ' ', 'a b 1 - =', '{"json":1}', "'; --", 'ключ 🔑', 'long'.repeat(100)]) {
        const [oldKey, newerKey] = [newKey(), newKey()]
        await here.create(oldKey, record(clock))
        await here.replace(oldKey, newerKey, identity(clock), change(clock, {}), forwarding(clock, sealedId))
        assert.equal((await there.load(oldKey))?.successor?.sealedId, sealedId)
      }
    },
  },
  {
    name: 'forwarding: from its end on the old key is absent in every way; the successor lives on',
    async play(stage) {
      const { here, there, clock } = stage
      const { oldKey, newerKey } = await renewed(stage)
      clock.advance(minuteMs - 1)
      assert.ok((await there.load(oldKey)) !== undefined)
      clock.advance(1)
      const before = await here.load(newerKey)
      assert.ok(before !== undefined)
      assert.equal(await there.load(oldKey), undefined)
      assert.equal(await there.save(oldKey, change(clock, { a: '2' })), 'gone')
      assert.equal(await there.replace(oldKey, newKey(), identity(clock), change(clock, {})), 'gone')
      await there.touch(oldKey, clock.now() + 2 * idleMs)
      await there.delete(oldKey)
      assert.deepEqual(await here.load(newerKey), before)
    },
  },
  {
    name: 'forwarding: save by the old key changes the successor, expectations and sums included',
    async play(stage) {
      const { here, there, clock } = stage
      const { oldKey, newerKey } = await renewed(stage)
      clock.advance(1)
      const expect = new Map([['a', '1']])
      const add = new Map([['count', 2]])
      assert.equal(await there.save(oldKey, { ...change(clock, { b: '2' }), expect, add }), 'saved')
      const unmet = { ...change(clock, { a: '9' }), expect: new Map([['a', '9']]) }
      assert.equal(await there.save(oldKey, unmet), 'conflict')
      const found = await here.load(newerKey)
      assert.deepEqual(fieldsOf(found), { a: '1', b: '2', count: '2' })
      assert.equal(found?.idleDeadlineMs, clock.now() + idleMs)
    },
  },
  {
    name: "forwarding: touch by the old key slides the successor's deadline",
    async play(stage) {
      const { here, there, clock } = stage
      const { oldKey, newerKey } = await renewed(stage)
      const wanted = clock.now() + idleMs + minuteMs
      await there.touch(oldKey, wanted)
      assert.equal((await here.load(newerKey))?.idleDeadlineMs, wanted)
      await there.touch(oldKey, clock.now())
      assert.equal((await here.load(newerKey))?.idleDeadlineMs, wanted)
    },
  },
  {
    name: 'forwarding: delete by the old key deletes the successor, and both are absent',
    async play(stage) {
      const { here, there } = stage
      const { tag, oldKey, newerKey } = await renewed(stage)
      await there.delete(oldKey)
      assert.equal(await here.load(newerKey), undefined)
      assert.equal(await here.load(oldKey), undefined)
      assert.deepEqual(await here.list(tag), [])
      await there.delete(oldKey)
    },
  },
  {
    name: 'forwarding: replace by the old key moves the successor',
    async play(stage) {
      const { here, there, clock } = stage
      const { tag, oldKey, newerKey } = await renewed(stage)
      const signedOut = newKey()
      await there.save(newerKey, change(clock, { b: '2' }))
      assert.equal(
        await there.replace(oldKey, signedOut, identity(clock), change(clock, { c: '3' })),
        'saved',
      )
      assert.deepEqual(fieldsOf(await here.load(signedOut)), { a: '1', b: '2', c: '3' })
      assert.equal(await here.load(newerKey), undefined)
      assert.equal(await here.load(oldKey), undefined)
      assert.deepEqual(await here.list(tag), [])
    },
  },
  {
    name: 'forwarding: a second renewal by the old key leads every key of the session to the newest',
    async play(stage) {
      const { here, there, clock } = stage
      const { tag, principal, oldKey, newerKey } = await renewed(stage)
      const newest = newKey(tag)
      const owner = identity(clock, { principal })
      const mark = forwarding(clock, 'sealed again')
      assert.equal(await there.replace(oldKey, newest, owner, change(clock, { b: '2' }), mark), 'saved')
      for (const key of [oldKey, newerKey, newest]) {
        assert.deepEqual(fieldsOf(await here.load(key)), { a: '1', b: '2' })
      }
      assert.equal((await here.load(newerKey))?.successor?.key, newest)
      assert.equal((await here.load(newest))?.successor, undefined)
      assert.deepEqual(
        (await here.list(tag)).map(({ key }) => key),
        [newest],
      )
    },
  },
  {
    name: 'forwarding: a successor that was deleted makes the old key absent, and nothing revives it',
    async play(stage) {
      const { here, there, clock } = stage
      const { oldKey, newerKey } = await renewed(stage)
      const another = newKey()
      await there.delete(newerKey)
      assert.equal(await here.load(oldKey), undefined)
      assert.equal(await here.save(oldKey, change(clock, { a: '2' })), 'gone')
      assert.equal(await here.replace(oldKey, another, identity(clock), change(clock, {})), 'gone')
      await here.touch(oldKey, clock.now() + idleMs)
      for (const key of [oldKey, newerKey, another]) assert.equal(await there.load(key), undefined)
    },
  },
  {
    name: 'forwarding: a successor that expired makes the old key absent, however long the forwarding',
    async play({ here, there, clock }) {
      const [oldKey, newerKey] = [newKey(), newKey()]
      await here.create(oldKey, record(clock))
      const mark = { sealedId: 'sealed', untilMs: clock.now() + 2 * absoluteMs }
      await here.replace(oldKey, newerKey, identity(clock), change(clock, {}), mark)
      clock.advance(idleMs)
      assert.equal(await there.load(oldKey), undefined)
      assert.equal(await there.save(oldKey, change(clock, { a: '2' })), 'gone')
      assert.equal(await there.load(newerKey), undefined)
    },
  },
  {
    name: 'forwarding: one after another, each key leads to the last until its own way ends',
    async play(stage) {
      const { here, there, clock } = stage
      const { tag, principal, oldKey, newerKey } = await renewed(stage)
      const [third, fourth] = [newKey(tag), newKey(tag)]
      const owner = identity(clock, { principal })
      clock.advance(minuteMs / 2)
      await there.replace(newerKey, third, owner, change(clock, { b: '2' }), forwarding(clock, 'second'))
      await here.replace(third, fourth, owner, change(clock, { c: '3' }), forwarding(clock, 'third'))
      assert.equal(await there.save(oldKey, change(clock, { d: '4' })), 'saved')
      for (const key of [oldKey, newerKey, third, fourth]) {
        assert.deepEqual(fieldsOf(await here.load(key)), { a: '1', b: '2', c: '3', d: '4' })
      }
      assert.deepEqual((await here.load(oldKey))?.successor, { key: newerKey, sealedId: 'sealed for old' })
      clock.advance(minuteMs / 2)
      assert.equal(await here.load(oldKey), undefined)
      assert.deepEqual((await here.load(newerKey))?.successor, { key: third, sealedId: 'second' })
      await there.delete(newerKey)
      for (const key of [newerKey, third, fourth]) assert.equal(await here.load(key), undefined)
    },
  },
  {
    name: 'forwarding: a key that is forwarded is SESSION_ID_TAKEN for a new session until that ends',
    async play(stage) {
      const { here, there, clock } = stage
      const { oldKey, newerKey } = await renewed(stage)
      const visitorKey = newKey()
      await here.create(visitorKey, record(clock, { v: '1' }))
      const before = await here.load(oldKey)
      await assert.rejects(there.create(oldKey, record(clock, { new: '1' })), taken)
      await assert.rejects(there.replace(visitorKey, oldKey, identity(clock), change(clock, {})), taken)
      assert.deepEqual(await here.load(oldKey), before)
      assert.deepEqual(fieldsOf(await here.load(visitorKey)), { v: '1' })
      clock.advance(minuteMs)
      await there.create(oldKey, record(clock, { new: '1' }))
      const found = await here.load(oldKey)
      assert.deepEqual(fieldsOf(found), { new: '1' })
      assert.equal(found?.successor, undefined)
      assert.deepEqual(fieldsOf(await here.load(newerKey)), { a: '1' })
    },
  },
  {
    name: 'forwarding: of two servers that renew at once neither is told gone, and all keys lead to one session',
    async play({ here, there, clock }) {
      for (let round = 0; round < 10; round += 1) {
        const { principal, tag } = newPrincipal()
        const [oldKey, keyHere, keyThere] = [newKey(tag), newKey(tag), newKey(tag)]
        const stored = record(clock, { a: '1' }, { principal })
        await here.create(oldKey, stored)
        const outcomes = await Promise.all([
          here.replace(oldKey, keyHere, stored, change(clock, { b: '2' }), forwarding(clock)),
          there.replace(oldKey, keyThere, stored, change(clock, { c: '3' }), forwarding(clock)),
        ])
        assert.deepEqual(outcomes, ['saved', 'saved'])
        for (const key of [oldKey, keyHere, keyThere]) {
          assert.deepEqual(fieldsOf(await here.load(key)), { a: '1', b: '2', c: '3' })
        }
        assert.equal((await there.list(tag)).length, 1)
      }
    },
  },
]
