// Several servers at once.
import assert from 'node:assert/strict'
import { change, fieldsOf, newKey, record } from './stage.ts'
import type { StagedCase } from './stage.ts'

const rounds = 50

export const concurrencyCases: readonly StagedCase[] = [
  {
    name: 'concurrent saves of different fields by two servers all survive',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock))
      const names = Array.from({ length: rounds }, (_, index) => `field${index}`)
      const saves = names.flatMap((name) => [
        here.save(key, change(clock, { [`${name}-here`]: '1' })),
        there.save(key, change(clock, { [`${name}-there`]: '2' })),
      ])
      assert.deepEqual(new Set(await Promise.all(saves)), new Set(['saved']))
      const expected = names.flatMap((name) => [
        [`${name}-here`, '1'],
        [`${name}-there`, '2'],
      ])
      assert.deepEqual(fieldsOf(await here.load(key)), Object.fromEntries(expected))
    },
  },
  {
    name: 'concurrent creates: 100 sessions by two servers are all stored',
    async play({ here, there, clock }) {
      const keys = Array.from({ length: 100 }, () => newKey())
      await Promise.all(
        keys.map((key, index) =>
          (index % 2 === 0 ? here : there).create(key, record(clock, { index: String(index) })),
        ),
      )
      const found = await Promise.all(keys.map((key) => there.load(key)))
      assert.deepEqual(
        found.map((one) => one?.fields.get('index')),
        keys.map((_, index) => String(index)),
      )
    },
  },
  {
    name: 'concurrent creates of one key: exactly one wins, the rest are SESSION_ID_TAKEN',
    async play({ here, there, clock }) {
      const key = newKey()
      const attempts = Array.from({ length: 10 }, (_, index) =>
        (index % 2 === 0 ? here : there).create(key, record(clock, { winner: String(index) })),
      )
      const results = await Promise.allSettled(attempts)
      const winners = results.flatMap((result, index) =>
        result.status === 'fulfilled' ? [String(index)] : [],
      )
      const losses = results.flatMap((result) => (result.status === 'rejected' ? [result.reason?.code] : []))
      assert.equal(winners.length, 1)
      assert.deepEqual(new Set(losses), new Set(['SESSION_ID_TAKEN']))
      assert.equal((await there.load(key))?.fields.get('winner'), winners[0])
    },
  },
  {
    name: 'a delete amid saves of another server: what comes after it is gone, and the session stays absent',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock))
      const before = Array.from({ length: rounds }, (_, index) =>
        here.save(key, change(clock, { a: String(index) })),
      )
      const deleted = there.delete(key)
      const during = Array.from({ length: rounds }, () => here.save(key, change(clock, { b: '1' })))
      await Promise.all([...before, deleted, ...during])
      assert.equal(await here.save(key, change(clock, { c: '1' })), 'gone')
      assert.equal(await here.load(key), undefined)
    },
  },
  {
    name: 'a save is seen whole or not at all by a server that loads meanwhile',
    async play({ here, there, clock }) {
      const key = newKey()
      await here.create(key, record(clock, { one: '0', two: '0' }))
      for (let round = 1; round <= rounds; round += 1) {
        const both = String(round)
        const saving = here.save(key, change(clock, { one: both, two: both }))
        const loads = Promise.all(Array.from({ length: 10 }, () => there.load(key)))
        const [founds] = await Promise.all([loads, saving])
        for (const found of founds) assert.equal(found?.fields.get('one'), found?.fields.get('two'))
        assert.deepEqual(fieldsOf(await there.load(key)), { one: both, two: both })
      }
    },
  },
]
