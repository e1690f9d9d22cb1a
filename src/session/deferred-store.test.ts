import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from '../../test/support/memory-store.ts'
import { isDroverError } from '../base/errors.ts'
import { deferredStore } from './deferred-store.ts'

const clock = { now: () => 0 }

test('deferredStore opens once, with the first call, and passes every call on', async () => {
  const memory = new MemoryStore(clock)
  let opened = 0
  const store = deferredStore(() => {
    opened += 1
    return Promise.resolve(memory)
  })
  assert.equal(opened, 0)
  const identity = {
    principal: undefined,
    device: undefined,
    ip: undefined,
    createdAtMs: 0,
    absoluteDeadlineMs: 9,
  }
  const change = { set: new Map<string, string>(), remove: new Set<string>(), idleDeadlineMs: 9 }
  await Promise.all([
    store.load('k'),
    store.create('k', { ...identity, fields: new Map(), idleDeadlineMs: 9 }),
  ])
  assert.equal(await store.save('k', change), 'saved')
  assert.equal(await store.replace('k', 'k2', identity, change), 'saved')
  await store.touch('k2', 9)
  await store.delete('k2')
  assert.equal(opened, 1)
  assert.deepEqual(memory.methods(), ['load', 'create', 'save', 'replace', 'touch', 'delete'])
})

test('deferredStore tries again after a failure to open', async () => {
  const memory = new MemoryStore(clock)
  let attempts = 0
  const store = deferredStore(() => {
    attempts += 1
    return attempts === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve(memory)
  })
  await assert.rejects(store.load('k'), /not yet/)
  assert.equal(await store.load('k'), undefined)
})

test('deferredStore.close does not open, closes what is open, and ends all use', async () => {
  const unused = deferredStore(() => Promise.reject(new Error('must not open')))
  await unused.close()
  const memory = new MemoryStore(clock)
  const used = deferredStore(() => Promise.resolve(memory))
  await used.load('k')
  await used.close()
  await used.close()
  assert.equal(memory.isUnavailable, true)
  for (const store of [unused, used]) {
    await assert.rejects(store.load('k'), (error) => isDroverError(error, 'STORE_UNAVAILABLE'))
  }
})
