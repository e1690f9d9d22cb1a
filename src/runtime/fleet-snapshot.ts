// Puts what the supervisor and the balancer each know together into one picture of the fleet.
import { isIPv6 } from 'node:net'
import type { Upstream } from '../balancer/messages.ts'
import type { FleetSnapshot, InstanceSnapshot } from '../control/snapshot.ts'
import type { InstanceView } from '../supervisor/fleet-options.ts'
import type { BalancerProcessSnapshot } from './balancer-process.ts'

export interface FleetMoment {
  readonly state: FleetSnapshot['state']
  readonly pid: number
  readonly url: string
  readonly version: string
  readonly startedAtMs: number
  readonly nowMs: number
  readonly instances: readonly InstanceView[]
  readonly balancer: BalancerProcessSnapshot
}

export function combineSnapshot(moment: FleetMoment): FleetSnapshot {
  const { balancer } = moment
  return {
    state: moment.state,
    pid: moment.pid,
    url: moment.url,
    version: moment.version,
    uptimeMs: elapsedMs(moment.startedAtMs, moment.nowMs),
    parked: balancer.parked,
    balancers: [{ pid: balancer.pid, restarts: balancer.restarts }],
    instances: moment.instances.map((view) => instanceSnapshot(view, moment)),
  }
}

function instanceSnapshot(view: InstanceView, moment: FleetMoment): InstanceSnapshot {
  const load = moment.balancer.loads.get(view.id)
  const isAlive = view.pid !== undefined && view.startedAtMs !== undefined
  return {
    id: view.id,
    pid: view.pid ?? null,
    port: view.port ?? null,
    version: moment.version,
    state: view.state,
    inFlight: load?.inFlight ?? 0,
    requests: load?.requests ?? 0,
    restarts: view.restarts,
    uptimeMs: isAlive ? elapsedMs(view.startedAtMs ?? moment.nowMs, moment.nowMs) : null,
  }
}

/** The wall clock may be set back while a fleet runs; an age is never negative. */
function elapsedMs(sinceMs: number, nowMs: number): number {
  return Math.max(0, Math.round(nowMs - sinceMs))
}

/** The instances that may be given requests: those that are ready, and no others. */
export function readyUpstreams(instances: readonly InstanceView[]): Upstream[] {
  const upstreams: Upstream[] = []
  for (const { id, epoch, host, port, state } of instances) {
    if (state === 'ready' && host !== undefined && port !== undefined)
      upstreams.push({ id, epoch, host, port })
  }
  return upstreams
}

const everywhere: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' }

/** Where a client on this machine connects; "every address" is shown as loopback, since nobody can open it. */
export function clientUrl(host: string, port: number): string {
  const address = everywhere[host] ?? host
  return `http://${isIPv6(address) ? `[${address}]` : address}:${port}`
}
