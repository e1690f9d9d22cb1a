// Whom a fault meets, of those that the fleet names.
import type { BalancerSnapshot, FleetSnapshot, InstanceSnapshot } from '../../control/snapshot.ts'
import { servers } from './capacity.ts'

export interface Victim {
  readonly pid: number
  /** `instance 2 (process 4711)`. */
  readonly name: string
}

/** A ready instance that gets requests and is not among `spared` processes; undefined: there is none. */
export function pickInstance(
  snapshot: FleetSnapshot,
  draw: number,
  spared: ReadonlySet<number>,
): Victim | undefined {
  const victims = servers(snapshot).flatMap(({ id, pid }: InstanceSnapshot) =>
    pid === null || spared.has(pid) ? [] : [{ pid, name: `instance ${id} (process ${pid})` }],
  )
  return pick(victims, draw)
}

export function pickBalancer(snapshot: FleetSnapshot, draw: number): Victim | undefined {
  const victims = snapshot.balancers.flatMap(({ pid, state }: BalancerSnapshot) =>
    pid === null || state !== 'serving' ? [] : [{ pid, name: `balancer (process ${pid})` }],
  )
  return pick(victims, draw)
}

/** Whether the fleet still has this process. A pid that it no longer names may be somebody else's by now. */
export function names({ instances, balancers }: FleetSnapshot, pid: number): boolean {
  return [...instances, ...balancers].some((one) => one.pid === pid)
}

function pick(victims: readonly Victim[], draw: number): Victim | undefined {
  return victims[Math.floor(draw * victims.length)]
}
