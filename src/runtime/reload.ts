// Decides what a configuration that was read again changes in a running fleet: at once, or only with a restart.
import { isDeepStrictEqual } from 'node:util'
import type { FleetConfig } from '../config/options.ts'

/** When a changed option takes effect. */
type Effect = 'live' | 'restart'

/** Each setting of a fleet: what a person calls it, and when a change of it takes effect. */
const settings: { readonly [Name in keyof FleetConfig]: readonly [option: string, effect: Effect] } = {
  command: ['command', 'restart'],
  instances: ['instances', 'live'],
  spares: ['spares', 'live'],
  autoscale: ['autoscale', 'live'],
  maxMemory: ['maxMemory', 'restart'],
  hangTimeoutMs: ['hangTimeout', 'restart'],
  fingerprint: ['fingerprint', 'restart'],
  deploy: ['deploy', 'live'],
  port: ['port', 'restart'],
  host: ['host', 'restart'],
  health: ['health', 'restart'],
  reveal: ['reveal', 'live'],
  trustForwarded: ['trustForwarded', 'live'],
  proxyProtocol: ['proxyProtocol', 'live'],
  tls: ['tls', 'live'],
  idempotentRoutes: ['idempotentRoutes', 'live'],
  hedging: ['hedging', 'live'],
  weights: ['weights', 'live'],
  balancers: ['balancers', 'restart'],
  limits: ['limits', 'live'],
  accessLog: ['accessLog', 'live'],
  admin: ['admin', 'restart'],
  env: ['env', 'restart'],
  cwd: ['cwd', 'restart'],
  version: ['version', 'restart'],
  stateDir: ['state', 'restart'],
  readyTimeoutMs: ['readyTimeout', 'restart'],
  stopTimeoutMs: ['stopTimeout', 'restart'],
  drainTimeoutMs: ['drainTimeout', 'live'],
}

export interface ReloadPlan {
  /** What the fleet runs by from now on: what needs a restart stays as it was, so that it is named again next time. */
  readonly config: FleetConfig
  /** Names of changed options that take effect at once, and of those that need a restart of `drover up`. */
  readonly applied: readonly string[]
  readonly restart: readonly string[]
}

export function planReload(before: FleetConfig, after: FleetConfig): ReloadPlan {
  const changed = Object.entries(settings).filter(
    ([name]) => !isDeepStrictEqual(Reflect.get(before, name), Reflect.get(after, name)),
  )
  const live = changed.filter(([, [, effect]]) => effect === 'live')
  const restart = changed.filter(([, [, effect]]) => effect === 'restart')
  const values = live.map(([name]) => [name, Reflect.get(after, name)])
  return {
    config: Object.freeze({ ...before, ...Object.fromEntries(values) }),
    applied: live.map(([, [option]]) => option),
    restart: restart.map(([, [option]]) => option),
  }
}
