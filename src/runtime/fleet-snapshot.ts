// Puts what the supervisor and the balancer each know together into one picture of the fleet.
import { isIPv6 } from 'node:net'
import type { Upstream } from '../balancer/messages.ts'
import { quantile } from '../balancer/telemetry/latency-buckets.ts'
import type { FleetSnapshot, InstanceSnapshot, Scale } from '../control/snapshot.ts'
import type { InstanceView } from '../supervisor/fleet-options.ts'
import type { Target } from '../supervisor/target.ts'
import type { BalancerGroupSnapshot } from './balancer-group.ts'

export interface FleetMoment {
  readonly state: FleetSnapshot['state']
  readonly pid: number
  readonly url: string
  readonly admin: string | undefined
  readonly target: Target
  readonly scale: Scale
  readonly startedAtMs: number
  readonly nowMs: number
  readonly instances: readonly InstanceView[]
  readonly balancing: BalancerGroupSnapshot
}

export function combineSnapshot(moment: FleetMoment): FleetSnapshot {
  const { balancing, target } = moment
  const { next } = target
  return {
    state: moment.state,
    pid: moment.pid,
    url: moment.url,
    admin: moment.admin ?? null,
    version: target.current.label,
    scale: moment.scale,
    deploy: next === undefined ? null : { version: next.version.label, number: next.version.number },
    uptimeMs: elapsedMs(moment.startedAtMs, moment.nowMs),
    parked: balancing.parked,
    balancers: balancing.balancers,
    instances: moment.instances.map((view) => instanceSnapshot(view, moment)),
  }
}

function instanceSnapshot(view: InstanceView, moment: FleetMoment): InstanceSnapshot {
  const load = moment.balancing.loads.get(view.id)
  const isAlive = view.pid !== undefined && view.startedAtMs !== undefined
  return {
    id: view.id,
    pid: view.pid ?? null,
    port: view.port ?? null,
    version: view.version.label,
    state: view.state,
    isSpare: view.role === 'spare',
    inFlight: load?.inFlight ?? 0,
    requests: load?.requests ?? 0,
    failures: load?.failures ?? 0,
    errors: load?.errors ?? 0,
    p99Ms: load === undefined ? null : (quantile(load.latency, 0.99) ?? null),
    ejected: load?.ejected ?? false,
    restarts: view.restarts,
    uptimeMs: isAlive ? elapsedMs(view.startedAtMs ?? moment.nowMs, moment.nowMs) : null,
  }
}

/** The wall clock may be set back while a fleet runs; an age is never negative. */
function elapsedMs(sinceMs: number, nowMs: number): number {
  return Math.max(0, Math.round(nowMs - sinceMs))
}

/**
 * The instances that the balancer needs to know: those that are ready and no spares, and those that are to finish what they have. The
 * latter until their processes have ended: who is not in the list is dead, and what it held may be done again elsewhere (R1).
 * `weights` by id; an instance without one gets as much as any other.
 */
export function readyUpstreams(
  instances: readonly InstanceView[],
  weights: Readonly<Record<string, number>> = {},
): Upstream[] {
  const upstreams: Upstream[] = []
  for (const { id, epoch, host, port, state, role } of instances) {
    const isLeaving = state === 'draining' || state === 'stopping'
    const isWanted = (state === 'ready' && role === 'server') || isLeaving
    if (!isWanted || host === undefined || port === undefined) continue
    const weight = weights[id]
    upstreams.push({
      id,
      epoch,
      host,
      port,
      ...(weight === undefined ? {} : { weight }),
      ...(isLeaving ? { draining: true } : {}),
    })
  }
  return upstreams
}

const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** Where a client on this machine connects; "every address" is shown as loopback, since nobody can open it. */
export function clientUrl(host: string, port: number, scheme: 'http' | 'https' = 'http'): string {
  const address = everywhere[host] ?? host
  return `${scheme}://${isIPv6(address) ? `[${address}]` : address}:${port}`
}
