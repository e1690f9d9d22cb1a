// What the Redis store keeps of a principal: its mark and its list, and that revoking needs no list.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { mostListedSessions } from '../../src/session/store.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { minuteMs, newKey, newPrincipal, record } from '../../src/testing/session-store/stage.ts'
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

/** A principal whose sessions are made here, and the names of its keys in Redis. */
function somebody() {
  const { tag, principal: name } = newPrincipal()
  const base = `${corePrefix}{${tag}}:`
  return { tag, name, key: () => newKey(tag), mark: `${base}mark`, list: `${base}list`, base }
}

describe('RedisSessionStore, a principal', () => {
  test('all its keys have its tag in braces, so that they share a slot; nothing of it is left after sign-out', async () => {
    const [ann, clock, store] = [somebody(), new ManualClock(), coreStore(client)]
    const key = ann.key()
    await store.create(key, record(clock, { a: '1' }, { principal: ann.name }))
    assert.deepEqual(
      (await client.keys(`${corePrefix}*${ann.tag}*`)).toSorted(),
      [ann.base + key.slice(ann.tag.length + 1), ann.list].toSorted(),
    )
    await store.delete(key)
    assert.deepEqual(await client.keys(`${corePrefix}*${ann.tag}*`), [])
  })

  test('revokeAll reaches sessions that no list names, and keeps the excepted one', async () => {
    const [ann, clock, store] = [somebody(), new ManualClock(), coreStore(client)]
    const keys = Array.from({ length: 5 }, () => ann.key())
    for (const key of keys) await store.create(key, record(clock, {}, { principal: ann.name }))
    await client.del(ann.list)
    const [kept, ...others] = keys
    await store.revokeAll(ann.tag, kept)
    for (const key of others) {
      assert.equal(await store.load(key), undefined)
      assert.equal(await store.save(key, { set: new Map(), remove: new Set(), idleDeadlineMs: 0 }), 'gone')
    }
    assert.ok((await store.load(kept ?? '')) !== undefined)
  })

  test('revokeAll of 100 sessions is one call of one script, and has their memory back', async () => {
    const [ann, clock] = [somebody(), new ManualClock()]
    const sent: string[] = []
    const store = coreStore(new ToldCommands(client, (command) => void sent.push(command)))
    const keys = Array.from({ length: 100 }, () => ann.key())
    for (const key of keys) await store.create(key, record(clock, {}, { principal: ann.name }))
    await store.revokeAll(ann.tag)
    await store.revokeAll(ann.tag)
    const calls = sent.filter((command) => command === sent.at(-1))
    assert.deepEqual(sent.slice(-2), calls)
    assert.deepEqual(await client.keys(`${ann.base}*`), [ann.mark])
  })

  test('the mark only grows, is at least the server time, and outlives every session', async () => {
    const [ann, store] = [somebody(), coreStore(client)]
    const startMs = Date.now()
    await store.revokeAll(ann.tag)
    const first = Number(await client.get(ann.mark))
    // The server runs on this machine's clock.
    assert.ok(first >= startMs && first <= Date.now(), String(first))
    const ahead = first + 1_000_000
    await client.set(ann.mark, String(ahead))
    await store.revokeAll(ann.tag)
    assert.equal(await client.get(ann.mark), String(ahead + 1))
    const days = (await client.ttl(ann.mark)) / 86_400
    assert.ok(days > 399 && days <= 400, String(days))
  })

  test('a session that a revocation keeps is never taken for revoked while its record and the mark change', async () => {
    const [ann, clock, other] = [somebody(), new ManualClock(), coreStore(client)]
    const key = ann.key()
    await other.create(key, record(clock, { a: '1' }, { principal: ann.name }))
    // The record is read before the revocation, the mark after it, as on two connections.
    let revoked: Promise<void> | undefined
    const late = new ToldCommands(client, (command) => {
      if (command !== 'get') return undefined
      revoked ??= client.ping().then(() => other.revokeAll(ann.tag, key))
      return revoked
    })
    assert.equal((await coreStore(late).load(key))?.fields.get('a'), '1')
    assert.ok(revoked !== undefined)
  })

  test('a mark that is no number is unavailable, never a logout', async () => {
    const [ann, clock, store] = [somebody(), new ManualClock(), coreStore(client)]
    const key = ann.key()
    await store.create(key, record(clock, {}, { principal: ann.name }))
    await client.set(ann.mark, 'soon')
    await assert.rejects(store.load(key), { code: 'STORE_UNAVAILABLE' })
    await assert.rejects(store.touch(key, clock.now() + 1), { code: 'STORE_UNAVAILABLE' })
    await assert.rejects(store.revokeAll(ann.tag), { code: 'STORE_UNAVAILABLE' })
  })
})

