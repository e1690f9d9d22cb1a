import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readDeployRequest, readLogRequest, readRollbackRequest, readScaleRequest } from './requests.ts'

test('requests that make sense are read as they are', () => {
  const whole = {
    dir: '/srv/app',
    command: ['node', 'server.ts', ''],
    env: { A: '' },
    label: 'v2',
    surge: 2,
    canary: { share: 0.1, forMs: 30_000 },
  }
  assert.deepEqual(readDeployRequest(whole), whole)
  assert.deepEqual(readDeployRequest({}), {})
  assert.deepEqual(readRollbackRequest({ number: 3 }), { number: 3 })
  assert.equal(readScaleRequest({ to: 64 }), 64)
  assert.equal(readScaleRequest({ to: 'auto' }), 'auto')
  assert.deepEqual(readLogRequest(new URLSearchParams('')), { lines: 100, follow: false })
  assert.deepEqual(readLogRequest(new URLSearchParams('instance=2&lines=5&follow')), {
    instance: '2',
    lines: 5,
    follow: true,
  })
})

const refused: readonly (readonly [read: () => unknown, message: string])[] = [
  [() => readDeployRequest({ dir: 'app' }), 'Cannot use dir in the request: wanted an absolute path'],
  [() => readDeployRequest({ command: [] }), 'Cannot use command in the request: wanted a program'],
  [() => readDeployRequest({ env: { A: 1 } }), 'Cannot use env.A in the request: wanted text'],
  [
    () => readDeployRequest({ surge: 0 }),
    'Cannot use surge in the request: wanted a whole number from 1 to 64',
  ],
  [
    () => readDeployRequest({ canary: { share: 1, forMs: 5 } }),
    'Cannot use canary.share in the request: wanted a number above 0 and below 1',
  ],
  [
    () => readDeployRequest({ later: true }),
    'Cannot use later in the request: wanted nothing but dir, command, env, label, surge and canary',
  ],
  [
    () => readDeployRequest(null),
    'Cannot use the request: wanted nothing but dir, command, env, label, surge and canary',
  ],
  [
    () => readRollbackRequest({ number: 0 }),
    `Cannot use number in the request: wanted a whole number from 1 to ${Number.MAX_SAFE_INTEGER}`,
  ],
  [
    () => readScaleRequest({ to: 65 }),
    'Cannot use to in the request: wanted a whole number from 1 to 64, or "auto"',
  ],
  [
    () => readLogRequest(new URLSearchParams('lines=all')),
    'Cannot use lines in the request: wanted a whole number from 0 to 100000',
  ],
]

for (const [read, message] of refused) {
  test(message, () => {
    assert.throws(read, { code: 'OPTION_INVALID', message })
  })
}
