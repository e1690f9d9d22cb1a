import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { inspect } from 'node:util'
import { isDroverError } from '../base/errors.ts'
import { readKeyRing } from './key-ring.ts'

const [one, two] = [Buffer.alloc(32, 1).toString('base64'), Buffer.alloc(48, 2).toString('base64url')]

test('readKeyRing reads the same ring from a list, the environment and a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'drover-keys-'))
  try {
    const path = join(folder, 'keys')
    writeFileSync(path, `${one}\n${two}\n`)
    const rings = [
      readKeyRing('keys', [one, two]),
      readKeyRing('keys', 'env:APP_KEYS', { APP_KEYS: `${one}, ${two}` }),
      readKeyRing('keys', `file:${path}`),
    ]
    assert.equal(new Set(rings.map((ring) => ring.fingerprint)).size, 1)
    assert.equal(new Set(rings.map((ring) => ring.currentId)).size, 1)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the fingerprint differs with the keys and with their order', () => {
  const prints = [[one], [two], [one, two], [two, one]].map((keys) => readKeyRing('keys', keys).fingerprint)
  assert.equal(new Set(prints).size, 4)
})

test('derive gives each purpose its own 32 bytes, the same on every instance, and names a key it does not have', () => {
  const [ring, same] = [readKeyRing('keys', [one, two]), readKeyRing('keys', [two, one])]
  const derived = ring.derive(ring.currentId, 'a')
  assert.equal(derived.symmetricKeySize, 32)
  assert.ok(same.derive(ring.currentId, 'a').equals(derived))
  assert.ok(!ring.derive(ring.currentId, 'b').equals(derived))
  assert.ok(!ring.derive(same.currentId, 'a').equals(derived))
  assert.throws(() => ring.derive('nope', 'a'), { code: 'KEY_UNKNOWN', status: 503 })
})

test('readKeyRing refuses what is no ring, without showing any of it', () => {
  const secretWord = 'verysecretverysecret'
  for (const source of [
    undefined,
    [],
    'secret',
    'env:MISSING',
    'file:/does/not/exist',
    [secretWord],
    [`${secretWord} with spaces and more than thirty-two bytes`],
    [7],
    [one, one],
    Array.from({ length: 17 }, (_, index) => Buffer.alloc(32, index).toString('base64')),
  ]) {
    assert.throws(
      () => readKeyRing('encryptionKeys', source, {}),
      (error) =>
        isDroverError(error, 'OPTION_INVALID') &&
        error.message.startsWith('Cannot use encryptionKeys: ') &&
        !error.message.includes(secretWord),
      String(source),
    )
  }
})

test('a ring shows no secret when it is printed', () => {
  const ring = readKeyRing('keys', [one])
  ring.derive(ring.currentId, 'a')
  const shown = inspect(ring, { depth: 9, showHidden: true }) + JSON.stringify(ring)
  assert.ok(!shown.includes(one) && !shown.includes('Buffer'), shown)
})
