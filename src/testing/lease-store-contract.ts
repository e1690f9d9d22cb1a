// The contract of the LeaseStore port (src/lease/store.ts) as cases.
import type { LeaseStore } from '../lease/store.ts'
import type { ContractCase } from './contract.ts'
import { leaseCases } from './lease-store/leasing.ts'
import { onTwoServers } from './two-servers.ts'
import type { TwoServersHarness } from './two-servers.ts'

/** How the suite gets at the store under test: each `open` gives another server's, all on the same data. */
export type LeaseStoreHarness = TwoServersHarness<LeaseStore>

/**
 * Every promise of the LeaseStore port, to be run against the real backend:
 *
 *     for (const { name, run } of leaseStoreContract(harness)) test(name, run)
 */
export function leaseStoreContract(harness: LeaseStoreHarness): readonly ContractCase[] {
  return onTwoServers(harness, leaseCases)
}
