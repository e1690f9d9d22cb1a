// What all balancers together say of each instance, with counts that never fall when a balancer is gone.
import type { UpstreamLoad } from '../balancer/messages.ts'

export interface InstanceLoad {
  readonly inFlight: number
  /** Attempts answered, and attempts that failed, since the fleet started. */
  readonly requests: number
  readonly failures: number
  /** At least one balancer gives it nothing because its attempts failed. */
  readonly ejected: boolean
}

const none: InstanceLoad = { inFlight: 0, requests: 0, failures: 0, ejected: false }

export class BalancerLoads {
  /** What balancers counted that are gone. */
  readonly #earlier = new Map<string, InstanceLoad>()

  /** Takes over what a balancer had counted when it ended. */
  retire(loads: readonly UpstreamLoad[]): void {
    for (const load of loads) {
      const { id } = load
      const sum = add(this.#earlier.get(id) ?? none, load)
      this.#earlier.set(id, { ...sum, inFlight: 0, ejected: false })
    }
  }

  /** By instance: `alive`, one list for each balancer that runs, and all that is gone. */
  sum(alive: readonly (readonly UpstreamLoad[])[]): ReadonlyMap<string, InstanceLoad> {
    const sums = new Map(this.#earlier)
    for (const load of alive.flat()) sums.set(load.id, add(sums.get(load.id) ?? none, load))
    return sums
  }
}

function add(sum: InstanceLoad, load: UpstreamLoad): InstanceLoad {
  return {
    inFlight: sum.inFlight + load.inFlight,
    requests: sum.requests + load.requests,
    failures: sum.failures + (load.failures ?? 0),
    ejected: sum.ejected || load.ejected === true,
  }
}
