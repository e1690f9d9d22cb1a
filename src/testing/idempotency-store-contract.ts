// The contract of the IdempotencyStore port (src/idempotency/store.ts) as cases.
import type { Clock } from '../base/clock.ts'
import type { IdempotencyStore } from '../idempotency/store.ts'
import type { ContractCase } from './contract.ts'
import { endingCases } from './idempotency-store/ending.ts'
import { reservingCases } from './idempotency-store/reserving.ts'
import type { IdempotencyStage } from './idempotency-store/stage.ts'
import { ManualClock } from './manual-clock.ts'

/** How the suite gets at the store under test: each `open` gives another server's, all on the same data. */
export interface IdempotencyStoreHarness {
  open(clock: Clock): IdempotencyStore | Promise<IdempotencyStore>
}

/**
 * Every promise of the IdempotencyStore port, to be run against the real backend:
 *
 *     for (const { name, run } of idempotencyStoreContract(harness)) test(name, run)
 */
export function idempotencyStoreContract(harness: IdempotencyStoreHarness): readonly ContractCase[] {
  return [...reservingCases, ...endingCases].map(({ name, play }) => {
    return { name, run: () => withStores(harness, play) }
  })
}

async function withStores(
  harness: IdempotencyStoreHarness,
  play: (stage: IdempotencyStage) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock()
  const [here, there] = [await harness.open(clock), await harness.open(clock)]
  try {
    await play({ here, there, clock })
  } finally {
    await Promise.all([here.close(), there.close()])
  }
}
