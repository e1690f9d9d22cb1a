import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LoadReports } from './load-reports.ts'
import type { BalancerLoad } from './messages.ts'

const load = (requests: number, latency: readonly number[] = [requests]): BalancerLoad => ({
  type: 'load',
  parked: 0,
  upstreams: [{ id: '1', inFlight: 0, requests, latency }],
})
const short = (requests: number): BalancerLoad => ({
  type: 'load',
  parked: 0,
  upstreams: [{ id: '1', inFlight: 0, requests }],
})

test('LoadReports sends what is new, and nothing where nothing is', () => {
  const reports = new LoadReports()
  assert.deepEqual(reports.next(load(1), 0), load(1))
  assert.deepEqual(reports.next(load(2), 100), short(2))
  assert.equal(reports.next(load(2), 200), undefined)
})

test('LoadReports sends latency once a second, where it has changed, and at the end', () => {
  const reports = new LoadReports()
  reports.next(load(1), 0)
  assert.deepEqual(reports.next(load(2), 999), short(2))
  assert.deepEqual(reports.next(load(3), 1_000), load(3))
  assert.deepEqual(reports.next(load(4, [3]), 2_000), short(4))
  assert.deepEqual(reports.next(load(5), 2_100, true), load(5))
})
