// The RateCounter port: what the rate limit asks of a backend. The session stores of src/stores implement it on the very
// object they return; each passes the contract suite of drover/testing against the real server.

/**
 * What became of a hit. `usedUs`: how much of the key's allowance is in use, microseconds from now until all of it is free
 * again; this hit included when it was taken. Never below 0.
 */
export interface RateHit {
  readonly isTaken: boolean
  readonly usedUs: number
}

/**
 * A shared place for rate limits. All it keeps is one whole number per key: the moment `until` which what was taken so far
 * lasts, in microseconds since the epoch (the theoretical arrival time of the generic cell rate algorithm, ITU-T I.371).
 * What a hit costs and how much may be in use is the caller's to decide; the store only counts.
 *
 * - *absent*: a key never hit, or one whose `until` has passed: nothing is in use. An entry that is over may be removed, but by
 *   the backend's clock not before a minute has passed: the servers' may be behind it. It is removed some day, so that what
 *   is kept is bounded by how many keys were hit lately.
 * - *time* is the clock that the store's session deadlines are on. A clock that lags behind another server's counts
 *   what is in use for longer, by no more than the lag.
 * - *concurrent*: a hit is atomic across processes: what is taken by all of them together never exceeds `mostUs`.
 * - *unavailable*: rejects with DroverError STORE_UNAVAILABLE when the backend cannot answer in time or is closed, and only
 *   then; whether the hit was taken is then unknown. An entry that cannot be read is STORE_UNAVAILABLE too.
 *
 * Keys are opaque text of at most 64 characters of base64url, and never meet those of sessions: a hit of a session's key
 * touches no session.
 */
export interface RateCounter {
  /**
   * In one step, with `now` the store's clock in microseconds and `from` the later of `until` and `now`: when
   * `from + takeUs <= now + mostUs`, `until` becomes `from + takeUs` and the hit is taken; otherwise nothing is written.
   * `usedUs` is then `until - now`, or 0 when that is negative. Both amounts are whole numbers from 0 up to 2^51, `takeUs`
   * not above `mostUs`; a `takeUs` of 0 asks without taking. `mostUs` may differ from hit to hit: a limit may change.
   */
  hit(key: string, takeUs: number, mostUs: number): Promise<RateHit>
}
