// The LeaseStore port: what a lease asks of a backend. The stores of src/stores implement it, and each passes the contract
// suite of drover/testing against the real server.

export type AcquireOutcome =
  /** `fence`: higher than that of every holder before, a whole number from 1 up. */
  | { readonly status: 'acquired'; readonly fence: number }
  /** Another holder has it, for so long still at most; above 0. */
  | { readonly status: 'held'; readonly leftMs: number }

/**
 * Leases by name. A name that was ever used is remembered for good, because its fence must never go back: names are those of
 * an app's jobs, not of its data.
 *
 * - *absent*: a name never used, or released: whoever asks acquires it.
 * - *concurrent*: of any number that ask at once, one acquires it.
 * - *ended*: a lease whose time is over goes to the next who asks. Until then it is still its holder's, who may renew it.
 * - *time* is the clock that the store was given, which all servers should share to within a fraction of a lease.
 * - *unavailable*: rejects with DroverError STORE_UNAVAILABLE when the backend cannot answer in time or is closed, and only
 *   then; whether anything was written is then unknown.
 */
export interface LeaseStore {
  /** `holder` is a text of this acquisition alone, by which it is renewed and released; never used again. */
  acquire(name: string, holder: string, ttlMs: number): Promise<AcquireOutcome>
  /** It lasts `ttlMs` from now on, never less than before; false, and nothing changed, when this holder has it no more. */
  renew(name: string, holder: string, ttlMs: number): Promise<boolean>
  /** Whoever asks next acquires it; does nothing when this holder has it no more. */
  release(name: string, holder: string): Promise<void>
  /** Lets go of connections and files. Later calls reject with STORE_UNAVAILABLE. Idempotent. */
  close(): Promise<void>
}
