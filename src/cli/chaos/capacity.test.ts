import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FleetSnapshot, InstanceSnapshot } from '../../control/snapshot.ts'
import { Capacity } from './capacity.ts'
import type { Deed } from './fault.ts'
import { names, pickBalancer, pickInstance } from './victims.ts'

function instance(pid: number, over: Partial<InstanceSnapshot> = {}): InstanceSnapshot {
  const counts = { inFlight: 0, requests: 0, failures: 0, errors: 0, p99Ms: null, restarts: 0, uptimeMs: 1 }
  const what = { port: 1, version: 'a', state: 'ready', isSpare: false, ejected: false } as const
  return { id: String(pid), pid, ...what, ...counts, ...over }
}

function fleet(instances: readonly InstanceSnapshot[], balancers: readonly number[] = [90]): FleetSnapshot {
  return {
    state: 'running',
    pid: 1,
    url: 'http://127.0.0.1:1',
    admin: null,
    version: 'a',
    scale: { instances: 2, autoscale: null },
    deploy: null,
    uptimeMs: 1,
    parked: 0,
    balancers: balancers.map((pid) => ({ pid, restarts: 0, state: 'serving' })),
    instances,
  }
}

function deedOf(kind: Deed['kind']): Deed {
  return { kind, atMs: 0, target: '', outcome: 'going on', detail: '', backMs: null, tookAway: false }
}

const whole = fleet([instance(11), instance(12), instance(13, { isSpare: true })])

test('Capacity does not count a killed instance that the fleet still takes for ready', () => {
  const capacity = new Capacity()
  const deed = deedOf('kill')
  capacity.take(deed, 'instances', 11, whole, 1_000)
  capacity.look(whole, 1_001, 1_002)
  assert.deepEqual([deed.backMs, deed.tookAway], [null, true])
  assert.equal(capacity.isLackingSince(1_000), true)
  assert.equal(capacity.isLackingSince(1_001), false)
})

test('Capacity is back as soon as a spare serves', () => {
  const capacity = new Capacity()
  const deed = deedOf('kill')
  capacity.take(deed, 'instances', 11, whole, 1_000)
  capacity.look(fleet([instance(12), instance(13)]), 1_004, 1_005)
  assert.equal(deed.backMs, 5)
  capacity.look(fleet([instance(12), instance(13)]), 1_104, 1_105)
  assert.equal(deed.backMs, 5)
})

test('Capacity leaves out a look that began before the fault', () => {
  const capacity = new Capacity()
  const deed = deedOf('kill')
  capacity.take(deed, 'instances', 11, whole, 1_000)
  capacity.look(fleet([instance(12), instance(13)]), 999, 1_001)
  assert.equal(deed.backMs, null)
})

test('Capacity wants no more instances than the fleet does by now', () => {
  const capacity = new Capacity()
  const deed = deedOf('kill')
  capacity.take(deed, 'instances', 11, whole, 0)
  const smaller = { ...fleet([instance(12)]), scale: { instances: 1, autoscale: null } }
  capacity.look(smaller, 10, 20)
  assert.equal(deed.backMs, 20)
})

test('Capacity tells when a killed instance is replaced apart from one that hangs', () => {
  const capacity = new Capacity()
  const [hang, kill] = [deedOf('hang'), deedOf('kill')]
  capacity.take(hang, 'instances', 12, whole, 0)
  capacity.take(kill, 'instances', 11, whole, 100)
  capacity.look(fleet([instance(12), instance(14)]), 400, 401)
  assert.deepEqual([hang.backMs, kill.backMs], [null, 301])
  capacity.look(fleet([instance(14), instance(15)]), 900, 901)
  assert.equal(hang.backMs, 901)
})

test('Capacity looks at balancers for a balancer', () => {
  const capacity = new Capacity()
  const deed = deedOf('balancer')
  capacity.take(deed, 'balancers', 90, whole, 0)
  capacity.look(whole, 1, 1)
  assert.equal(deed.backMs, null)
  capacity.look(fleet([instance(11)], [91]), 300, 301)
  assert.equal(deed.backMs, 301)
})

test('Capacity forgets an instance that was let go on', () => {
  const capacity = new Capacity()
  const deed = deedOf('hang')
  capacity.take(deed, 'instances', 11, whole, 0)
  capacity.giveBack(deed, 11)
  capacity.look(whole, 10, 10)
  assert.deepEqual([deed.backMs, deed.tookAway, capacity.isLackingSince(0)], [null, false, false])
})

test('pickInstance draws among ready ones that serve and are not spared', () => {
  const mixed = fleet([
    instance(11),
    instance(12, { state: 'starting' }),
    instance(13),
    instance(14, { isSpare: true }),
  ])
  assert.equal(pickInstance(mixed, 0, new Set())?.name, 'instance 11 (process 11)')
  assert.equal(pickInstance(mixed, 0.99, new Set())?.pid, 13)
  assert.equal(pickInstance(mixed, 0, new Set([11]))?.pid, 13)
  assert.equal(pickInstance(mixed, 0, new Set([11, 13])), undefined)
  assert.equal(pickBalancer(mixed, 0.5)?.name, 'balancer (process 90)')
  assert.deepEqual([names(mixed, 12), names(mixed, 90), names(mixed, 1)], [true, true, false])
})
