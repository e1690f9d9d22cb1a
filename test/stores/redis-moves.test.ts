// Replacing a session where no one script reaches both keys, as in a Cluster: every step may meet another server, or be the last.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { retireScript } from '../../src/stores/redis/script.ts'
import type { RedisSessionStore } from '../../src/stores/redis/store.ts'
import { ManualClock, sessionStoreContract } from '../../src/testing/index.ts'
import {
  change,
  fieldsOf,
  forwarding,
  identity,
  newKey,
  newPrincipal,
  record,
} from '../../src/testing/session-store/stage.ts'
import { startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { connect, corePrefix, coreStore, ToldCommands } from './redis-core.ts'
import type { Client } from './redis-core.ts'

let server: RedisServer
let client: Client
before(async () => {
  server = await startRedis()
  client = await connect(server)
})
after(async () => {
  client.destroy()
  await server.stop()
})

describe('RedisSessionStore contract, replacing step by step', () => {
  const open = (clock: ManualClock) => coreStore(client, { clock, isCluster: true })
  for (const { name, run } of sessionStoreContract({ open })) test(name, run)
})

/** A sign-in, with what another server does right before the old session is ended. */
async function signIn(
  meanwhile: (plain: RedisSessionStore, oldKey: string, attempt: number) => Promise<unknown>,
) {
  const [clock, { tag, principal }] = [new ManualClock(), newPrincipal()]
  const [oldKey, plain] = [newKey(), coreStore(client)]
  const newerKey = newKey(tag)
  await plain.create(oldKey, record(clock, { cart: '[1]' }))
  let attempt = 0
  const store = coreStore(
    new ToldCommands(client, async (command) => {
      if (command === retireScript.sha1) await meanwhile(plain, oldKey, (attempt += 1))
    }),
    { isCluster: true },
  )
  const who = identity(clock, { principal })
  const replacing = store.replace(oldKey, newerKey, who, change(clock, { user: '"ann"' }), forwarding(clock))
  const outcome = await replacing.catch((error: unknown) => error)
  const found = { old: await plain.load(oldKey), newer: await plain.load(newerKey) }
  return { outcome, found, tag, plain, attempts: attempt }
}

describe('RedisSessionStore, replacing step by step', () => {
  test('what another server saves between the copy and the end of the old session is not lost', async () => {
    const { outcome, found, attempts } = await signIn(async (plain, oldKey, attempt) => {
      if (attempt < 3) await plain.save(oldKey, change(new ManualClock(), { [`f${attempt}`]: '1' }))
    })
    assert.equal(outcome, 'saved')
    assert.equal(attempts, 3)
    assert.deepEqual(fieldsOf(found.newer), { cart: '[1]', user: '"ann"', f1: '1', f2: '1' })
    assert.equal(found.old?.principal, found.newer?.principal)
  })

  test('a field that another server changes to a text as long, or removes, is seen', async () => {
    const { outcome, found, attempts } = await signIn(async (plain, oldKey, attempt) => {
      if (attempt === 1) await plain.save(oldKey, change(new ManualClock(), { cart: '[2]' }))
      if (attempt === 2) await plain.save(oldKey, change(new ManualClock(), { next: '1' }, ['cart']))
    })
    assert.equal(outcome, 'saved')
    assert.equal(attempts, 3)
    assert.deepEqual(fieldsOf(found.newer), { user: '"ann"', next: '1' })
  })

  test('a deadline that another server slides needs no second attempt', async () => {
    const { outcome, attempts } = await signIn(async (plain, oldKey) => {
      await plain.touch(oldKey, Date.now() + 30 * 60_000)
    })
    assert.equal(outcome, 'saved')
    assert.equal(attempts, 1)
  })

  test('deleted meanwhile is gone, and the copy goes too', async () => {
    const { outcome, found, tag, plain } = await signIn((there, oldKey) => there.delete(oldKey))
    assert.equal(outcome, 'gone')
    assert.deepEqual(found, { old: undefined, newer: undefined })
    assert.deepEqual(await plain.list(tag), [])
  })

  test('a server that changes the session each time ends in unavailable, with the session as it was', async () => {
    const { outcome, found, tag, plain, attempts } = await signIn((there, oldKey, attempt) =>
      there.save(oldKey, change(new ManualClock(), { cart: `[${attempt}, 0]` })),
    )
    assert.ok(outcome instanceof Error && 'code' in outcome && outcome.code === 'STORE_UNAVAILABLE')
    assert.match(outcome.message, /other servers changed the session each of 10 times/)
    assert.deepEqual(fieldsOf(found.old), { cart: `[${attempts}, 0]` })
    assert.equal(found.newer, undefined)
    assert.deepEqual(await plain.list(tag), [])
  })

  test('a server that dies before the old session is ended leaves it as it was', async () => {
    const { outcome, found } = await signIn(() => Promise.reject(new Error('killed')))
    assert.ok(outcome instanceof Error && 'code' in outcome && outcome.code === 'STORE_UNAVAILABLE')
    assert.deepEqual(fieldsOf(found.old), { cart: '[1]' })
    assert.equal(found.old?.principal, undefined)
    assert.equal(found.old?.successor, undefined)
  })

  test('renewed meanwhile by another server, it is signed in where it went', async () => {
    const clock = new ManualClock()
    const between = newKey()
    const { outcome, found, plain } = await signIn(async (there, oldKey, attempt) => {
      if (attempt > 1) return
      await there.replace(oldKey, between, identity(clock), change(clock, { seen: '1' }), forwarding(clock))
    })
    assert.equal(outcome, 'saved')
    assert.deepEqual(fieldsOf(found.newer), { cart: '[1]', user: '"ann"', seen: '1' })
    assert.equal(found.old?.successor?.sealedId, 'sealed')
    assert.deepEqual(fieldsOf(await plain.load(between)), fieldsOf(found.newer))
  })
})

describe('RedisSessionStore, forwardings', () => {
  test('a loop that somebody made is unavailable, not an endless search', async () => {
    const [store, key, clock] = [coreStore(client), newKey(), new ManualClock()]
    await client.hSet(`${corePrefix}{${key}}`, 'f', `2${clock.now() + 60_000} ${key} sealed`)
    await assert.rejects(store.load(key), { code: 'STORE_UNAVAILABLE' })
    await assert.rejects(store.save(key, change(clock, { a: '1' })), { code: 'STORE_UNAVAILABLE' })
    await assert.rejects(store.delete(key), { code: 'STORE_UNAVAILABLE' })
  })

  test('the mark of a renewal is one small field, which Redis removes at its end', async () => {
    const [store, clock, { tag, principal }] = [coreStore(client), new ManualClock(), newPrincipal()]
    const [oldKey, newerKey] = [newKey(tag), newKey(tag)]
    await store.create(oldKey, record(clock, { a: '1' }, { principal }))
    const mark = forwarding(clock)
    await store.replace(oldKey, newerKey, identity(clock, { principal }), change(clock, {}), mark)
    const redisKey = `${corePrefix}{${tag}}:${oldKey.slice(tag.length + 1)}`
    assert.deepEqual(Object.keys(await client.hGetAll(redisKey)), ['f'])
    assert.equal(await client.pExpireTime(redisKey), mark.untilMs)
  })
})
