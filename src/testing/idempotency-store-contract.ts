// The contract of the IdempotencyStore port (src/idempotency/store.ts) as cases.
import type { IdempotencyStore } from '../idempotency/store.ts'
import type { ContractCase } from './contract.ts'
import { endingCases } from './idempotency-store/ending.ts'
import { reservingCases } from './idempotency-store/reserving.ts'
import { onTwoServers } from './two-servers.ts'
import type { TwoServersHarness } from './two-servers.ts'

/** How the suite gets at the store under test: each `open` gives another server's, all on the same data. */
export type IdempotencyStoreHarness = TwoServersHarness<IdempotencyStore>

/**
 * Every promise of the IdempotencyStore port, to be run against the real backend:
 *
 *     for (const { name, run } of idempotencyStoreContract(harness)) test(name, run)
 */
export function idempotencyStoreContract(harness: IdempotencyStoreHarness): readonly ContractCase[] {
  return onTwoServers(harness, [...reservingCases, ...endingCases])
}
