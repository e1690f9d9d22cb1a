// The IdempotencyStore port: what running a request once asks of a backend. The stores of src/stores implement it, and each
// passes the contract suite of drover/testing against the real server.

/** One attempt to run a request. Its texts are opaque to the store. */
export interface Reservation {
  /** Stands for principal, method, path and the client's key; 43 characters of base64url. */
  readonly key: string
  /** Stands for what was asked for: query and body. The same key with another is a mismatch. */
  readonly fingerprint: string
  /** Who runs it: instance and start, `<id>#<epoch>`. Empty where that is unknown: such an owner is never confirmed dead. */
  readonly owner: string
  /** Of this attempt alone, and never used again: the fence. What it does later, it does by this token. */
  readonly token: string
  /** So long nobody else may run it, from now on; above 0. */
  readonly leaseMs: number
  /** So long the key is remembered after the lease has ended. */
  readonly retentionMs: number
  /** An owner that the supervisor has confirmed dead: its lease is over at once. */
  readonly deadOwner?: string
}

/** What became of a reservation. */
export type ReserveOutcome =
  /** It is this attempt's to run now, and its token is the one that counts. */
  | { readonly status: 'reserved' }
  /** Another attempt has it, for so long still at most; above 0. */
  | { readonly status: 'running'; readonly leftMs: number }
  /** It was run, and this was recorded. */
  | { readonly status: 'done'; readonly response: string }
  /** The key was used for something else. */
  | { readonly status: 'mismatch' }

/**
 * A shared record of which requests run and what became of them: one entry per key.
 *
 * - *absent*: a key never reserved, one that was released, and one whose retention has passed: `reserve` reserves it.
 *   Entries whose retention has passed are removed some day, so that what is kept is bounded by what came lately.
 * - *concurrent*: a reservation is atomic across processes: of any number at once, one is reserved.
 * - *fenced*: a lease that has ended, or whose owner is dead, goes to the next who asks with the same fingerprint. From then
 *   on the former token counts for nothing: `complete`, `renew` and `release` with it change nothing and say so.
 * - *ended*: a lease that has ended but was taken by nobody is still its holder's, so a slow one may complete.
 * - *time* is the clock that the store was given, which all servers should share to within a fraction of a lease.
 * - *unavailable*: rejects with DroverError STORE_UNAVAILABLE when the backend cannot answer in time or is closed, and only
 *   then; whether anything was written is then unknown. An entry that cannot be read is STORE_UNAVAILABLE too.
 */
export interface IdempotencyStore {
  /** With another fingerprint it is 'mismatch', whether the entry is running, ended or done. */
  reserve(reservation: Reservation): Promise<ReserveOutcome>
  /** Records the response, for `retentionMs` from now on; false when the token does not hold the key (any more). */
  complete(key: string, token: string, response: string, retentionMs: number): Promise<boolean>
  /** The lease lasts `leaseMs` from now on, never less than before; false when the token does not hold the key. */
  renew(key: string, token: string, leaseMs: number): Promise<boolean>
  /** Forgets a key that this token holds and has not completed; does nothing for any other. */
  release(key: string, token: string): Promise<void>
  /** Lets go of connections and files. Later calls reject with STORE_UNAVAILABLE. Idempotent. */
  close(): Promise<void>
}
