// What to do next so that the fleet becomes what is wished. Pure: a wish and the instances in, steps out. Crashes, deploys, scaling, spares and
// recycling are all this one comparison, asked again after every change.
import type { InstanceState } from './fleet-options.ts'
import type { Version } from './version.ts'

/** What the fleet should be. */
export interface FleetWish {
  /** How many instances of each version answer requests. */
  readonly servers: readonly WishedServers[]
  /** How many of them clients are promised to find ready; less than their sum while new ones run beside those they are to replace. */
  readonly promised: number
  /** Warm instances besides, ready and given nothing, of the version `spareVersion`. */
  readonly spares: number
  readonly spareVersion: Version
  /** How many instances more than wished there may be while others are replaced; at least 1. */
  readonly surge: number
}

export interface WishedServers {
  readonly version: Version
  readonly instances: number
  /** It was found bad: its instances go at once where another one is ready, before they are replaced. */
  readonly isBad?: boolean
}

/** A `server` is given requests once it is ready; a `spare` is not. */
export type InstanceRole = 'server' | 'spare'

/** What the plan must know of an instance. */
export interface PlannedInstance {
  readonly id: string
  /** The number of its version. */
  readonly version: number
  readonly state: InstanceState
  readonly role: InstanceRole
  /** It is to be replaced by another of its version, then drained. */
  readonly isRetiring: boolean
  readonly startedAtMs: number | undefined
}

export type Step =
  | { readonly kind: 'add'; readonly version: Version; readonly role: InstanceRole }
  /** A spare becomes a server, or a server that is not ready a spare. */
  | { readonly kind: 'assign'; readonly id: string; readonly role: InstanceRole }
  /** Nothing new for it; it ends once it has finished. */
  | { readonly kind: 'drain'; readonly id: string }
  /** It is given nothing, and ends at once. */
  | { readonly kind: 'remove'; readonly id: string }

/** Steps that may all be taken at once; none once the fleet is as wished, or must wait for instances to start or finish. */
export function planSteps(wish: FleetWish, instances: readonly PlannedInstance[]): readonly Step[] {
  const assigned = assignSpares(wish, instances)
  const roles = new Map(assigned.map(({ id, role }) => [id, role]))
  const present = instances.filter(isPresent)
  const inRole = (wanted: InstanceRole) =>
    present.filter(({ id, role }) => (roles.get(id) ?? role) === wanted)
  const servers = inRole('server')
  return [
    ...assigned.map(({ id, role }): Step => ({ kind: 'assign', id, role })),
    ...serverAdditions(wish, servers),
    ...serverDepartures(wish, servers),
    ...spareSteps(wish, inRole('spare')),
  ]
}

/** It is there or comes back by itself. */
export function isPresent({ state }: { readonly state: InstanceState }): boolean {
  return state === 'starting' || state === 'ready' || state === 'backoff'
}

interface Assignment {
  readonly id: string
  readonly role: InstanceRole
}

/** A ready spare takes the place of a server that is not ready, which becomes a spare when it is back; or a place that nobody has. */
function assignSpares(wish: FleetWish, instances: readonly PlannedInstance[]): readonly Assignment[] {
  return wish.servers.flatMap(({ version, instances: wanted, isBad = false }) => {
    if (isBad) return []
    const own = instances.filter((one) => one.version === version.number && isPresent(one))
    const servers = own.filter(({ role }) => role === 'server')
    const ready = servers.filter(({ state }) => state === 'ready')
    const waiting = servers.filter(({ state }) => state !== 'ready')
    const warm = own.filter(
      ({ role, state, isRetiring }) => role === 'spare' && state === 'ready' && !isRetiring,
    )
    const promoted = warm.slice(0, Math.max(0, wanted - ready.length))
    const surplus = Math.max(0, servers.length + promoted.length - wanted)
    return [
      ...promoted.map(({ id }): Assignment => ({ id, role: 'server' })),
      ...waiting
        .slice(0, Math.min(surplus, promoted.length))
        .map(({ id }): Assignment => ({ id, role: 'spare' })),
    ]
  })
}

