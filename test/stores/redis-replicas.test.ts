// The Redis store where replicas exist: what must not be lost with the primary is acknowledged once a replica has it.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ManualClock } from '../../src/testing/index.ts'
import { change, identity, newKey, newPrincipal, record } from '../../src/testing/session-store/stage.ts'
import { isInStep } from '../support/redis-sentinel.ts'
import { startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { until } from '../support/until.ts'
import { connect, coreStore } from './redis-core.ts'
import type { Client } from './redis-core.ts'

// Other tests share the processor: a replica that lives has all the time it may need.
const patient = { replicas: 1, replicaTimeoutMs: 20_000 }
const tooFew = { code: 'STORE_UNAVAILABLE', message: /0 of 1 replicas have the change in time/ }

let primary: RedisServer
let replica: RedisServer
let client: Client
before(async () => {
  primary = await startRedis(undefined, ['--repl-diskless-sync-delay', '0'])
  replica = await startRedis(undefined, ['--replicaof', '127.0.0.1', String(primary.port)])
  await until('replica in step', () => isInStep(replica))
  client = await connect(primary)
})
after(async () => {
  client.destroy()
  await replica.stop()
  await primary.stop()
})

describe('RedisSessionStore, replicas', () => {
  test('a sign-in, a renewal, a deletion and a revocation are at the replica when they are acknowledged', async () => {
    const [store, clock] = [coreStore(client, patient), new ManualClock()]
    const reader = await connect(replica)
    const { tag, principal } = newPrincipal()
    const [visitor, member, renewed] = [newKey(), newKey(tag), newKey(tag)]
    const keysAtReplica = () => reader.keys(`*${tag}*`)
    await client.scriptFlush()
    await store.create(visitor, record(clock))
    await store.replace(visitor, member, identity(clock, { principal }), change(clock, {}))
    assert.equal((await keysAtReplica()).length, 2)
    await store.replace(member, renewed, identity(clock, { principal }), change(clock, {}))
    assert.ok((await keysAtReplica()).some((name) => name.endsWith(renewed.slice(tag.length + 1))))
    await store.delete(renewed)
    assert.deepEqual(await keysAtReplica(), [])
    await store.create(newKey(tag), record(clock, {}, { principal }))
    await store.revokeAll(tag)
    assert.match((await keysAtReplica()).join(), /mark$/)
    reader.destroy()
  })

  test('without an answer from it they are unavailable; what may be lost or changed nothing needs none', async () => {
    const [store, clock] = [coreStore(client, { replicas: 1 }), new ManualClock()]
    const { tag, principal } = newPrincipal()
    const [visitor, member] = [newKey(), newKey(tag)]
    await coreStore(client, patient).create(member, record(clock, {}, { principal }))
    replica.pause()
    try {
      await store.create(visitor, record(clock))
      assert.equal(await store.save(member, change(clock, { a: '1' })), 'saved')
      assert.equal(await store.replace(newKey(), newKey(tag), identity(clock), change(clock, {})), 'gone')
      await assert.rejects(store.create(member, record(clock)), { code: 'SESSION_ID_TAKEN' })
      await assert.rejects(store.create(newKey(tag), record(clock, {}, { principal })), tooFew)
      const signingIn = store.replace(visitor, newKey(tag), identity(clock, { principal }), change(clock, {}))
      await assert.rejects(signingIn, tooFew)
      await assert.rejects(store.delete(member), tooFew)
      await assert.rejects(store.revokeAll(tag), tooFew)
    } finally {
      replica.resume()
    }
    await until('replica in step again', () =>
      store.delete(member).then(
        () => true,
        () => false,
      ),
    )
  })

  test('a client that cannot wait is unavailable, not taken at its word', async () => {
    const { get, hGetAll, evalSha, eval: evaluate, del } = client
    const bare = { get, hGetAll, evalSha, eval: evaluate, del }
    const plain = Object.fromEntries(Object.entries(bare).map(([name, call]) => [name, call.bind(client)]))
    const store = coreStore({ ...bare, ...plain }, { replicas: 1 })
    await assert.rejects(store.delete(newKey()), { code: 'STORE_UNAVAILABLE', message: /knows no WAIT/ })
  })
})
