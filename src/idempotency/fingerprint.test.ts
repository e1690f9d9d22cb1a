// What is the same request, and what is another.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bodyText, entryKey, fingerprintOf } from './fingerprint.ts'

const scope = { principal: 'ann', method: 'POST', path: '/orders', key: 'a' }

test('entryKey: each part counts, and no two scopes run into each other', () => {
  const keys = [
    scope,
    { ...scope, principal: 'bob' },
    { ...scope, method: 'PATCH' },
    { ...scope, path: '/orders/' },
    { ...scope, key: 'b' },
    { ...scope, path: '/ordersa', key: '' },
    { ...scope, path: '/orders1 a', key: '' },
    { ...scope, principal: 'annPOST', method: '' },
  ].map(entryKey)
  assert.equal(new Set(keys).size, keys.length)
  assert.equal(entryKey({ ...scope }), keys[0])
  for (const key of keys) assert.match(key, /^[\w-]{43}$/)
})

test('fingerprintOf: query and body both count; a text is its bytes', () => {
  assert.notEqual(fingerprintOf('a', 'b'), fingerprintOf('ab', ''))
  assert.notEqual(fingerprintOf('', 'ab'), fingerprintOf('ab', ''))
  assert.equal(fingerprintOf('a', 'ä'), fingerprintOf('a', Buffer.from('ä')))
})

test('bodyText: the order of fields does not count at any depth, all else does', () => {
  const body = { a: [{ x: 1, y: null }], b: 'text' }
  assert.equal(bodyText(body), bodyText({ b: 'text', a: [{ y: null, x: 1 }] }))
  for (const other of [
    { a: [{ x: '1', y: null }], b: 'text' },
    { a: [{ x: 1 }], b: 'text' },
    { a: { 0: { x: 1, y: null } }, b: 'text' },
    [body],
  ]) {
    assert.notEqual(bodyText(body), bodyText(other))
  }
  const own = JSON.parse('{"__proto__":{"a":1}}')
  assert.equal(bodyText(own), '{"__proto__":{"a":1}}')
  assert.equal(bodyText(undefined), '')
})
