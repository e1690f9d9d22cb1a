// The LeaseStore port in the memory of this process, for development and tests.
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import type { AcquireOutcome, LeaseStore } from '../../lease/store.ts'
import { unavailable } from '../unavailable.ts'
import { refuseWhereSeveralRun } from './alone.ts'
import type { MemoryStoreOptions } from './alone.ts'

interface Held {
  readonly fence: number
  readonly holder: string | undefined
  readonly untilMs: number
}

/**
 * Leases in the memory of this process. Throws OPTION_INVALID where several instances could run (NODE_ENV is "production", or
 * under `drover up`): each would hold every lease.
 */
export function memoryLeaseStore(options: MemoryStoreOptions = {}): LeaseStore {
  const { clock = systemClock, environment = process.env } = options
  refuseWhereSeveralRun(environment, 'leases')
  return new MemoryLeaseStore(new Map(), clock)
}

export class MemoryLeaseStore implements LeaseStore {
  readonly #leases: Map<string, Held>
  readonly #clock: Clock
  #isClosed = false

  constructor(leases: Map<string, Held>, clock: Clock) {
    this.#leases = leases
    this.#clock = clock
  }

  async acquire(name: string, holder: string, ttlMs: number): Promise<AcquireOutcome> {
    const nowMs = this.#begin('acquire', name)
    const before = this.#leases.get(name)
    const leftMs = (before?.untilMs ?? 0) - nowMs
    if (before?.holder !== undefined && leftMs > 0) return { status: 'held', leftMs }
    const fence = (before?.fence ?? 0) + 1
    this.#leases.set(name, { fence, holder, untilMs: nowMs + ttlMs })
    return { status: 'acquired', fence }
  }

  async renew(name: string, holder: string, ttlMs: number): Promise<boolean> {
    const nowMs = this.#begin('renew', name)
    const held = this.#leases.get(name)
    if (held === undefined || held.holder !== holder) return false
    this.#leases.set(name, { ...held, untilMs: Math.max(held.untilMs, nowMs + ttlMs) })
    return true
  }

  async release(name: string, holder: string): Promise<void> {
    this.#begin('release', name)
    const held = this.#leases.get(name)
    if (held?.holder === holder) this.#leases.set(name, { ...held, holder: undefined })
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #begin(verb: string, name: string): number {
    if (this.#isClosed) throw unavailable(`${verb} the lease "${name}"`, 'the store is closed')
    return this.#clock.now()
  }
}
