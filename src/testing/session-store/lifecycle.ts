// Closing, and staying open while others close.
import assert from 'node:assert/strict'
import { change, fieldsOf, newKey, newPrincipal, record } from './stage.ts'
import type { StagedCase } from './stage.ts'

const unavailable = { name: 'DroverError', code: 'STORE_UNAVAILABLE', status: 503 }

export const lifecycleCases: readonly StagedCase[] = [
  {
    name: 'close: every later call is STORE_UNAVAILABLE, never absent or gone',
    async play({ here, there, clock }) {
      const key = newKey()
      const stored = record(clock, { a: '1' })
      await here.create(key, stored)
      await here.close()
      await assert.rejects(here.load(key), unavailable)
      await assert.rejects(here.create(newKey(), stored), unavailable)
      await assert.rejects(here.save(key, change(clock, { a: '2' })), unavailable)
      await assert.rejects(here.replace(key, newKey(), stored, change(clock, {})), unavailable)
      await assert.rejects(here.touch(key, clock.now()), unavailable)
      await assert.rejects(here.delete(key), unavailable)
      await assert.rejects(here.list(newPrincipal().tag), unavailable)
      await assert.rejects(here.revokeAll(newPrincipal().tag), unavailable)
      assert.deepEqual(fieldsOf(await there.load(key)), { a: '1' })
    },
  },
  {
    name: 'close: idempotent, also at the same time and before any use',
    async play({ here, open }) {
      await Promise.all([here.close(), here.close()])
      await here.close()
      const unused = await open()
      await unused.close()
      await unused.close()
      await assert.rejects(unused.load(newKey()), unavailable)
    },
  },
  {
    name: 'close: another server goes on undisturbed, and a new one finds what was stored',
    async play({ here, there, open, clock }) {
      const key = newKey()
      await here.create(key, record(clock, { a: '1' }))
      await here.close()
      assert.equal(await there.save(key, change(clock, { b: '2' })), 'saved')
      const later = await open()
      assert.deepEqual(fieldsOf(await later.load(key)), { a: '1', b: '2' })
    },
  },
]
