// A clock that moves only when told to, so that expiry is tested without waiting.
import type { Clock } from '../base/clock.ts'

export class ManualClock implements Clock {
  #nowMs: number

  /** Starts at `nowMs`; by default at the present, because a backend may compare deadlines with its own clock too. */
  constructor(nowMs: number = Date.now()) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  advance(byMs: number): void {
    this.#nowMs += byMs
  }
}
