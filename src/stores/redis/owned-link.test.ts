import assert from 'node:assert/strict'
import { test } from 'node:test'
import { redisDefaults } from './defaults.ts'
import { reconnectPauseMs } from './owned-link.ts'

test('reconnectPauseMs: doubles from the first pause to the limit, jittered down to half of it', () => {
  const full = [1, 2, 3, 6, 7, 100].map((failures) => reconnectPauseMs(failures, redisDefaults, () => 1))
  assert.deepEqual(full, [50, 100, 200, 1_600, 2_000, 2_000])
  assert.equal(
    reconnectPauseMs(1, redisDefaults, () => 0),
    25,
  )
  assert.equal(
    reconnectPauseMs(100, redisDefaults, () => 0),
    1_000,
  )
})
