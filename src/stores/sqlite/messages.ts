// What the main thread and the writer thread say to each other. Flat arrays: structured clone copies them fastest.
import type { CountedHit } from '../hit.ts'
import type { Forwarding } from '../../session/store.ts'

/** Name, value, name, value, … */
export type FlatFields = readonly string[]

export interface FlatIdentity {
  readonly principal: string | null
  readonly device: string | null
  readonly ip: string | null
  readonly createdAtMs: number
  readonly absoluteDeadlineMs: number
}

/** Absent in most changes: what is not there costs nothing to copy. */
export interface FlatExpectation {
  readonly fields: readonly (readonly [name: string, text: string | undefined])[]
  readonly whole: boolean
}

export interface FlatChange {
  readonly set: FlatFields
  readonly remove: readonly string[]
  readonly add?: readonly (readonly [name: string, by: number])[]
  readonly expect?: FlatExpectation
  readonly idleDeadlineMs: number
}

/** One write. `nowMs` is the store's clock: it decides what has expired. */
export type WriteOperation =
  // Writes nothing: answered once the file is open.
  | { readonly kind: 'open' }
  | {
      readonly kind: 'create'
      readonly key: string
      readonly nowMs: number
      readonly identity: FlatIdentity
      readonly change: FlatChange
    }
  | { readonly kind: 'save'; readonly key: string; readonly nowMs: number; readonly change: FlatChange }
  | {
      readonly kind: 'replace'
      readonly oldKey: string
      readonly newKey: string
      readonly nowMs: number
      readonly identity: FlatIdentity
      readonly change: FlatChange
      readonly forwarding?: Forwarding
    }
  | { readonly kind: 'touch'; readonly key: string; readonly nowMs: number; readonly idleDeadlineMs: number }
  | { readonly kind: 'delete'; readonly key: string; readonly nowMs: number }
  | { readonly kind: 'revoke'; readonly tag: string; readonly exceptKey?: string; readonly nowMs: number }
  | {
      readonly kind: 'hit'
      readonly key: string
      readonly nowUs: number
      readonly takeUs: number
      readonly mostUs: number
    }
  | { readonly kind: 'sweep'; readonly nowMs: number }

export interface Swept {
  readonly expired: readonly (readonly [key: string, principal: string | null])[]
  /** A full chunk was removed, so there may be more to remove. */
  readonly more: boolean
}

/** 'invalid': a field has no sum. In that case, and in those of 'gone', 'taken' and 'conflict', nothing was written. */
export type WriteOutcome = 'done' | 'gone' | 'taken' | 'conflict' | 'invalid' | CountedHit | Swept

export interface WriteRequest {
  readonly id: number
  /** On the clock of process.hrtime, which all threads share. Past it the caller has its answer: do not write any more. */
  readonly dropAtMs: number
  readonly operation: WriteOperation
}

/** To the writer thread: what one turn of the event loop asked for, in one message, since each wakes the thread. */
export type WriterMessage = readonly WriteRequest[] | 'close'

/** From the writer thread: one per batch. */
export type WriteReply =
  | { readonly id: number; readonly outcome: WriteOutcome }
  | { readonly id: number; readonly busy: boolean; readonly error: Error }

/** What the writer thread is started with. */
export interface WriterSettings {
  readonly path: string
  readonly openTimeoutMs: number
  readonly busyTimeoutMs: number
}

/** Milliseconds on a clock that never jumps and that all threads share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n)
}
