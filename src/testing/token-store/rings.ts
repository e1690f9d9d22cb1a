// The key ring record: created by one winner, replaced by whoever has read what is there.
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import type { TokenCase } from './stage.ts'

const newName = () => `ring ${randomUUID()} ÄÖ`

export const ringCases: readonly TokenCase[] = [
  {
    name: 'ring: none at first; what is saved is there for the other server, a version higher each time',
    async play({ here, there }) {
      const name = newName()
      assert.equal(await here.loadKeys(name), undefined)
      assert.equal(await here.saveKeys(name, 0, '{"a":"ä\\u0000"}'), true)
      assert.deepEqual(await there.loadKeys(name), { version: 1, text: '{"a":"ä\\u0000"}' })
      assert.equal(await there.saveKeys(name, 1, '{}'), true)
      assert.deepEqual(await here.loadKeys(name), { version: 2, text: '{}' })
      assert.equal(await here.loadKeys(newName()), undefined)
    },
  },
  {
    name: 'ring: whoever knows an older version, or one that never was, writes nothing',
    async play({ here, there }) {
      const name = newName()
      assert.equal(await here.saveKeys(name, 1, 'never'), false)
      assert.equal(await here.loadKeys(name), undefined)
      await here.saveKeys(name, 0, 'first')
      for (const version of [0, 2]) assert.equal(await there.saveKeys(name, version, 'late'), false)
      assert.deepEqual(await there.loadKeys(name), { version: 1, text: 'first' })
    },
  },
  {
    name: 'ring: of 20 that create it at once one does, and of 20 that replace it',
    async play({ here, there }) {
      const name = newName()
      for (const version of [0, 1]) {
        const texts = Array.from({ length: 20 }, (_, index) => `${version} ${index}`)
        const won = await Promise.all(
          texts.map((text, index) => (index % 2 === 0 ? here : there).saveKeys(name, version, text)),
        )
        const winners = texts.filter((_, index) => won[index] === true)
        assert.equal(winners.length, 1)
        assert.deepEqual(await here.loadKeys(name), { version: version + 1, text: winners[0] })
      }
    },
  },
  {
    name: 'ring: 64 KB are kept as they are',
    async play({ here, there }) {
      const name = newName()
      const text = 'x'.repeat(65_536)
      await here.saveKeys(name, 0, text)
      assert.equal((await there.loadKeys(name))?.text, text)
    },
  },
]
