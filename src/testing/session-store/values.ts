// Names and values an app, or somebody attacking it, may come up with.
import assert from 'node:assert/strict'
import { change, newKey, newPrincipal, record } from './stage.ts'
import type { StagedCase } from './stage.ts'

const hostileNames: readonly string[] = [
  '',
  '__proto__',
  'constructor',
  'toString',
  'hasOwnProperty',
  'm',
  '.',
  '.m',
  'meta',
  'principal',
  '0',
  '-1',
  ' ',
  'a b',
  'a\nb\r\n',
  'a\0b',
  '"quoted\'',
  '; DROP TABLE session; --',
  '{tag}:key',
  '%s%n',
  'Ünïcödé ключ 鍵 🔑',
  'e\u0301',
  '\u00e9',
  'Case',
  'case',
  'long'.repeat(2_500),
]

const opaqueValues: readonly string[] = [
  'null',
  '""',
  '0',
  '',
  ' { "spaces" :  "kept" } \n',
  'no JSON at all',
  '1e400',
  '9007199254740993',
  '"\\u0000"',
  'a\0b',
  '"🔑 鍵"',
  "'; --",
]

function big(letter: string): string {
  return JSON.stringify(letter.repeat(256 * 1024))
}

const anyTexts: readonly string[] = ['', '-', '=', ' ', 'a\nb', 'a b 1 2 3', 'ключ 🔑', 'undefined', 'null']

export const valueCases: readonly StagedCase[] = [
  {
    name: 'fields: any name is kept apart from every other and from what the store itself keeps',
    async play({ here, there, clock }) {
      const [key, newerKey] = [newKey(), newKey()]
      const fields = new Map(hostileNames.map((name, index) => [name, String(index)]))
      const stored = record(clock, {}, { fields, principal: 'ann' })
      await here.create(key, stored)
      assert.deepEqual(await there.load(key), stored)
      const saved = new Map(hostileNames.map((name, index) => [name, String(-index)]))
      await there.save(key, { ...change(clock, {}), set: saved })
      await there.replace(key, newerKey, stored, change(clock, {}))
      assert.deepEqual(await here.load(newerKey), { ...stored, fields: saved })
      await here.save(newerKey, change(clock, {}, hostileNames))
      assert.deepEqual(await there.load(newerKey), { ...stored, fields: new Map() })
    },
  },
  {
    name: 'fields: a value comes back as the very text that was stored',
    async play({ here, there, clock }) {
      const key = newKey()
      const fields = new Map(opaqueValues.map((value, index) => [`field${index}`, value]))
      await here.create(key, record(clock))
      await here.save(key, { ...change(clock, {}), set: fields })
      assert.deepEqual((await there.load(key))?.fields, fields)
    },
  },
  {
    name: 'fields: a value of 256 KB is kept whole, created, saved and replaced',
    async play({ here, there, clock }) {
      const [key, newerKey] = [newKey(), newKey()]
      const stored = record(clock, { one: big('a') })
      await here.create(key, stored)
      await there.save(key, change(clock, { two: big('ß') }))
      await here.replace(key, newerKey, stored, change(clock, { three: big('c') }))
      const found = await there.load(newerKey)
      const expected = new Map([
        ['one', big('a')],
        ['two', big('ß')],
        ['three', big('c')],
      ])
      assert.deepEqual(found?.fields, expected)
    },
  },
  {
    name: 'fields: a session of 1,000 fields is kept whole',
    async play({ here, there, clock }) {
      const [key, newerKey] = [newKey(), newKey()]
      const fields = new Map(Array.from({ length: 1_000 }, (_, index) => [`field${index}`, String(index)]))
      const stored = record(clock, {}, { fields })
      await here.create(key, stored)
      await there.replace(key, newerKey, stored, change(clock, {}))
      assert.deepEqual((await here.load(newerKey))?.fields, fields)
    },
  },
  {
    name: 'principal: any text is kept, and the empty one is not a visitor',
    async play({ here, there, clock }) {
      for (const principal of anyTexts) {
        const key = newKey()
        await here.create(key, record(clock, {}, { principal }))
        await there.save(key, change(clock, { a: '1' }, [], clock.now() + 1))
        await there.touch(key, clock.now() + 2 * 600_000)
        assert.equal((await there.load(key))?.principal, principal)
      }
    },
  },
  {
    name: 'device and ip: any text is kept, the empty one is not none, and one may be without the other',
    async play({ here, there, clock }) {
      const { principal, tag } = newPrincipal()
      const texts = [undefined, ...anyTexts, '"Firefox" on \'Linux\'', '2001:db8::1%eth0', 'long'.repeat(250)]
      for (const [index, device] of texts.entries()) {
        const [key, newerKey] = [newKey(tag), newKey(tag)]
        const stored = record(clock, {}, { principal, device, ip: texts[texts.length - 1 - index] })
        await here.create(key, stored)
        await there.save(key, change(clock, { a: '1' }, [], clock.now() + 1))
        await there.touch(key, clock.now() + 2 * 600_000)
        const found = await there.load(key)
        assert.deepEqual([found?.principal, found?.device, found?.ip], [principal, device, stored.ip])
        await here.replace(key, newerKey, { ...stored, device: stored.ip, ip: device }, change(clock, {}))
        const moved = await there.load(newerKey)
        assert.deepEqual([moved?.principal, moved?.device, moved?.ip], [principal, stored.ip, device])
      }
    },
  },
]
