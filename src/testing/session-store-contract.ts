// The contract of the SessionStore port (src/session/store.ts) as cases: what it says in prose is shown here.
import type { Clock } from '../base/clock.ts'
import type { SessionStore } from '../session/store.ts'
import type { ContractCase } from './contract.ts'
import { additionCases } from './session-store/additions.ts'
import { changeCases } from './session-store/changes.ts'
import { concurrencyCases } from './session-store/concurrency.ts'
import { expectationCases } from './session-store/expectations.ts'
import { expiryCases } from './session-store/expiry.ts'
import { forwardingCases } from './session-store/forwarding.ts'
import { lifecycleCases } from './session-store/lifecycle.ts'
import { moveCases } from './session-store/moves.ts'
import { principalCases } from './session-store/principals.ts'
import { recordCases } from './session-store/records.ts'
import { replaceCases } from './session-store/replace.ts'
import { revocationCases } from './session-store/revocation.ts'
import { withStage } from './session-store/stage.ts'
import { valueCases } from './session-store/values.ts'
import { unwatchedCases, watchCases } from './session-store/watching.ts'

/** How the suite gets at the store under test. */
export interface SessionStoreHarness {
  /**
   * Opens a store that takes its time from `clock`. Every store a harness opens must rest on one and the same backend,
   * as two servers would share it, yet have connections of its own. The suite closes what it opened and uses fresh keys,
   * so the backend need not be emptied in between.
   */
  open(clock: Clock): SessionStore | Promise<SessionStore>
  /**
   * For a store that also is a `WatchingStore`: within this time, in milliseconds, an end has to be told. Its watch is then
   * put to the test. Be patient where the machine is busy (10,000, say): only a fault takes that long.
   */
  readonly watchWithinMs?: number
}

/**
 * Every promise of the SessionStore port, to be run against the real backend:
 *
 *     for (const { name, run } of sessionStoreContract(harness)) test(name, run)
 *
 * The cases are independent and may run in any order, one at a time.
 */
export function sessionStoreContract(harness: SessionStoreHarness): readonly ContractCase[] {
  const cases = [
    ...recordCases,
    ...changeCases,
    ...expectationCases,
    ...additionCases,
    ...replaceCases,
    ...moveCases,
    ...forwardingCases,
    ...principalCases,
    ...revocationCases,
    ...expiryCases,
    ...valueCases,
    ...concurrencyCases,
    ...lifecycleCases,
    ...(harness.watchWithinMs === undefined ? unwatchedCases : watchCases(harness.watchWithinMs)),
  ]
  return cases.map(({ name, play }) => ({ name, run: () => withStage((clock) => harness.open(clock), play) }))
}
