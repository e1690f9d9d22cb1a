// drover/testing: the contract suites that a third-party store can run against itself.
export type { ContractCase } from './contract.ts'
export { ManualClock } from './manual-clock.ts'
export { sessionStoreContract } from './session-store-contract.ts'
export type { SessionStoreHarness } from './session-store-contract.ts'
// What an implementation needs beside the suite.
export type { Clock } from '../base/clock.ts'
export { DroverError } from '../base/errors.ts'
export type {
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  SessionStore,
} from '../session/store.ts'
