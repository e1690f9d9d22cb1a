import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readKilled, readSnapshot, readStopped } from './answers.ts'
import type { FleetSnapshot } from './snapshot.ts'

const snapshot: FleetSnapshot = {
  state: 'running',
  pid: 10,
  url: 'http://127.0.0.1:8080',
  version: 'abc',
  uptimeMs: 5,
  parked: 0,
  balancers: [{ pid: null, restarts: 0 }],
  instances: [
    {
      id: '1',
      pid: null,
      port: null,
      version: 'abc',
      state: 'backoff',
      inFlight: 0,
      requests: 3,
      restarts: 1,
      uptimeMs: null,
    },
  ],
}

test('readSnapshot reads what a server sends, and drops what a newer one adds', () => {
  assert.deepEqual(readSnapshot(200, JSON.stringify({ ...snapshot, later: true })), snapshot)
})

const gibberish: readonly (readonly [status: number, body: string])[] = [
  [200, ''],
  [200, 'null'],
  [200, '<html>'],
  [200, JSON.stringify({ ...snapshot, state: 'asleep' })],
  [200, JSON.stringify({ ...snapshot, instances: [{}] })],
  [500, 'oops'],
  [502, '{}'],
]

for (const [status, body] of gibberish) {
  test(`readSnapshot refuses status ${status} with ${JSON.stringify(body.slice(0, 30))}`, () => {
    assert.throws(() => readSnapshot(status, body), {
      code: 'CONTROL_FAILED',
      message: new RegExp(`^Cannot read the fleet's answer \\(status ${status}\\): .+`),
    })
  })
}

test('readKilled throws the error of the other side with its code', () => {
  const body = JSON.stringify({ error: { code: 'INSTANCE_UNKNOWN', message: 'Cannot kill "9"' } })
  assert.throws(() => readKilled(404, body), { code: 'INSTANCE_UNKNOWN', message: 'Cannot kill "9"' })
})

test('readStopped gives a code it does not know the general one', () => {
  const body = JSON.stringify({ error: { code: 'FROM_THE_FUTURE', message: 'Cannot' } })
  assert.throws(() => readStopped(500, body), { code: 'CONTROL_FAILED', message: 'Cannot' })
})
