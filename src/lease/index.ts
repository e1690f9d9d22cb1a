// drover/lease: work that one process of the fleet at a time does.
export { Lease, acquireLease } from './lease.ts'
export type { LeaseOptions } from './lease.ts'
export type { AcquireOutcome, LeaseStore } from './store.ts'
export { withLease } from './with-lease.ts'
export type { Leased, LeasedRun, WithLeaseOptions } from './with-lease.ts'
