import assert from 'node:assert/strict'
import { test } from 'node:test'
import { counter, single } from '../balancer/telemetry/metric.ts'
import type { FleetSnapshot } from '../control/snapshot.ts'
import { FleetMetrics } from './metrics.ts'

const instance = {
  pid: 21,
  port: 4001,
  version: 'v1',
  inFlight: 0,
  requests: 0,
  failures: 0,
  errors: 0,
  p99Ms: null,
  isSpare: false,
  ejected: false,
  uptimeMs: 1,
}
const snapshot: FleetSnapshot = {
  state: 'running',
  pid: 10,
  url: 'http://127.0.0.1:8080',
  admin: null,
  version: 'v1',
  scale: { instances: 1, autoscale: null },
  deploy: null,
  uptimeMs: 61_500,
  parked: 0,
  balancers: [
    { pid: 11, restarts: 2, state: 'serving' },
    { pid: 12, restarts: 0, state: 'serving' },
  ],
  instances: [
    { ...instance, id: '1', state: 'ready', restarts: 0 },
    { ...instance, id: '2', state: 'backoff', restarts: 4 },
  ],
}
const shed = (value: number) => [counter('drover_shed_total', 'Refused.', single(value))]

test('FleetMetrics adds up what balancers count and tells what the supervisor knows', async () => {
  const text = await new FleetMetrics().text(
    new Map([
      [11, shed(3)],
      [12, shed(4)],
    ]),
    snapshot,
  )
  for (const line of [
    '# TYPE drover_shed_total counter',
    'drover_shed_total 7',
    'drover_fleet_info{version="v1"} 1',
    'drover_uptime_seconds 61.5',
    'drover_instances{state="ready"} 1',
    'drover_instances{state="starting"} 0',
    'drover_instance_up{instance="1"} 1',
    'drover_instance_up{instance="2"} 0',
    'drover_instance_restarts_total{instance="2"} 4',
    'drover_balancers{state="serving"} 2',
    'drover_balancer_restarts_total 2',
  ])
    assert.ok(text.split('\n').includes(line), `${line} is missing in\n${text}`)
})

test('FleetMetrics never lets a counter fall when a balancer ends, and counts nothing twice', async () => {
  const metrics = new FleetMetrics()
  metrics.retire(9, shed(100))
  const shedOf = async (workers: ReadonlyMap<number, readonly unknown[]>) =>
    /^drover_shed_total (\d+)$/m.exec(await metrics.text(workers, snapshot))?.[1]
  assert.equal(await shedOf(new Map([[11, shed(3)]])), '3')
  metrics.retire(11, shed(5))
  const left = { ...snapshot, balancers: snapshot.balancers.slice(1) }
  assert.match(await metrics.text(new Map([[11, shed(5)]]), left), /^drover_shed_total 5$/m)
  assert.equal(await shedOf(new Map([[12, shed(1)]])), '6')
})

test('FleetMetrics leaves out what is not in the expected shape', async () => {
  const text = await new FleetMetrics().text(new Map([[11, [null, 5, { name: 'x' }]]]), snapshot)
  assert.doesNotMatch(text, /^x/m)
})
