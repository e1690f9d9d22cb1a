import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sharedVariables } from './shared-variables.ts'

test('keys, session store and version are shared without being listed, others when the fleet names them', () => {
  const env = {
    SESSION_KEYS: 'k',
    SESSION_STORE: 'sqlite:a.db',
    DROVER_VERSION: '3f2a',
    DATABASE_URL: 'postgres://…',
    EMPTY: '',
    PORT: '3000',
  }
  const always = { SESSION_KEYS: 'k', SESSION_STORE: 'sqlite:a.db', DROVER_VERSION: '3f2a' }
  assert.deepEqual(sharedVariables(env), always)
  assert.deepEqual(sharedVariables({ ...env, DROVER_FINGERPRINT: 'DATABASE_URL, EMPTY,,ABSENT' }), {
    ...always,
    DATABASE_URL: 'postgres://…',
    EMPTY: '',
  })
})

test('what is not set is not there', () => {
  assert.deepEqual(sharedVariables({ DROVER_FINGERPRINT: 'A,B', B: '1' }), { B: '1' })
  assert.deepEqual(sharedVariables({}), {})
})
