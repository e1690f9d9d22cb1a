import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { FleetSnapshot } from '../control/snapshot.ts'
import { watchFleet, type WatchPorts, type WatchView } from './watch.ts'

const instance = { pid: 1, port: 1, version: 'v', state: 'ready', inFlight: 0 } as const
const rest = { failures: 0, errors: 0, p99Ms: null, isSpare: false, ejected: false, restarts: 0, uptimeMs: 1 }

function snapshotOf(requests: number, pid = 10): FleetSnapshot {
  return {
    state: 'running',
    pid,
    url: 'http://127.0.0.1:8080',
    admin: null,
    version: 'v',
    scale: { instances: 1, autoscale: null },
    deploy: null,
    uptimeMs: 1,
    parked: 0,
    balancers: [{ pid: 12, restarts: 0, state: 'serving' }],
    instances: [{ ...instance, ...rest, id: '1', requests }],
  }
}

const plain = { paint: (_: unknown, text: string) => text }

/** Runs a watch in which a second passes between two looks, each of which sees the next of `sights`. */
async function watch(sights: readonly (FleetSnapshot | Error)[], isPatient = false) {
  const views: WatchView[] = []
  const waits: number[] = []
  const over = new AbortController()
  let nowMs = 0
  let looks = 0
  const ports: WatchPorts = {
    now: () => nowMs,
    look: () => {
      const sight = sights[looks++]
      // Each look takes a fifth of a second.
      nowMs += 200
      return sight instanceof Error || sight === undefined ? Promise.reject(sight) : Promise.resolve(sight)
    },
    show: (view) => views.push(view),
    signal: over.signal,
    isPatient,
    wait: (waitMs) => {
      waits.push(waitMs)
      nowMs += waitMs
      if (looks === sights.length) over.abort()
      return Promise.resolve()
    },
  }
  await watchFleet(ports)
  return { views, waits }
}

function ratesOf({ json }: WatchView): unknown {
  const { instances } = json as { readonly instances: readonly { readonly requestsPerSecond: unknown }[] }
  return instances[0]?.requestsPerSecond
}

test('watchFleet looks once a second and shows how much was answered since the last look', async () => {
  const { views, waits } = await watch([snapshotOf(100), snapshotOf(150), snapshotOf(150)])
  assert.deepEqual(views.map(ratesOf), [null, 50, 0])
  assert.deepEqual(waits, [800, 800, 800])
  assert.match(views[1]?.lines(plain).join('\n') ?? '', /REQ\/S[^]* 50 /)
})

test('watchFleet compares no counts of two fleets', async () => {
  const { views } = await watch([snapshotOf(100), snapshotOf(5, 11), snapshotOf(9, 11)])
  assert.deepEqual(views.map(ratesOf), [null, null, 4])
})

test('watchFleet fails at once where there is no fleet', async () => {
  await assert.rejects(watch([new Error('nothing is running there')], true), /nothing is running there/)
})

test('watchFleet goes on looking for a fleet that was there, where it may', async () => {
  const sights = [snapshotOf(1), new Error('nothing is running there'), snapshotOf(3)]
  const { views } = await watch(sights, true)
  assert.deepEqual(views[1]?.lines(plain), [
    'http://127.0.0.1:8080  not there',
    '',
    'nothing is running there; still looking',
  ])
  assert.equal(views.length, 3)
  await assert.rejects(watch(sights), /nothing is running there/)
})
