// What a hit costs and what its outcome means: the generic cell rate algorithm (ITU-T I.371), decided without a store.
import { DroverError } from '../base/errors.ts'
import type { RateHit } from './store.ts'

/** So many requests may be made at once; each is free again after its share of `perMs`. */
export interface Allowance {
  readonly limit: number
  readonly perMs: number
  /** How long one request uses its share of the allowance, in whole microseconds. */
  readonly eachUs: number
  /** How much may be in use: `limit` requests, and a little for clocks. */
  readonly mostUs: number
}

export interface Verdict {
  readonly allowed: boolean
  readonly limit: number
  /** How many more would be allowed right now. */
  readonly remaining: number
  /** How long to wait until the same request would be allowed; 0 when it was. */
  readonly retryAfterMs: number
  /** How long until the whole limit is free again, if nothing else comes. */
  readonly resetMs: number
}

/**
 * By so much the clocks of two servers may differ, or two requests overtake one another on the way to the store, without the
 * last of a full limit being refused. Never as much as a request's share, so no request more fits.
 */
const clockToleranceUs = 100_000

/** As far as a store counts (see `RateCounter.hit`): 35 years. */
const mostPerMs = 2 ** 50 / 1_000

/** Throws OPTION_INVALID for a limit that is no whole number above zero, or finer than one request a microsecond. */
export function allowanceOf(limit: unknown, perMs: number): Allowance {
  if (typeof limit !== 'number' || !Number.isSafeInteger(limit) || limit < 1) {
    throw invalid('limit', limit, 'a whole number above zero')
  }
  if (perMs > mostPerMs) throw invalid('per', perMs, 'at most 35 years')
  // Rounded down, so that exactly `limit` fit whatever the numbers; the rate is then too high by less than 1 in `eachUs`.
  const eachUs = Math.floor((perMs * 1_000) / limit)
  if (eachUs < 1) throw invalid('limit', limit, `at most one request a microsecond, ${perMs * 1_000} here`)
  const toleranceUs = Math.min(clockToleranceUs, Math.floor(eachUs / 2))
  return { limit, perMs, eachUs, mostUs: limit * eachUs + toleranceUs }
}

/** What the store is to be asked for `cost` requests. Throws OPTION_INVALID for a cost that never fits. */
export function hitOf(
  { limit, eachUs, mostUs }: Allowance,
  cost: number,
): { takeUs: number; mostUs: number } {
  if (!Number.isSafeInteger(cost) || cost < 0 || cost > limit) {
    throw invalid('cost', cost, `a whole number from 0 to the limit of ${limit}`)
  }
  return { takeUs: cost * eachUs, mostUs }
}

export function verdictOf(allowance: Allowance, cost: number, { isTaken, usedUs }: RateHit): Verdict {
  const { limit, eachUs, mostUs } = allowance
  const freeUs = limit * eachUs - usedUs
  return {
    allowed: isTaken,
    limit,
    // A clock that lags, or a limit that was lowered, may leave more in use than there is.
    remaining: Math.min(limit, Math.max(0, Math.floor((mostUs - usedUs) / eachUs))),
    retryAfterMs: isTaken ? 0 : Math.max(1, Math.ceil((cost * eachUs - freeUs) / 1_000)),
    resetMs: Math.ceil(usedUs / 1_000),
  }
}

function invalid(name: string, value: unknown, wanted: string): DroverError {
  const came = typeof value === 'number' ? String(value) : JSON.stringify(value)
  return new DroverError('OPTION_INVALID', `Cannot use ${name} ${came}: wanted ${wanted}`)
}
