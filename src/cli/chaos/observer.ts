// Looks at the fleet again and again while things are done to it.
import { setTimeout as pause } from 'node:timers/promises'
import { isDroverError, DroverError } from '../../base/errors.ts'
import type { ControlClient } from '../../control/client.ts'
import type { FleetSnapshot } from '../../control/snapshot.ts'
import type { Capacity } from './capacity.ts'
import { readCounts, type Counts } from './counts.ts'

export type WatchedFleet = Pick<ControlClient, 'status' | 'metrics' | 'deploy'>

const lookEveryMs = 150
/** While something is missing that was taken away less than `closelyForMs` ago: spares are there within milliseconds. */
const lookCloselyEveryMs = 15
const closelyForMs = 2_000
const countEveryMs = 1_000
/** A busy machine may let one answer be late. */
const maxFailures = 3

export interface ObserverPorts {
  readonly fleet: WatchedFleet
  readonly capacity: Capacity
  /** Monotonic milliseconds. */
  readonly now: () => number
}

export class Observer {
  readonly #ports: ObserverPorts
  #latest: FleetSnapshot | undefined
  #latestCounts: Counts | undefined

  constructor(ports: ObserverPorts) {
    this.#ports = ports
  }

  /** As it was seen last; undefined before the first look. */
  get latest(): FleetSnapshot | undefined {
    return this.#latest
  }

  /** As they were read last. */
  get latestCounts(): Counts | undefined {
    return this.#latestCounts
  }

  /** Rejects FLEET_NOT_RUNNING also for another fleet in its place, or one that is stopping. */
  async look(): Promise<FleetSnapshot> {
    const { fleet, capacity, now } = this.#ports
    const askedMs = now()
    const snapshot = await fleet.status()
    const isAnother = this.#latest !== undefined && this.#latest.pid !== snapshot.pid
    if (isAnother || snapshot.state === 'stopping') {
      const what = isAnother ? 'another one runs in its place' : 'it is stopping'
      throw new DroverError('FLEET_NOT_RUNNING', `Cannot watch the fleet: ${what}`)
    }
    this.#latest = snapshot
    capacity.look(snapshot, askedMs, now())
    return snapshot
  }

  /** What the fleet has counted of requests so far. */
  async count(): Promise<Counts> {
    const counts = readCounts(await this.#ports.fleet.metrics())
    this.#latestCounts = counts
    return counts
  }

  /** Looks and counts until `over` aborts. Rejects when the fleet has gone. */
  async watch(over: AbortSignal): Promise<void> {
    const { now, capacity } = this.#ports
    let failures = 0
    let countedMs = now()
    while (!over.aborted) {
      try {
        await this.look()
        if (now() - countedMs >= countEveryMs) {
          await this.count()
          countedMs = now()
        }
        failures = 0
      } catch (error) {
        failures++
        if (failures >= maxFailures || isDroverError(error, 'FLEET_NOT_RUNNING')) throw error
      }
      const isClose = capacity.isLackingSince(now() - closelyForMs)
      await wait(isClose ? lookCloselyEveryMs : lookEveryMs, over)
    }
  }
}

/** Resolves after `durationMs`, or when `over` aborts. */
export async function wait(durationMs: number, over: AbortSignal): Promise<void> {
  if (durationMs > 0) await pause(durationMs, undefined, { signal: over }).catch(() => undefined)
}
