// What a running fleet says of itself: one instance is ready, one waits to be started again.
import type { FleetSnapshot } from '../../src/control/snapshot.ts'

const instance = {
  port: 4001,
  version: 'abc',
  isSpare: false,
  inFlight: 2,
  requests: 7,
  failures: 1,
  errors: 0,
  p99Ms: null,
  ejected: false,
  restarts: 0,
}

export const snapshot: FleetSnapshot = {
  state: 'running',
  pid: 10,
  url: 'http://127.0.0.1:8080',
  admin: null,
  version: 'abc',
  scale: { instances: 2, autoscale: null },
  deploy: null,
  uptimeMs: 61_000,
  parked: 0,
  balancers: [{ pid: 12, restarts: 0, state: 'serving' }],
  instances: [
    { ...instance, id: '1', state: 'ready', pid: 11, uptimeMs: 60_000 },
    { ...instance, id: '2', state: 'backoff', pid: null, port: null, uptimeMs: null },
  ],
}
