import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeDrift, findDrift } from './drift.ts'
import type { FingerprintHashes } from './drift.ts'

const reference = { SESSION_KEYS: 'a', DATABASE_URL: 'b', currency: 'c' }

function told(other: FingerprintHashes): string | undefined {
  return describeDrift(findDrift(reference, other), '3')
}

test('instances that have the same values have not drifted, in whatever order they tell them', () => {
  assert.equal(told({ currency: 'c', DATABASE_URL: 'b', SESSION_KEYS: 'a' }), undefined)
})

test('what differs, what is missing and what only one has are told by name', () => {
  assert.equal(told({ ...reference, SESSION_KEYS: 'x' }), 'SESSION_KEYS differs on instance 3')
  const { DATABASE_URL: _url, ...others } = reference
  assert.equal(told(others), 'DATABASE_URL is missing on instance 3')
  assert.equal(told({ ...reference, MAIL_KEY: 'd' }), 'MAIL_KEY is set only on instance 3')
})

test('several are told in one sentence, many by their number', () => {
  assert.equal(
    told({ SESSION_KEYS: 'x', DATABASE_URL: 'b' }),
    'SESSION_KEYS differs on instance 3, currency is missing on instance 3',
  )
  const many = Object.fromEntries(Array.from({ length: 9 }, (_, index) => [`N${index}`, 'x']))
  assert.match(
    describeDrift(findDrift({}, many), '3') ?? '',
    /^N0 is set only on instance 3, .*N4 .*, 4 more$/,
  )
})

test('a name is whatever the app says, on one line', () => {
  const name = 'two\nlines'
  assert.equal(describeDrift(findDrift({ [name]: 'a' }, {}), '3'), '"two\\nlines" is missing on instance 3')
  assert.deepEqual(findDrift({}, { constructor: 'a' }), [{ name: 'constructor', kind: 'is set only' }])
})
