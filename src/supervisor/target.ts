// What the fleet is to be in the words of those who decide it: how many, of which version, and which one is to follow it.
import type { FleetWish } from './plan.ts'
import type { Version } from './version.ts'

export interface Target {
  /** Instances that answer requests, of all versions together. */
  readonly instances: number
  readonly spares: number
  readonly current: Version
  /** The version that is being deployed. */
  readonly next?: NextVersion
}

export interface NextVersion {
  readonly version: Version
  /** How many of `Target.instances` are to be of it by now. */
  readonly instances: number
  /** How many instances are started beside the old ones at a time. */
  readonly surge: number
  /** It was found bad, and goes at once. */
  readonly isBad: boolean
}

export function wishOf({ instances, spares, current, next }: Target): FleetWish {
  if (next === undefined)
    return { servers: [{ version: current, instances }], spares, spareVersion: current, surge: 1 }
  const taken = next.isBad ? 0 : Math.min(instances, next.instances)
  return {
    servers: [
      { version: current, instances: instances - taken },
      { version: next.version, instances: taken, isBad: next.isBad },
    ],
    spares,
    spareVersion: current,
    surge: next.surge,
  }
}
