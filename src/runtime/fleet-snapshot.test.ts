import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { InstanceView } from '../supervisor/fleet-options.ts'
import { noLoad, noTotals } from './balancer-loads.ts'
import { clientUrl, combineSnapshot, readyUpstreams } from './fleet-snapshot.ts'

const version = { number: 1, label: 'abc', command: ['node'], cwd: '/', env: {} }
const target = { instances: 2, spares: 0, current: version }

const ready: InstanceView = {
  id: '1',
  epoch: 2,
  version,
  role: 'server',
  isRetiring: false,
  readyAtMs: 950,
  pid: 11,
  host: '127.0.0.1',
  port: 4001,
  state: 'ready',
  restarts: 1,
  startedAtMs: 900,
}
const dead: InstanceView = {
  id: '2',
  epoch: 1,
  version,
  role: 'server',
  isRetiring: false,
  readyAtMs: undefined,
  pid: undefined,
  host: undefined,
  port: undefined,
  state: 'backoff',
  restarts: 3,
  startedAtMs: undefined,
}

test("combineSnapshot puts the balancer's counts beside the supervisor's view", () => {
  const snapshot = combineSnapshot({
    state: 'running',
    pid: 10,
    url: 'http://127.0.0.1:8080',
    admin: 'http://127.0.0.1:9090',
    target,
    scale: { instances: 2, autoscale: { min: 1, max: 4 } },
    startedAtMs: 500,
    nowMs: 1000,
    instances: [ready, dead],
    balancing: {
      balancers: [{ pid: 12, restarts: 0, state: 'serving' }],
      parked: 4,
      loads: new Map([
        ['1', { ...noLoad, inFlight: 2, requests: 30, failures: 3, errors: 4, latency: [10], ejected: true }],
        ['gone', { ...noLoad, inFlight: 9, requests: 9 }],
      ]),
      totals: noTotals,
    },
  })
  assert.deepEqual(snapshot, {
    state: 'running',
    pid: 10,
    url: 'http://127.0.0.1:8080',
    admin: 'http://127.0.0.1:9090',
    version: 'abc',
    scale: { instances: 2, autoscale: { min: 1, max: 4 } },
    deploy: null,
    uptimeMs: 500,
    parked: 4,
    balancers: [{ pid: 12, restarts: 0, state: 'serving' }],
    instances: [
      {
        id: '1',
        pid: 11,
        port: 4001,
        version: 'abc',
        state: 'ready',
        isSpare: false,
        inFlight: 2,
        requests: 30,
        failures: 3,
        errors: 4,
        p99Ms: 0.495,
        ejected: true,
        restarts: 1,
        uptimeMs: 100,
      },
      {
        id: '2',
        pid: null,
        port: null,
        version: 'abc',
        state: 'backoff',
        isSpare: false,
        inFlight: 0,
        requests: 0,
        failures: 0,
        errors: 0,
        p99Ms: null,
        ejected: false,
        restarts: 3,
        uptimeMs: null,
      },
    ],
  })
})

test('combineSnapshot never tells a negative age when the clock is set back', () => {
  const balancing = { balancers: [], parked: 0, loads: new Map(), totals: noTotals }
  const moment = {
    state: 'running',
    pid: 1,
    url: '',
    admin: undefined,
    target,
    scale: { instances: 2, autoscale: null },
    startedAtMs: 500,
    nowMs: 100,
  } as const
  const snapshot = combineSnapshot({ ...moment, instances: [ready], balancing })
  assert.equal(snapshot.uptimeMs, 0)
  assert.equal(snapshot.instances[0]?.uptimeMs, 0)
})

test('readyUpstreams names the ready instances, and those that leave until they have ended, with their weights', () => {
  const starting: InstanceView = { ...ready, id: '3', state: 'starting' }
  const draining: InstanceView = { ...ready, id: '4', state: 'draining' }
  const stopping: InstanceView = { ...ready, id: '5', state: 'stopping' }
  const spare: InstanceView = { ...ready, id: '6', role: 'spare' }
  assert.deepEqual(readyUpstreams([ready, dead, starting, draining, stopping, spare], { 1: 2 }), [
    { id: '1', epoch: 2, host: '127.0.0.1', port: 4001, weight: 2 },
    { id: '4', epoch: 2, host: '127.0.0.1', port: 4001, draining: true },
    { id: '5', epoch: 2, host: '127.0.0.1', port: 4001, draining: true },
  ])
})

const urls: readonly (readonly [host: string, url: string])[] = [
  ['127.0.0.1', 'http://127.0.0.1:80'],
  ['localhost', 'http://localhost:80'],
  ['0.0.0.0', 'http://127.0.0.1:80'],
  ['::', 'http://[::1]:80'],
  ['fe80::1', 'http://[fe80::1]:80'],
]

for (const [host, url] of urls) {
  test(`clientUrl of ${host} is ${url}`, () => {
    assert.equal(clientUrl(host, 80), url)
  })
}

test('clientUrl says https where TLS is spoken', () => {
  assert.equal(clientUrl('127.0.0.1', 443, 'https'), 'https://127.0.0.1:443')
})
