// One rate limit, counted in a store that all servers share.
import { hash } from 'node:crypto'
import { durationOption } from '../base/durations.ts'
import type { Duration } from '../base/durations.ts'
import { DroverError, isDroverError } from '../base/errors.ts'
import { allowanceOf, hitOf, verdictOf } from './allowance.ts'
import type { Allowance } from './allowance.ts'
import { rateLimitHeaders } from './headers.ts'
import type { RateVerdict } from './headers.ts'
import { limiting } from './middleware.ts'
import type { LimitedRequest, Limiting } from './middleware.ts'
import type { RateCounter, RateHit } from './store.ts'

export interface RateLimitOptions<Request extends LimitedRequest = LimitedRequest> {
  /** Where is counted: a session store of Drover, which need not be the one the sessions are in, or any `RateCounter`. */
  readonly store: RateCounter
  /** So many requests may come at once, and no more than so many in each `per` over time. */
  readonly limit: number
  /** '1m', '1h' or milliseconds. Each request is free again after its share of it, not all of them at its end. */
  readonly per: Duration
  /**
   * What to do while the store cannot be reached. 'allow': requests pass uncounted, for limits that keep a service from
   * being overrun. 'refuse': `check` rejects with STORE_UNAVAILABLE (503), for limits that keep passwords from being guessed.
   */
  readonly onUnavailable: 'allow' | 'refuse'
  /**
   * What a request counts by, in the middleware; undefined: it is not limited. Default: the client's address, as Express's
   * `req.ip` (so by its 'trust proxy') or else the socket's; IPv6 by its /64 network. Behind a balancer the socket's is the
   * balancer's own: set 'trust proxy', or name a key.
   */
  readonly key?: (request: Request) => string | undefined
  /** Tells this limit apart from others, in the store and in the response. Letters, digits, '-' and '_'. Default: 'default'. */
  readonly name?: string
}

export interface RateLimit<Request extends LimitedRequest = LimitedRequest> {
  /**
   * Counts one request of `key`, or `cost` of them (0 asks without counting). What is refused is not counted, so a client that
   * hammers gets its share all the same. Rejects with OPTION_INVALID for a cost above the limit, and with
   * STORE_UNAVAILABLE for `onUnavailable: 'refuse'`.
   */
  check(key: string, cost?: number): Promise<RateVerdict>
  /** For `app.use` of Express and Connect: answers 429 to what is beyond the limit. */
  readonly middleware: Limiting<Request>
}

const namePattern = /^[A-Za-z0-9_-]{1,64}$/

/**
 * A limit that all servers share, so that N of them do not allow N times as much. Throws OPTION_INVALID for options that
 * cannot be used.
 */
export function rateLimit<Request extends LimitedRequest = LimitedRequest>(
  options: RateLimitOptions<Request>,
): RateLimit<Request> {
  const { store, onUnavailable, key, name = 'default' } = options
  const allowance = allowanceOf(options.limit, durationOption('per', options.per))
  checkOptions(options, name)
  const check = async (counted: string, cost: number = 1) => {
    const hit = await hitUnless(onUnavailable, store, storeKey(name, counted), hitOf(allowance, cost))
    return hit === undefined ? uncounted(allowance) : answer(name, allowance, cost, hit)
  }
  return { check, middleware: limiting((counted) => check(counted), key) }
}

/** Undefined when the store is unavailable and that is not to matter. */
async function hitUnless(
  onUnavailable: 'allow' | 'refuse',
  store: RateCounter,
  key: string,
  { takeUs, mostUs }: { readonly takeUs: number; readonly mostUs: number },
): Promise<RateHit | undefined> {
  try {
    return await store.hit(key, takeUs, mostUs)
  } catch (error) {
    if (onUnavailable === 'allow' && isDroverError(error, 'STORE_UNAVAILABLE')) return undefined
    throw error
  }
}

/** Any text in a store's shape; an address or a name does not rest there readably. */
function storeKey(name: string, key: string): string {
  return hash('sha256', `drover rate limit ${name} ${key}`, 'base64url')
}

function answer(name: string, allowance: Allowance, cost: number, hit: RateHit): RateVerdict {
  const verdict = verdictOf(allowance, cost, hit)
  return { ...verdict, counted: true, headers: rateLimitHeaders(name, allowance.perMs, verdict) }
}

function uncounted({ limit }: Allowance): RateVerdict {
  return { allowed: true, limit, remaining: limit, retryAfterMs: 0, resetMs: 0, counted: false, headers: {} }
}

function checkOptions(options: RateLimitOptions<never>, name: unknown): void {
  const store: unknown = options.store
  if (typeof store !== 'object' || store === null || !('hit' in store) || typeof store.hit !== 'function') {
    throw new DroverError(
      'OPTION_INVALID',
      'Cannot count in store: it has no hit, wanted a session store of Drover or another RateCounter',
    )
  }
  const onUnavailable: unknown = options.onUnavailable
  if (onUnavailable !== 'allow' && onUnavailable !== 'refuse') {
    const came = JSON.stringify(onUnavailable)
    throw new DroverError('OPTION_INVALID', `Cannot use onUnavailable ${came}: wanted "allow" or "refuse"`)
  }
  if (typeof name !== 'string' || !namePattern.test(name)) {
    const came = JSON.stringify(name)
    throw new DroverError(
      'OPTION_INVALID',
      `Cannot use name ${came}: wanted 1 to 64 of A-Z, a-z, 0-9, "-", "_"`,
    )
  }
}
