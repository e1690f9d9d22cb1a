// What one contender's users suffered under one fault, as a row for programs.
import type { Verdict } from './ledger.ts'

export interface Suffered extends Verdict {
  readonly kills: number
  readonly stops: number
  /** Rolling restarts that were finished. */
  readonly rolls: number
  /** What the contender said of those that were not. */
  readonly failedRolls: readonly string[]
  readonly requests: number
  readonly failedGets: number
  readonly failedPosts: number
  /** Failures by method and reason, such as `POST 502`. */
  readonly reasons: Readonly<Record<string, number>>
  readonly signedOut: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}

export type RecoveryRow =
  | { readonly contender: string; readonly fault: string; readonly state: 'not installed' }
  /** It did not start, or its users could not sign in, or its carts could not be read afterwards. */
  | { readonly contender: string; readonly fault: string; readonly state: 'out'; readonly reason: string }
  | ({ readonly contender: string; readonly fault: string; readonly state: 'measured' } & Suffered)