describe('RedisSessionStore, the list of a principal', () => {
  test('lives as long as the session that lives longest', async () => {
    const [ann, clock, store] = [somebody(), new ManualClock(), coreStore(client)]
    const [long, short] = [ann.key(), ann.key()]
    const endMs = clock.now() + 20 * minuteMs
    await store.create(long, record(clock, {}, { principal: ann.name, idleDeadlineMs: endMs }))
    await store.create(short, record(clock, {}, { principal: ann.name, idleDeadlineMs: endMs - minuteMs }))
    assert.equal(await client.pExpireTime(ann.list), endMs)
    await store.touch(short, endMs + minuteMs)
    assert.equal(await client.pExpireTime(ann.list), endMs + minuteMs)
  })

  test('stays short for who signs in again and again and never signs out', async () => {
    const [ann, clock] = [somebody(), new ManualClock()]
    const store = coreStore(client, { clock })
    for (let count = 0; count < 100; count += 1) {
      const idleDeadlineMs = clock.now() + 5 * minuteMs
      await store.create(ann.key(), record(clock, {}, { principal: ann.name, idleDeadlineMs }))
      clock.advance(minuteMs)
    }
    assert.ok((await client.zCard(ann.list)) <= 7)
  })

  test('is bounded; a session that lives is not pushed out of it by those that died', async () => {
    const [ann, clock] = [somebody(), new ManualClock()]
    const store = coreStore(client, { clock })
    const create = async (count: number, idleMs: number) => {
      const keys = Array.from({ length: count }, () => ann.key())
      const made = record(clock, {}, { principal: ann.name, idleDeadlineMs: clock.now() + idleMs })
      await Promise.all(keys.map((key) => store.create(key, made)))
      clock.advance(1)
      return keys
    }
    // Three that live are in the way of looking at the oldest ones only.
    const living = await create(3, 50 * minuteMs)
    await create(mostListedSessions, minuteMs)
    clock.advance(minuteMs)
    await create(97, 50 * minuteMs)
    assert.equal(await client.zCard(ann.list), mostListedSessions + 100)
    const late = await create(1, 50 * minuteMs)
    const listed = (await store.list(ann.tag)).map(({ key }) => key)
    assert.equal(listed.length, 101)
    assert.ok([...living, ...late].every((key) => listed.includes(key)))
    await create(mostListedSessions, 50 * minuteMs)
    assert.ok((await client.zCard(ann.list)) <= mostListedSessions + 100)
    assert.equal((await store.list(ann.tag)).length, mostListedSessions)
  })

  test("keeps whoever's records cannot be read out of no answer: it is unavailable", async () => {
    const [ann, clock, store] = [somebody(), new ManualClock(), coreStore(client)]
    const key = ann.key()
    await store.create(key, record(clock, {}, { principal: ann.name }))
    await client.hSet(ann.base + key.slice(ann.tag.length + 1), 'm', 'text')
    await assert.rejects(store.list(ann.tag), { code: 'STORE_UNAVAILABLE' })
    await store.delete(key)
    assert.deepEqual(await store.list(ann.tag), [])
  })
})

describe('RedisSessionStore, records of other libraries', () => {
  test('texts are read and deleted under their whole key', async () => {
    const [store, name] = [coreStore(client), `sess:${newKey()}`]
    assert.equal(await store.readText(name), undefined)
    await client.set(name, '{"ü":1}')
    assert.equal(await store.readText(name), '{"ü":1}')
    await store.deleteText(name)
    assert.equal(await client.exists(name), 0)
    await store.deleteText(name)
    await client.hSet(name, 'a', '1')
    await assert.rejects(store.readText(name), { code: 'STORE_UNAVAILABLE' })
  })
})
