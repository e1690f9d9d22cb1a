// drover/testing: the contract suites that a third-party store can run against itself.
export type { ContractCase } from './contract.ts'
export { filesContract } from './files-contract.ts'
export type { FilesHarness } from './files/stage.ts'
export { idempotencyStoreContract } from './idempotency-store-contract.ts'
export type { IdempotencyStoreHarness } from './idempotency-store-contract.ts'
export { leaseStoreContract } from './lease-store-contract.ts'
export type { LeaseStoreHarness } from './lease-store-contract.ts'
export { ManualClock } from './manual-clock.ts'
export { rateCounterContract } from './rate-counter-contract.ts'
export type { ClosingRateCounter, RateCounterHarness } from './rate-counter-contract.ts'
export { sessionStoreContract } from './session-store-contract.ts'
export type { SessionStoreHarness } from './session-store-contract.ts'
export { tokenStoreContract } from './token-store-contract.ts'
export type { TokenStoreHarness } from './token-store-contract.ts'
// What an implementation needs beside the suite.
export type { Clock } from '../base/clock.ts'
export { DroverError } from '../base/errors.ts'
export type { IdempotencyStore, Reservation, ReserveOutcome } from '../idempotency/store.ts'
export type { AcquireOutcome, LeaseStore } from '../lease/store.ts'
export type { RateCounter, RateHit } from '../rate-limit/store.ts'
export { keyOf, newSessionId, principalTag, tagOf } from '../session/id.ts'
export { mostListedSessions } from '../session/store.ts'
export type {
  Forwarding,
  ListedSession,
  LoadedSession,
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  SessionStore,
  Successor,
  WatchingStore,
} from '../session/store.ts'
export type {
  FamilyTurn,
  KeyRingRecord,
  LiveFamily,
  Revocation,
  RevocationFollower,
  TokenFamily,
  TokenStore,
  TurnOutcome,
} from '../tokens/token-store.ts'