/** Missing servers, as many as the surge allows beside those that are there. */
function serverAdditions(wish: FleetWish, servers: readonly PlannedInstance[]): readonly Step[] {
  const missing = wish.servers.flatMap(({ version, instances }) => {
    const staying = servers.filter((one) => one.version === version.number && !one.isRetiring).length
    return Array.from({ length: Math.max(0, instances - staying) }, () => version)
  })
  // One that waits to be started again holds no room: else a version that only crashes could not be replaced.
  const running = servers.filter(({ state }) => state !== 'backoff').length
  const allowed = Math.max(0, wish.promised + wish.surge - running)
  return missing.slice(0, allowed).map((version): Step => ({ kind: 'add', version, role: 'server' }))
}

/**
 * Servers beyond the wish: first those to be replaced, then those that are not ready, then the oldest. A ready one goes only while
 * as many stay ready as promised; one that starts is worth keeping as long as it could still make up for that. One that waits after
 * a death is not: a version that only crashes would never be replaced by the one that mends it.
 */
function serverDepartures(wish: FleetWish, servers: readonly PlannedInstance[]): readonly Step[] {
  const { promised } = wish
  let ready = servers.filter(({ state }) => state === 'ready').length
  return leavers(wish, servers).flatMap(({ instance, isUnwanted, isBad }): readonly Step[] => {
    const { id, state } = instance
    const isUseless = isUnwanted || state === 'backoff' || ready >= promised
    if (state !== 'ready') return isUseless ? [{ kind: 'remove', id }] : []
    const least = isBad ? 1 : promised
    if (ready <= least) return []
    ready -= 1
    return [{ kind: 'drain', id }]
  })
}

interface Leaver {
  readonly instance: PlannedInstance
  /** No instance of its version is wished. */
  readonly isUnwanted: boolean
  readonly isBad: boolean
}

function leavers(wish: FleetWish, servers: readonly PlannedInstance[]): readonly Leaver[] {
  const versions = new Set([
    ...wish.servers.map(({ version }) => version.number),
    ...servers.map(({ version }) => version),
  ])
  const all = [...versions].flatMap((number): readonly Leaver[] => {
    const { instances: wanted, isBad = false } = wishedOf(wish, number)
    const own = servers.filter(({ version }) => version === number).toSorted(firstToLeave)
    const surplus = own.slice(0, Math.max(0, own.length - wanted))
    return surplus.map((instance) => ({ instance, isUnwanted: wanted === 0, isBad }))
  })
  // What is bad goes before what is good but old, since only so many may go.
  return all.toSorted((left, right) => Number(right.isBad) - Number(left.isBad))
}

function wishedOf(wish: FleetWish, number: number): { readonly instances: number; readonly isBad?: boolean } {
  return wish.servers.find(({ version }) => version.number === number) ?? { instances: 0 }
}

function firstToLeave(left: PlannedInstance, right: PlannedInstance): number {
  return (
    Number(right.isRetiring) - Number(left.isRetiring) ||
    Number(left.state === 'ready') - Number(right.state === 'ready') ||
    (left.startedAtMs ?? 0) - (right.startedAtMs ?? 0)
  )
}

/** Spares that are too many, of another version or to be replaced go; missing ones come. */
function spareSteps(
  { spares: wanted, spareVersion }: FleetWish,
  spares: readonly PlannedInstance[],
): readonly Step[] {
  const fitting = spares.filter(({ version, isRetiring }) => version === spareVersion.number && !isRetiring)
  // A spare that is ready is worth more than one that starts.
  const kept = fitting
    .toSorted((left, right) => Number(right.state === 'ready') - Number(left.state === 'ready'))
    .slice(0, wanted)
  const gone = spares.filter((spare) => !kept.includes(spare))
  const missing = Math.max(0, wanted - kept.length)
  return [
    ...gone.map(({ id }): Step => ({ kind: 'remove', id })),
    ...Array.from({ length: missing }, (): Step => ({ kind: 'add', version: spareVersion, role: 'spare' })),
  ]
}
