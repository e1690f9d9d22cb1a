// What the cases of the IdempotencyStore contract play on.
import { randomBytes } from 'node:crypto'
import type { IdempotencyStore, Reservation, ReserveOutcome } from '../../idempotency/store.ts'
import type { TwoServersCase } from '../two-servers.ts'

export type IdempotencyCase = TwoServersCase<IdempotencyStore>

export const leaseMs = 30_000
export const retentionMs = 3_600_000

export const reserved: ReserveOutcome = { status: 'reserved' }
export const mismatch: ReserveOutcome = { status: 'mismatch' }
export const runningFor = (leftMs: number): ReserveOutcome => ({ status: 'running', leftMs })
export const doneWith = (response: string): ReserveOutcome => ({ status: 'done', response })

/** A first attempt, of a key never used before. */
export function attempt(given: Partial<Reservation> = {}): Reservation {
  return {
    key: randomBytes(32).toString('base64url'),
    fingerprint: randomBytes(32).toString('base64url'),
    owner: '1#1',
    token: newToken(),
    leaseMs,
    retentionMs,
    ...given,
  }
}

/** The same request again, by another instance. */
export function again(first: Reservation, given: Partial<Reservation> = {}): Reservation {
  return { ...first, owner: '2#1', token: newToken(), ...given }
}

function newToken(): string {
  return randomBytes(16).toString('base64url')
}
