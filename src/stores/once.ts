// What `once` is on every database: a key, and the result that later calls get.
import type { Clock } from '../base/clock.ts'
import { DroverError } from '../base/errors.ts'

export interface OnceOptions {
  /** How long a key is remembered, in milliseconds: longer than anybody asks again. Default: 7 days. */
  readonly retentionMs?: number
  /** Decides which keys are over. Default: the system's. */
  readonly clock?: Clock
}

export interface OnceOutcome<Result> {
  /** What the effect returned; when it is repeated, as JSON gives it back. */
  readonly value: Result
  /** Whether it was done before, and not now. */
  readonly isRepeated: boolean
}

export const defaultOnceRetentionMs: number = 7 * 24 * 60 * 60 * 1_000

/** As `{ value }` in JSON, so that nothing is a result too. Throws OPTION_INVALID for what JSON cannot keep at all. */
export function resultText(value: unknown): string {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint') {
    throw new DroverError(
      'OPTION_INVALID',
      `Cannot keep the result of the effect: wanted JSON, got a ${typeof value}`,
    )
  }
  return JSON.stringify({ value })
}

/** What a later call gets. `text`: of `resultText`. */
export function repeatedResult<Result>(text: string): OnceOutcome<Result> {
  const { value }: { value: Result } = JSON.parse(text)
  return { value, isRepeated: true }
}
