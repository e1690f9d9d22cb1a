// A RateCounter in memory, for tests of what stands above one and of its contract: a few lines to be read at a glance.
import type { Clock } from '../../src/base/clock.ts'
import { DroverError } from '../../src/base/errors.ts'
import type { RateCounter, RateHit } from '../../src/rate-limit/store.ts'

export class MemoryRateCounter implements RateCounter {
  /** What the servers share. */
  readonly untilUs: Map<string, number>
  readonly clock: Clock
  isUnavailable = false

  constructor(untilUs: Map<string, number>, clock: Clock) {
    this.untilUs = untilUs
    this.clock = clock
  }

  async hit(key: string, takeUs: number, mostUs: number): Promise<RateHit> {
    if (this.isUnavailable) throw new DroverError('STORE_UNAVAILABLE', 'Cannot count: it is switched off')
    const nowUs = this.clock.now() * 1_000
    const fromUs = Math.max(this.untilUs.get(key) ?? 0, nowUs)
    const isTaken = fromUs + takeUs <= nowUs + mostUs
    if (isTaken) this.untilUs.set(key, fromUs + takeUs)
    return { isTaken, usedUs: fromUs + (isTaken ? takeUs : 0) - nowUs }
  }

  async close(): Promise<void> {
    this.isUnavailable = true
  }
}
