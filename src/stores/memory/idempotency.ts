// The IdempotencyStore port in the memory of this process, for development and tests.
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import type { IdempotencyStore, Reservation, ReserveOutcome } from '../../idempotency/store.ts'
import { meet, reservedEntry } from '../reservation.ts'
import type { KeyEntry } from '../reservation.ts'
import { unavailable } from '../unavailable.ts'
import { refuseWhereSeveralRun } from './alone.ts'
import type { MemoryStoreOptions } from './alone.ts'

/**
 * Idempotency keys in the memory of this process: gone when it ends, unknown to every other. Throws OPTION_INVALID where several
 * instances could run (NODE_ENV is "production", or under `drover up`): a request repeated on another would be run twice.
 */
export function memoryIdempotencyStore(options: MemoryStoreOptions = {}): IdempotencyStore {
  const { clock = systemClock, environment = process.env } = options
  refuseWhereSeveralRun(environment, 'idempotency keys')
  return new MemoryIdempotencyStore(new Map(), clock)
}

/** With each reservation so many of the oldest are looked at: more than come, so that none pile up. */
const sweptPerReservation = 4

export class MemoryIdempotencyStore implements IdempotencyStore {
  /** In the order of reservation. */
  readonly #entries: Map<string, KeyEntry>
  readonly #clock: Clock
  #isClosed = false

  constructor(entries: Map<string, KeyEntry>, clock: Clock) {
    this.#entries = entries
    this.#clock = clock
  }

  async reserve(reservation: Reservation): Promise<ReserveOutcome> {
    const nowMs = this.#begin('reserve the idempotency key')
    const outcome = meet(this.#entries.get(reservation.key), reservation, nowMs)
    if (outcome.status !== 'reserved') return outcome
    this.#sweep(nowMs)
    this.#entries.delete(reservation.key)
    this.#entries.set(reservation.key, reservedEntry(reservation, nowMs))
    return outcome
  }

  async complete(key: string, token: string, response: string, retentionMs: number): Promise<boolean> {
    const nowMs = this.#begin('record the response')
    const entry = this.#held(key, token)
    if (entry === undefined) return false
    this.#entries.set(key, { ...entry, response, expiresAtMs: nowMs + retentionMs })
    return true
  }

  async renew(key: string, token: string, leaseMs: number): Promise<boolean> {
    const nowMs = this.#begin('renew the lease of the idempotency key')
    const entry = this.#held(key, token)
    if (entry === undefined) return false
    const laterMs = Math.max(0, nowMs + leaseMs - entry.leaseUntilMs)
    const { leaseUntilMs, expiresAtMs } = entry
    const renewed = { leaseUntilMs: leaseUntilMs + laterMs, expiresAtMs: expiresAtMs + laterMs }
    this.#entries.set(key, { ...entry, ...renewed })
    return true
  }

  async release(key: string, token: string): Promise<void> {
    this.#begin('release the idempotency key')
    if (this.#held(key, token) !== undefined) this.#entries.delete(key)
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #begin(doing: string): number {
    if (this.#isClosed) throw unavailable(doing, 'the store is closed')
    return this.#clock.now()
  }

  #held(key: string, token: string): KeyEntry | undefined {
    const entry = this.#entries.get(key)
    return entry?.token === token && entry.response === undefined ? entry : undefined
  }

  #sweep(nowMs: number): void {
    let looked = 0
    for (const [key, entry] of this.#entries) {
      if (looked >= sweptPerReservation) return
      looked += 1
      if (entry.expiresAtMs <= nowMs) this.#entries.delete(key)
    }
  }
}
