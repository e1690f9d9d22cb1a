// Revoking all of a principal's sessions.
import assert from 'node:assert/strict'
import type { SessionStore } from '../../session/store.ts'
import { change, fieldsOf, forwarding, identity, idleMs, minuteMs, newKey, newPrincipal } from './stage.ts'
import { record } from './stage.ts'
import type { Principal, Stage, StagedCase } from './stage.ts'

const rounds = 20

async function create({ here, clock }: Stage, { principal, tag }: Principal): Promise<string> {
  const key = newKey(tag)
  await here.create(key, record(clock, { a: '1' }, { principal }))
  return key
}

async function areLive(store: SessionStore, keys: readonly string[]): Promise<readonly boolean[]> {
  return Promise.all(keys.map(async (key) => (await store.load(key)) !== undefined))
}

export const revocationCases: readonly StagedCase[] = [
  {
    name: "revokeAll: every session of the principal is absent for every server, nobody else's is",
    async play(stage) {
      const { here, there } = stage
      const [ann, bob] = [newPrincipal('ann'), newPrincipal('bob')]
      const keys = [await create(stage, ann), await create(stage, ann), await create(stage, bob), newKey()]
      await here.create(keys[3] ?? '', record(stage.clock))
      await there.revokeAll(ann.tag)
      assert.deepEqual(await areLive(here, keys), [false, false, true, true])
      assert.deepEqual(await areLive(there, keys), [false, false, true, true])
      assert.deepEqual(await here.list(ann.tag), [])
      assert.equal((await here.list(bob.tag)).length, 1)
    },
  },
  {
    name: 'revoked stays revoked: slower requests are told gone, and none of them brings anything back',
    async play(stage) {
      const { here, there, clock } = stage
      const ann = newPrincipal()
      const [key, renewedKey, signedOutKey] = [await create(stage, ann), newKey(ann.tag), newKey()]
      await here.load(key)
      await there.revokeAll(ann.tag)
      const owner = identity(clock, { principal: ann.principal })
      assert.equal(await here.save(key, change(clock, { a: '2' })), 'gone')
      assert.equal(await here.replace(key, renewedKey, owner, change(clock, {}), forwarding(clock)), 'gone')
      assert.equal(await here.replace(key, signedOutKey, identity(clock), change(clock, {})), 'gone')
      await here.touch(key, clock.now() + 2 * idleMs)
      await here.delete(key)
      assert.deepEqual(await areLive(there, [key, renewedKey, signedOutKey]), [false, false, false])
      assert.deepEqual(await there.list(ann.tag), [])
    },
  },
  {
    name: 'revokeAll: but for the excepted session, which keeps all it has',
    async play(stage) {
      const { here, there } = stage
      const ann = newPrincipal()
      const keys = [await create(stage, ann), await create(stage, ann), await create(stage, ann)]
      const [, kept = ''] = keys
      const before = await here.load(kept)
      await there.revokeAll(ann.tag, kept)
      assert.deepEqual(await areLive(here, keys), [false, true, false])
      assert.deepEqual(await here.load(kept), before)
      assert.deepEqual(
        (await here.list(ann.tag)).map(({ key }) => key),
        [kept],
      )
    },
  },
  {
    name: 'revokeAll: the excepted session can still be saved, renewed and, another time, revoked',
    async play(stage) {
      const { here, there, clock } = stage
      const ann = newPrincipal()
      const [kept, renewedKey] = [await create(stage, ann), newKey(ann.tag)]
      await there.revokeAll(ann.tag, kept)
      assert.equal(await here.save(kept, change(clock, { b: '2' })), 'saved')
      const owner = identity(clock, { principal: ann.principal })
      assert.equal(await here.replace(kept, renewedKey, owner, change(clock, {})), 'saved')
      assert.deepEqual(fieldsOf(await there.load(renewedKey)), { a: '1', b: '2' })
      await there.revokeAll(ann.tag)
      assert.equal(await here.load(renewedKey), undefined)
      assert.equal(await here.save(renewedKey, change(clock, {})), 'gone')
    },
  },
  {
    name: "revokeAll: a key that is absent, a visitor's or another principal's excepts nothing",
    async play(stage) {
      const { here, there, clock } = stage
      const [ann, bob] = [newPrincipal('ann'), newPrincipal('bob')]
      const [bobKey, visitorKey] = [await create(stage, bob), newKey()]
      await here.create(visitorKey, record(clock))
      for (const exceptKey of [newKey(ann.tag), newKey(), visitorKey, bobKey]) {
        const key = await create(stage, ann)
        await there.revokeAll(ann.tag, exceptKey)
        assert.deepEqual(await areLive(here, [key, visitorKey, bobKey]), [false, true, true])
      }
    },
  },
  {
    name: 'revokeAll: repeated, or of a principal without sessions, it has no further effect',
    async play(stage) {
      const { here, there } = stage
      const [ann, nobody] = [newPrincipal('ann'), newPrincipal('nobody')]
      await there.revokeAll(nobody.tag)
      const keys = [await create(stage, ann), await create(stage, ann)]
      await there.revokeAll(ann.tag, keys[0])
      await here.revokeAll(ann.tag, keys[0])
      await there.revokeAll(ann.tag, keys[0])
      assert.deepEqual(await areLive(here, keys), [true, false])
      await here.revokeAll(ann.tag)
      await there.revokeAll(ann.tag)
      assert.deepEqual(await areLive(here, keys), [false, false])
    },
  },
  {
    name: 'revokeAll: sessions that begin afterwards live, created or signed in, until the next',
    async play(stage) {
      const { here, there, clock } = stage
      const ann = newPrincipal()
      const [before, visitorKey, signedInKey] = [await create(stage, ann), newKey(), newKey(ann.tag)]
      await here.create(visitorKey, record(clock, { cart: '[1]' }))
      await there.revokeAll(ann.tag)
      const created = await create(stage, ann)
      const owner = identity(clock, { principal: ann.principal })
      assert.equal(await here.replace(visitorKey, signedInKey, owner, change(clock, {})), 'saved')
      assert.deepEqual(await areLive(there, [before, created, signedInKey]), [false, true, true])
      assert.deepEqual(fieldsOf(await there.load(signedInKey)), { cart: '[1]' })
      assert.equal((await there.list(ann.tag)).length, 2)
      await there.revokeAll(ann.tag)
      assert.deepEqual(await areLive(here, [created, signedInKey]), [false, false])
    },
  },
  {
    name: 'revokeAll: a session that was renewed is absent under both keys',
    async play(stage) {
      const { here, there, clock } = stage
      const ann = newPrincipal()
      const [oldKey, newerKey] = [await create(stage, ann), newKey(ann.tag)]
      const owner = identity(clock, { principal: ann.principal })
      await here.replace(oldKey, newerKey, owner, change(clock, {}), forwarding(clock))
      await there.revokeAll(ann.tag)
      assert.deepEqual(await areLive(here, [oldKey, newerKey]), [false, false])
      assert.equal(await here.save(oldKey, change(clock, { a: '2' })), 'gone')
    },
  },
  {
    name: 'revokeAll: an old key that is forwarded excepts its successor',
    async play(stage) {
      const { here, there, clock } = stage
      const ann = newPrincipal()
      const [other, oldKey, newerKey] = [await create(stage, ann), await create(stage, ann), newKey(ann.tag)]
      const owner = identity(clock, { principal: ann.principal })
      await here.replace(oldKey, newerKey, owner, change(clock, {}), forwarding(clock))
      await there.revokeAll(ann.tag, oldKey)
      assert.deepEqual(await areLive(here, [other, newerKey, oldKey]), [false, true, true])
      assert.equal((await here.load(oldKey))?.successor?.key, newerKey)
      clock.advance(minuteMs)
      await there.revokeAll(ann.tag, oldKey)
      assert.deepEqual(await areLive(here, [newerKey, oldKey]), [false, false])
    },
  },
  {
    name: 'revokeAll: amid renewals by another server, no session outlives it under any key',
    async play(stage) {
      const { here, there, clock } = stage
      for (let round = 0; round < rounds; round += 1) {
        const ann = newPrincipal()
        const oldKeys = [await create(stage, ann), await create(stage, ann), await create(stage, ann)]
        const newKeys = oldKeys.map(() => newKey(ann.tag))
        const owner = identity(clock, { principal: ann.principal })
        const mark = round % 2 === 0 ? forwarding(clock) : undefined
        const renewals = oldKeys.map((oldKey, index) => async () => {
          await here.replace(oldKey, newKeys[index] ?? '', owner, change(clock, {}), mark)
        })
        const works = renewals.toSpliced(round % 4, 0, () => there.revokeAll(ann.tag))
        await Promise.all(works.map((work) => work()))
        const live = await areLive(here, [...oldKeys, ...newKeys])
        assert.deepEqual(new Set(live), new Set([false]))
        assert.deepEqual(await there.list(ann.tag), [])
      }
    },
  },
  {
    name: 'revokeAll: amid sign-ins by two servers, exactly what lives is listed, and the next one reaches it',
    async play({ here, there, clock }) {
      for (let round = 0; round < rounds; round += 1) {
        const { principal, tag } = newPrincipal()
        const visitorKeys = Array.from({ length: 4 }, () => newKey())
        for (const key of visitorKeys) await here.create(key, record(clock))
        const keys = visitorKeys.map(() => newKey(tag))
        const owner = identity(clock, { principal })
        const signIns = visitorKeys.map((visitorKey, index) => async () => {
          const server = index % 2 === 0 ? here : there
          await server.replace(visitorKey, keys[index] ?? '', owner, change(clock, {}))
        })
        await Promise.all(signIns.toSpliced(2, 0, () => there.revokeAll(tag)).map((work) => work()))
        const live = await areLive(here, keys)
        const listed = new Set((await there.list(tag)).map(({ key }) => key))
        assert.deepEqual(listed, new Set(keys.filter((_, index) => live[index])))
        await here.revokeAll(tag)
        assert.deepEqual(await areLive(there, keys), [false, false, false, false])
      }
    },
  },
  {
    name: 'revokeAll: amid saves of another server, what comes after it is gone',
    async play(stage) {
      const { here, there, clock } = stage
      const ann = newPrincipal()
      const key = await create(stage, ann)
      const save = (text: string) => here.save(key, change(clock, { a: text }))
      const before = Array.from({ length: rounds }, (_, index) => save(String(index)))
      const revoked = there.revokeAll(ann.tag)
      const during = Array.from({ length: rounds }, () => save('"late"'))
      await Promise.all([...before, revoked, ...during])
      assert.equal(await save('"later"'), 'gone')
      assert.deepEqual(await areLive(there, [key]), [false])
    },
  },
]
