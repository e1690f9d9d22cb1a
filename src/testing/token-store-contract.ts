// The contract of the TokenStore port (src/tokens/token-store.ts) as cases.
import type { TokenStore } from '../tokens/token-store.ts'
import type { ContractCase } from './contract.ts'
import { familyCases } from './token-store/families.ts'
import { feedCases } from './token-store/feed.ts'
import { principalCases } from './token-store/principals.ts'
import { ringCases } from './token-store/rings.ts'
import { onTwoServers } from './two-servers.ts'
import type { TwoServersHarness } from './two-servers.ts'

/** How the suite gets at the store under test: each `open` gives another server's, all on the same data. */
export type TokenStoreHarness = TwoServersHarness<TokenStore>

/**
 * Every promise of the TokenStore port that can be seen from outside, to be run against the real backend:
 *
 *     for (const { name, run } of tokenStoreContract(harness)) test(name, run)
 */
export function tokenStoreContract(harness: TokenStoreHarness): readonly ContractCase[] {
  return onTwoServers(harness, [...ringCases, ...familyCases, ...principalCases, ...feedCases])
}
