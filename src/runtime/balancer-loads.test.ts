import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BalancerLoads, noLoad, noTotals, withKnownLatency } from './balancer-loads.ts'

test('BalancerLoads adds up what all balancers say of an instance, those that are gone included', () => {
  const loads = new BalancerLoads()
  loads.retire([
    { id: '1', epoch: 1, inFlight: 5, requests: 10, failures: 1, errors: 2, draining: true, latency: [4, 6] },
  ])
  const sums = loads.sum([
    [{ id: '1', epoch: 2, inFlight: 1, requests: 3, errors: 1, latency: [0, 0, 3] }],
    [
      { id: '1', epoch: 1, inFlight: 2, requests: 1, failures: 1, ejected: true, draining: true },
      { id: '2', inFlight: 0, requests: 0 },
    ],
  ])
  assert.deepEqual(sums.get('1'), {
    inFlight: 3,
    requests: 14,
    failures: 2,
    errors: 3,
    latency: [4, 6, 3],
    epoch: 2,
    ejected: true,
    draining: true,
  })
  assert.deepEqual(sums.get('2'), noLoad)
  assert.deepEqual(loads.sum([]).get('1')?.inFlight, 0, 'what is gone does nothing now')
})

test('BalancerLoads adds up what became of requests, balancers that are gone included', () => {
  const loads = new BalancerLoads()
  assert.deepEqual(loads.sumTotals([]), noTotals)
  loads.retire([], { requests: 10, failed: 1, retried: 2, waited: 3 })
  const alive = { requests: 5, failed: 0, retried: 1, waited: 0 }
  assert.deepEqual(loads.sumTotals([alive, alive]), { requests: 20, failed: 1, retried: 4, waited: 3 })
})

test('withKnownLatency keeps what a report leaves out', () => {
  const before = [{ id: '1', inFlight: 0, requests: 1, latency: [1] }]
  const report = [
    { id: '1', inFlight: 1, requests: 2 },
    { id: '2', inFlight: 0, requests: 1, latency: [0, 1] },
    { id: '3', inFlight: 0, requests: 0 },
  ]
  assert.deepEqual(withKnownLatency(report, before), [
    { id: '1', inFlight: 1, requests: 2, latency: [1] },
    { id: '2', inFlight: 0, requests: 1, latency: [0, 1] },
    { id: '3', inFlight: 0, requests: 0 },
  ])
})
