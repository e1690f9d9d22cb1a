// What a reservation meets (`IdempotencyStore.reserve`), for stores that decide in JavaScript.
import type { Reservation, ReserveOutcome } from '../idempotency/store.ts'

/** What is kept of a key. */
export interface KeyEntry {
  readonly fingerprint: string
  readonly owner: string
  readonly token: string
  readonly leaseUntilMs: number
  /** Undefined: not done. */
  readonly response: string | undefined
  /** By then the key is forgotten. */
  readonly expiresAtMs: number
}

/** What a reservation asks of it. */
export type MetEntry = Omit<KeyEntry, 'token'>

/** `entry` undefined: absent. With 'reserved' the caller writes `reservedEntry` in its place. */
export function meet(
  entry: MetEntry | undefined,
  { fingerprint, deadOwner }: Reservation,
  nowMs: number,
): ReserveOutcome {
  if (entry === undefined || entry.expiresAtMs <= nowMs) return { status: 'reserved' }
  if (entry.fingerprint !== fingerprint) return { status: 'mismatch' }
  if (entry.response !== undefined) return { status: 'done', response: entry.response }
  const isDead = deadOwner !== undefined && deadOwner !== '' && entry.owner === deadOwner
  if (isDead || entry.leaseUntilMs <= nowMs) return { status: 'reserved' }
  return { status: 'running', leftMs: entry.leaseUntilMs - nowMs }
}

export function reservedEntry(reservation: Reservation, nowMs: number): KeyEntry {
  const { fingerprint, owner, token, leaseMs, retentionMs } = reservation
  const leaseUntilMs = nowMs + leaseMs
  return {
    fingerprint,
    owner,
    token,
    leaseUntilMs,
    response: undefined,
    expiresAtMs: leaseUntilMs + retentionMs,
  }
}
