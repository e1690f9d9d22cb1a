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
  /** How many of these were found good, so that as many old ones may go. Default: all, as soon as they are ready. */
  readonly proven?: number
  /** How many instances are started beside the old ones at a time. */
  readonly surge: number
  /** It was found bad, and goes at once. */
  readonly isBad: boolean
}

export function wishOf({ instances, spares, current, next }: Target): FleetWish {
  const rest = { promised: instances, spares, spareVersion: current }
  if (next === undefined) return { ...rest, servers: [{ version: current, instances }], surge: 1 }
  const { version, isBad, surge } = next
  const taken = isBad ? 0 : Math.min(instances, next.instances)
  const released = Math.min(taken, next.proven ?? taken)
  return {
    ...rest,
    servers: [
      { version: current, instances: instances - released },
      { version, instances: taken, isBad },
    ],
    surge,
  }
}
