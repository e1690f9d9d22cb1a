// The contract of the LeaseStore port (src/lease/store.ts) as cases.
import type { Clock } from '../base/clock.ts'
import type { LeaseStore } from '../lease/store.ts'
import type { ContractCase } from './contract.ts'
import { leaseCases } from './lease-store/leasing.ts'
import type { LeaseStage } from './lease-store/leasing.ts'
import { ManualClock } from './manual-clock.ts'

/** How the suite gets at the store under test: each `open` gives another server's, all on the same data. */
export interface LeaseStoreHarness {
  open(clock: Clock): LeaseStore | Promise<LeaseStore>
}

/**
 * Every promise of the LeaseStore port, to be run against the real backend:
 *
 *     for (const { name, run } of leaseStoreContract(harness)) test(name, run)
 */
export function leaseStoreContract(harness: LeaseStoreHarness): readonly ContractCase[] {
  return leaseCases.map(({ name, play }) => ({ name, run: () => withStores(harness, play) }))
}

async function withStores(
  harness: LeaseStoreHarness,
  play: (stage: LeaseStage) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock()
  const [here, there] = [await harness.open(clock), await harness.open(clock)]
  try {
    await play({ here, there, clock })
  } finally {
    await Promise.all([here.close(), there.close()])
  }
}
