// drover/rate-limit: limits that all servers share, on the stores that the sessions are in.
export { rateLimit } from './rate-limit.ts'
export type { RateVerdict } from './headers.ts'
export type { RateLimit, RateLimitOptions } from './rate-limit.ts'
export type { LimitedRequest, Limiting } from './middleware.ts'
export type { RateCounter, RateHit } from './store.ts'
