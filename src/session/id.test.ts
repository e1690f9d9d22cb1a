import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { isSessionId, keyOf, newSessionId } from './id.ts'

test('newSessionId carries 256 bits of the given random in 43 base64url characters', () => {
  const sizes: number[] = []
  const sessionId = newSessionId((size) => {
    sizes.push(size)
    return new Uint8Array(size).fill(255)
  })
  assert.deepEqual(sizes, [32])
  assert.equal(sessionId, `${'_'.repeat(42)}8`)
  assert.ok(isSessionId(newSessionId(randomBytes)))
})

test('isSessionId refuses a wrong length or alphabet', () => {
  const good = 'a'.repeat(43)
  assert.equal(isSessionId(good), true)
  for (const bad of [
    '',
    'a',
    good.slice(1),
    `${good}a`,
    `${good.slice(1)}+`,
    `${good}\n`,
    `"${good.slice(2)}"`,
  ]) {
    assert.equal(isSessionId(bad), false, JSON.stringify(bad))
  }
})

test('keyOf is the SHA-256 of the id in base64url', () => {
  const sessionId = 'a'.repeat(43)
  assert.equal(keyOf(sessionId), createHash('sha256').update(sessionId).digest('base64url'))
  assert.equal(keyOf(sessionId).length, 43)
})
