import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readKilled, readMetrics, readReloaded, readSnapshot, readStopped } from './answers.ts'
import type { FleetSnapshot } from './snapshot.ts'

const snapshot: FleetSnapshot = {
  state: 'running',
  pid: 10,
  url: 'http://127.0.0.1:8080',
  admin: null,
  version: 'abc',
  scale: { instances: 1, autoscale: null },
  deploy: null,
  uptimeMs: 5,
  parked: 0,
  balancers: [{ pid: null, restarts: 0, state: 'down' }],
  instances: [
    {
      id: '1',
      pid: null,
      port: null,
      version: 'abc',
      state: 'backoff',
      inFlight: 0,
      requests: 3,
      failures: 1,
      errors: 2,
      p99Ms: 12,
      isSpare: true,
      ejected: true,
      restarts: 1,
      uptimeMs: null,
    },
  ],
}

test('readSnapshot reads what a server sends, and drops what a newer one adds', () => {
  assert.deepEqual(readSnapshot(200, JSON.stringify({ ...snapshot, later: true })), snapshot)
})

test('readSnapshot reads what an older fleet sends', () => {
  const { admin: _, ...older } = snapshot
  const instances = older.instances.map(({ failures: _failures, ejected: _ejected, ...rest }) => rest)
  const body = JSON.stringify({ ...older, balancers: [{ pid: 1, restarts: 0 }], instances })
  const read = readSnapshot(200, body)
  assert.equal(read.admin, null)
  assert.deepEqual(read.balancers, [{ pid: 1, restarts: 0, state: 'serving' }])
  assert.deepEqual([read.instances[0]?.failures, read.instances[0]?.ejected], [0, false])
})

test('readReloaded and readMetrics pass on what the fleet said, or the error it threw', () => {
  const reloaded = { applied: ['limits'], restart: ['port'], certificates: true, replaced: 1, cut: 0 }
  assert.deepEqual(readReloaded(200, JSON.stringify(reloaded)), reloaded)
  assert.equal(readMetrics(200, 'up 1\n'), 'up 1\n')
  const body = JSON.stringify({ error: { code: 'OPTION_INVALID', message: 'Cannot use port' } })
  assert.throws(() => readReloaded(400, body), { code: 'OPTION_INVALID', message: 'Cannot use port' })
  assert.throws(() => readMetrics(400, body), { code: 'OPTION_INVALID' })
  assert.throws(() => readMetrics(500, 'oops'), { code: 'CONTROL_FAILED' })
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
