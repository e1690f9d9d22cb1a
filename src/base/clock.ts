// Time as a port, so that decisions are pure and no test sleeps.

/** Wall-clock time in milliseconds since the epoch. Deadlines that several machines compare are on this clock. */
export interface Clock {
  now(): number
}

export const systemClock: Clock = { now: () => Date.now() }
