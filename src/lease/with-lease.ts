// A job that runs under a lease, and only there.
import { durationOption } from '../base/durations.ts'
import type { Duration } from '../base/durations.ts'
import { acquireLease } from './lease.ts'
import type { Lease, LeaseOptions } from './lease.ts'

export interface WithLeaseOptions extends LeaseOptions {
  /** For how long after the job is done nobody starts it again, at least until the lease ends. Default: not at all, whoever asks next runs it. */
  readonly keepFor?: Duration
  /** Ends the job from outside: the `signal` of the job then aborts with this one's reason. */
  readonly signal?: AbortSignal
}

/** `ran: false`: another process has the lease, and the job was not begun. */
export type LeasedRun<Result> =
  | { readonly ran: true; readonly value: Result }
  | { readonly ran: false; readonly value: undefined }

/** What the job gets. */
export interface Leased {
  readonly lease: Lease
  /** See `Lease.fence`. */
  readonly fence: number
  /** Aborts when the lease is lost, or the caller's signal does: stop then, whatever is half done. */
  readonly signal: AbortSignal
}

/**
 * Runs `job` while this process holds the lease `name`; does nothing when another one does. The lease is renewed while the job
 * runs, and released when it ends; `keepFor` counts for a job that succeeded. Rejects as the job does, and as `acquireLease`.
 *
 *     await withLease('nightly', ({ fence, signal }) => report(fence, signal), { store, keepFor: '1h' })
 */
export async function withLease<Result>(
  name: string,
  job: (leased: Leased) => Result | Promise<Result>,
  options: WithLeaseOptions,
): Promise<LeasedRun<Result>> {
  const { keepFor, signal } = options
  if (keepFor !== undefined) durationOption('keepFor', keepFor)
  signal?.throwIfAborted()
  const lease = await acquireLease(name, options)
  if (lease === undefined) return { ran: false, value: undefined }
  const both = signal === undefined ? lease.signal : AbortSignal.any([lease.signal, signal])
  try {
    const value = await job({ lease, fence: lease.fence, signal: both })
    await lease.release(keepFor === undefined ? {} : { keepFor })
    return { ran: true, value }
  } finally {
    // After a job that failed, the next one may try at once.
    await lease.release()
  }
}
