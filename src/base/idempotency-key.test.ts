// Which field values are keys.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readKey } from './idempotency-key.ts'

const keys: readonly (readonly [field: string, key: string | undefined])[] = [
  ['"8e03978e-40d5-43dd-bc93-6894a57f9324"', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['8e03978e-40d5-43dd-bc93-6894a57f9324', '8e03978e-40d5-43dd-bc93-6894a57f9324'],
  ['  "a"  ', 'a'],
  ['"a b"', 'a b'],
  ['"a \\"b\\" \\\\"', 'a "b" \\'],
  [`"${'x'.repeat(255)}"`, 'x'.repeat(255)],
  [`"${'\\"'.repeat(255)}"`, '"'.repeat(255)],
  [`"${'x'.repeat(256)}"`, undefined],
  ['x'.repeat(256), undefined],
  ['', undefined],
  ['""', undefined],
  ['"  "', undefined],
  ['a b', undefined],
  ['a, b', undefined],
  ['"a", "b"', undefined],
  ['"a"; v=1', undefined],
  ['"a', undefined],
  ['a"', undefined],
  ['"a\\b"', undefined],
  ['"é"', undefined],
  ['"a\tb"', undefined],
]

for (const [field, key] of keys) {
  test(`readKey: ${JSON.stringify(field.slice(0, 40))} is ${key === undefined ? 'no key' : 'a key'}`, () => {
    assert.equal(readKey(field), key)
  })
}
