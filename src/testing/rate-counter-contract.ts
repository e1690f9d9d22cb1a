// The contract of the RateCounter port (src/rate-limit/store.ts) as cases.
import type { Clock } from '../base/clock.ts'
import type { RateCounter } from '../rate-limit/store.ts'
import type { ContractCase } from './contract.ts'
import { ManualClock } from './manual-clock.ts'
import { countingCases } from './rate-counter/counting.ts'
import type { CountingStage } from './rate-counter/counting.ts'

/** A counter that is closed as session stores are. */
export type ClosingRateCounter = RateCounter & { close(): Promise<void> }

/** How the suite gets at the counter under test: as with `SessionStoreHarness`, whose `open` fits when its store counts. */
export interface RateCounterHarness {
  open(clock: Clock): ClosingRateCounter | Promise<ClosingRateCounter>
}

/**
 * Every promise of the RateCounter port, to be run against the real backend:
 *
 *     for (const { name, run } of rateCounterContract(harness)) test(name, run)
 */
export function rateCounterContract(harness: RateCounterHarness): readonly ContractCase[] {
  return countingCases.map(({ name, play }) => ({ name, run: () => withCounters(harness, play) }))
}

async function withCounters(
  harness: RateCounterHarness,
  play: (stage: CountingStage) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock()
  const laggingClock = new ManualClock(clock.now() - 1_000)
  const opened: ClosingRateCounter[] = []
  const open = async (on: Clock) => {
    const counter = await harness.open(on)
    opened.push(counter)
    return counter
  }
  try {
    await play({
      here: await open(clock),
      there: await open(clock),
      lagging: await open(laggingClock),
      clock,
    })
  } finally {
    await Promise.all(opened.map((counter) => counter.close()))
  }
}
