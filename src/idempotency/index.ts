// drover/idempotency: run a request's effect once, and give its answer again to whoever asks again with the same key.
export { idempotency } from './idempotency.ts'
export type { Idempotency, KeyedRequest, Verdict } from './idempotency.ts'
export type { IdempotencyOptions } from './options.ts'
export type { AppResponse } from './response.ts'
export type { Run } from './run.ts'
export type { IdempotencyStore, Reservation, ReserveOutcome } from './store.ts'
