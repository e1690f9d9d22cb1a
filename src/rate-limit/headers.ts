// How a verdict is told to clients: draft-ietf-httpapi-ratelimit-headers-10 (RateLimit, RateLimit-Policy) and Retry-After.
import type { Verdict } from './allowance.ts'

/** What a check answers. */
export interface RateVerdict extends Verdict {
  /** False when the store was unavailable and the request passed because of `onUnavailable: 'allow'`. */
  readonly counted: boolean
  /** For the response: RateLimit and RateLimit-Policy, and with a refusal Retry-After. Empty when nothing was counted. */
  readonly headers: Readonly<Record<string, string>>
}

/**
 * The fields of a response. `RateLimit-Policy` says how many (`q`) are allowed in how many seconds (`w`); `RateLimit` how many
 * remain (`r`), and after how many seconds all are free again (`t`). Seconds are rounded up: who waits as told is not refused.
 */
export function rateLimitHeaders(
  name: string,
  perMs: number,
  verdict: Verdict,
): Readonly<Record<string, string>> {
  const { allowed, limit, remaining, retryAfterMs, resetMs } = verdict
  return {
    'ratelimit-policy': `"${name}";q=${limit};w=${seconds(perMs)}`,
    ratelimit: `"${name}";r=${remaining};t=${seconds(resetMs)}`,
    ...(allowed ? {} : { 'retry-after': String(seconds(retryAfterMs)) }),
  }
}

function seconds(durationMs: number): number {
  return Math.ceil(durationMs / 1_000)
}
