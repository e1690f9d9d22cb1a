import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FleetConfig } from '../config/options.ts'
import { planReload } from './reload.ts'

const before: FleetConfig = {
  command: ['node', 'server.ts'],
  instances: 3,
  spares: 0,
  autoscale: undefined,
  maxMemory: undefined,
  hangTimeoutMs: 5_000,
  fingerprint: [],
  deploy: { surge: 1, healthyTimeMs: 1, errorRate: 0.1, latency: 2 },
  port: 8080,
  host: '127.0.0.1',
  health: undefined,
  reveal: false,
  trustForwarded: false,
  proxyProtocol: false,
  tls: { certificates: [{ cert: '/c', key: '/k' }] },
  idempotentRoutes: [],
  hedging: undefined,
  weights: {},
  balancers: 1,
  limits: { parked: 10 },
  accessLog: undefined,
  admin: undefined,
  env: { A: '1' },
  cwd: '/app',
  version: 'v1',
  stateDir: '/app/.drover',
  readyTimeoutMs: 1,
  stopTimeoutMs: 1,
  drainTimeoutMs: 1,
}

test('planReload finds nothing to do where nothing changed', () => {
  const { config, applied, restart } = planReload(before, structuredClone(before))
  assert.deepEqual([config, applied, restart], [before, [], []])
})

test('planReload applies what may change live, and names what needs a restart and leaves it as it was', () => {
  const after: FleetConfig = {
    ...before,
    reveal: true,
    limits: { parked: 20 },
    weights: { 1: 2 },
    drainTimeoutMs: 2,
    port: 9090,
    command: ['node', 'other.ts'],
    stateDir: '/elsewhere',
    env: {},
  }
  const { config, applied, restart } = planReload(before, after)
  assert.deepEqual(applied, ['reveal', 'weights', 'limits', 'drainTimeout'])
  assert.deepEqual(restart, ['command', 'port', 'env', 'state'])
  const { reveal, limits, weights, drainTimeoutMs } = after
  assert.deepEqual(config, { ...before, reveal, limits, weights, drainTimeoutMs })
  assert.deepEqual(planReload(config, after).restart, restart)
})

test('planReload takes away what is no longer asked for', () => {
  const { config, applied } = planReload({ ...before, accessLog: '/log' }, { ...before, tls: undefined })
  assert.deepEqual(applied, ['tls', 'accessLog'])
  assert.equal(config.tls, undefined)
  assert.equal(config.accessLog, undefined)
})
