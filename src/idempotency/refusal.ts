// Every way in which a keyed request is refused, as errors that say how to answer (draft section 2.6 and 2.7).
import { DroverError } from '../base/errors.ts'

export function keyMissing(method: string, path: string): DroverError {
  return new DroverError(
    'IDEMPOTENCY_KEY_MISSING',
    `Cannot run ${method} ${path}: it has no Idempotency-Key, wanted one such as "8e03978e-40d5-43dd-bc93-6894a57f9324"`,
  )
}

export function keyInvalid(longest: number): DroverError {
  return new DroverError(
    'IDEMPOTENCY_KEY_INVALID',
    `Cannot read Idempotency-Key: wanted one string of 1 to ${longest} characters, in quotes`,
  )
}

export function keyReused(): DroverError {
  return new DroverError(
    'IDEMPOTENCY_KEY_REUSED',
    'Cannot run the request: its Idempotency-Key was used for another query or body, wanted a new one',
  )
}

/** Retry-After in whole seconds, rounded up: who waits as told does not come too early. */
export function keyRunning(leftMs: number, leaseMs: number): DroverError {
  const seconds = Math.max(1, Math.ceil(Math.min(leftMs, leaseMs) / 1_000))
  return new DroverError(
    'IDEMPOTENCY_KEY_RUNNING',
    'Cannot run the request: one with its Idempotency-Key is still running',
    { headers: { 'retry-after': String(seconds) } },
  )
}

export function keyTaken(): DroverError {
  return new DroverError(
    'IDEMPOTENCY_KEY_TAKEN',
    'Cannot answer the request: its lease had ended, and another attempt has its Idempotency-Key now',
  )
}

export function responseNotKept(): DroverError {
  return new DroverError(
    'IDEMPOTENCY_RESPONSE_NOT_KEPT',
    'Cannot give the answer again: the request was done, but its answer was too large to keep',
  )
}

export function principalUnknown(): DroverError {
  return new DroverError(
    'IDEMPOTENCY_PRINCIPAL_UNKNOWN',
    'Cannot tell whose Idempotency-Key it is: the principal is empty; wanted the signed-in user, or principal: "anonymous"',
  )
}

export function bodyUnread(): DroverError {
  return new DroverError(
    'IDEMPOTENCY_BODY_UNREAD',
    'Cannot compare the request: its body is not read yet; mount the body parser before, or give the option body',
  )
}

export function unavailableRecord(): DroverError {
  return new DroverError('STORE_UNAVAILABLE', 'Cannot give the answer again: its record is malformed')
}
