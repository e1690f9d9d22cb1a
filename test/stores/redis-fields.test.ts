// How fields rest in Redis: packed while the session is small, whatever texts follow one another.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { ManualClock } from '../../src/testing/index.ts'
import {
  change,
  fieldsOf,
  identity,
  newKey,
  newPrincipal,
  record,
} from '../../src/testing/session-store/stage.ts'
import { startRedis } from '../support/redis-server.ts'
import type { RedisServer } from '../support/redis-server.ts'
import { connect, corePrefix, coreStore } from './redis-core.ts'
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

/** Around every bound: of one piece, of two, three and four, and of what is cut at all. */
const lengths = [0, 1, 63, 64, 65, 127, 128, 129, 192, 193, 239, 240, 241, 256, 1_000]
const letters = ['a', 'ü', '鍵', '🔑']

function texts(): readonly string[] {
  return letters.flatMap((letter) => lengths.map((length) => letter.repeat(length)))
}

describe('RedisSessionStore, how fields rest', () => {
  test('a small session is packed, with fields and a device longer than Redis packs by itself', async () => {
    const [store, clock, { tag, principal }] = [coreStore(client), new ManualClock(), newPrincipal()]
    const [visitor, member] = [newKey(), newKey(tag)]
    const fields = { user: `"${'u'.repeat(90)}"`, cart: `["${'🔑'.repeat(50)}"]`, theme: '"dark"' }
    await store.create(visitor, record(clock, fields))
    await store.create(
      member,
      record(clock, fields, { principal, device: 'Mozilla/5.0 '.repeat(12), ip: '::1' }),
    )
    const redisKeys = [`${corePrefix}{${visitor}}`, `${corePrefix}{${tag}}:${member.slice(tag.length + 1)}`]
    for (const redisKey of redisKeys) assert.equal(await client.objectEncoding(redisKey), 'listpack')
    assert.deepEqual(fieldsOf(await store.load(visitor)), fields)
    assert.deepEqual(fieldsOf(await store.load(member)), fields)
  })

  test('every text comes back as it was, whichever one it follows', async () => {
    const [store, clock, key] = [coreStore(client), new ManualClock(), newKey()]
    await store.create(key, record(clock))
    // A walk by growing strides comes to each text from shorter and from longer ones.
    const all = texts()
    for (let step = 0, at = 0; step < 4 * all.length; step += 1, at = (at + step) % all.length) {
      const text = all[at] ?? ''
      assert.equal(await store.save(key, change(clock, { field: text, other: String(step) })), 'saved')
      assert.equal((await store.load(key))?.fields.get('field'), text)
    }
    await store.save(key, change(clock, {}, ['field', 'other']))
    assert.deepEqual(await client.hKeys(`${corePrefix}{${key}}`), ['m'])
  })

  test('a text in pieces is compared whole, copied whole, and no number to add to', async () => {
    const [store, clock] = [coreStore(client), new ManualClock()]
    for (const text of texts()) {
      const [key, newerKey] = [newKey(), newKey()]
      await store.create(key, record(clock, { field: text, whole: '1' }))
      const expect = new Map([['field', text]])
      const [more, less] = [`${text}x`, text.slice(0, -1)]
      for (const wrong of [more, less].filter((other) => other !== text)) {
        const unmet = { ...change(clock, {}), expect: new Map([['field', wrong]]) }
        assert.equal(await store.save(key, unmet), 'conflict')
      }
      assert.equal(await store.save(key, { ...change(clock, {}), expect, expectWhole: true }), 'conflict')
      expect.set('whole', '1')
      assert.equal(await store.save(key, { ...change(clock, {}), expect, expectWhole: true }), 'saved')
      const sum = { ...change(clock, {}), add: new Map([['field', 1]]) }
      await assert.rejects(store.save(key, sum), { code: 'SESSION_VALUE_INVALID' })
      await store.replace(key, newerKey, identity(clock), change(clock, {}))
      assert.deepEqual(fieldsOf(await store.load(newerKey)), { field: text, whole: '1' })
    }
  })
})
