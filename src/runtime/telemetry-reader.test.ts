import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTelemetry } from './telemetry-reader.ts'

const told = {
  pid: 7,
  state: 'serving',
  uptimeMs: 1,
  inFlight: 0,
  upgraded: 0,
  requests: 2,
  refused: 0,
  eventLoopUtilization: 0.5,
  eventLoopDelayP99Ms: 1,
  eventLoopDelayMaxMs: 2,
  rssBytes: 10,
  heapUsedBytes: 5,
  fingerprint: { currency: 'hash' },
  idempotentRoutes: [{ path: '/orders', methods: ['POST'], mint: true }],
}

test('telemetry is read as it was told', () => {
  assert.deepEqual(readTelemetry(JSON.stringify(told)), told)
})

test('what a newer version tells besides is left out, and what an older one does not tell is not announced', () => {
  const { idempotentRoutes: _routes, ...older } = told
  assert.deepEqual(readTelemetry(JSON.stringify({ ...told, more: 1 })), told)
  assert.deepEqual(readTelemetry(JSON.stringify(older)), { ...told, idempotentRoutes: [] })
})

test('a route that cannot be understood is not announced', () => {
  const odd = [{ path: '/a' }, { path: 'b', methods: ['POST'], mint: true }, null, '/c']
  const routes = [...odd, ...told.idempotentRoutes, { path: '/d', methods: ['post'], mint: false }]
  assert.deepEqual(readTelemetry(JSON.stringify({ ...told, idempotentRoutes: routes })), told)
})

test('anything else is not telemetry', () => {
  const others = [
    {},
    [],
    'ok',
    { ...told, state: 'fine' },
    { ...told, pid: '7' },
    { ...told, fingerprint: [] },
  ]
  for (const other of others) assert.equal(readTelemetry(JSON.stringify(other)), undefined)
  for (const text of ['', '<html>', '{"pid":']) assert.equal(readTelemetry(text), undefined)
})
