import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryStore } from '../test/support/memory-store.ts'
import { isDroverError } from './base/errors.ts'
import { sessions } from './index.ts'
import type { SessionsOptions } from './index.ts'

const store = new MemoryStore({ now: () => 0 })

function refusal(options: object): string {
  try {
    sessions(options)
  } catch (error) {
    if (isDroverError(error, 'OPTION_INVALID')) return error.message
    throw error
  }
  return 'accepted'
}

test('sessions refuses an unknown option and a bad value at once, by name', () => {
  assert.match(
    refusal({ storage: 'x' }),
    /^Cannot use option "storage": wanted one of mode, store, idle, absolute,/,
  )
  assert.match(refusal({ store, idle: 'soon' }), /^Cannot use idle "soon"/)
  for (const bad of [
    '',
    'sqlite:',
    'sqlite::memory:',
    'redis://',
    'mysql://x/y',
    7,
    null,
    {},
    { load() {} },
  ]) {
    assert.match(
      refusal({ store: bad }),
      /^Cannot use store .*: wanted (?:"sqlite:PATH"|an address)/,
      JSON.stringify(bad),
    )
  }
})

test('sessions never shows the password of a store it refuses', () => {
  const message = refusal({ store: 'mysql://ann:secret@db/shop' })
  assert.match(message, /"mysql:\/\/\*\*\*@db\/shop"/)
  assert.doesNotMatch(message, /secret/)
})

test('sessions accepts the documented stores without opening them', async () => {
  const accepted: SessionsOptions['store'][] = [
    'sqlite:.never-opened/shop.db',
    'redis://127.0.0.1:1',
    'rediss://ann:secret@127.0.0.1:1/0',
    'redis-sentinel://127.0.0.1:1,127.0.0.1:2/main',
    'redis-cluster://127.0.0.1:1',
    'postgres://ann:secret@127.0.0.1:1/shop',
    'memory:',
    store,
    undefined,
  ]
  for (const each of accepted) await sessions(each === undefined ? {} : { store: each }).close()
})

test('sessions.close ends all use', async () => {
  const closed = sessions({ store: 'sqlite:.never-opened/shop.db' })
  await closed.close()
  const incoming = {
    method: 'GET',
    header: (name: string) => (name === 'cookie' ? `sid=${'a'.repeat(43)}` : undefined),
    ip: undefined,
    encrypted: false,
    headLeft: () => false,
  }
  await assert.rejects(closed.open({}, incoming).data(), (error) => isDroverError(error, 'STORE_UNAVAILABLE'))
})
