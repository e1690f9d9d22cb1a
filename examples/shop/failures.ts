// The last stop of anything thrown: JSON under /api, a page elsewhere. Both say what happened and hide how.
import type { NextFunction, Request, Response } from 'express'
import { isDroverError } from 'drover'
import { Refusal } from './refusal.ts'
import { failurePage } from './views/failure.ts'

interface Failure {
  readonly status: number
  readonly code: string
  readonly message: string
}

export function answerFailure(
  error: unknown,
  request: Request,
  response: Response,
  next: NextFunction,
): void {
  // Part of an answer is out already: only cutting it off tells the client that it is incomplete.
  if (response.headersSent) {
    next(error)
    return
  }
  const failure = describe(error)
  if (failure.status >= 500) console.error(error)
  if (failure.status === 503) response.set('retry-after', '1')
  response.status(failure.status)
  if (request.path.startsWith('/api/')) {
    // RFC 9110 section 15.5.2: a 401 says how one may sign in.
    if (failure.status === 401) response.set('www-authenticate', challengeOf(error))
    response.json({ error: { code: failure.code, message: failure.message } })
  } else response.send(failurePage(failure).text)
}

function describe(error: unknown): Failure {
  if (error instanceof Refusal) return error
  const status = statusOf(error)
  if (status === 401 && isDroverError(error))
    return { status, code: error.code, message: 'This token is not good any more. Sign in for another' }
  if (status === 503) {
    return { status, code: 'unavailable', message: 'Please try again in a moment. Nothing you did is lost' }
  }
  if (status === 413) return { status, code: 'too_large', message: 'That is more than the shop reads' }
  if (status === 415)
    return { status, code: 'wrong_type', message: 'The shop takes PNG, JPEG and WebP pictures' }
  if (status === 409) {
    return { status, code: 'session_ended', message: 'You were signed out meanwhile. Please start again' }
  }
  if (status < 500) return { status, code: 'invalid_request', message: 'The shop cannot read this request' }
  return { status, code: 'internal_error', message: 'Something broke on our side' }
}

/** A token that was not taken is told as such (RFC 6750 section 3). */
function challengeOf(error: unknown): string {
  return (isDroverError(error) ? error.headers['www-authenticate'] : undefined) ?? 'Bearer'
}

/** Express's parsers and Drover both put the HTTP status an error asks for into `status`. */
function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('status' in error)) return 500
  const { status } = error
  return typeof status === 'number' && status >= 400 && status <= 599 ? status : 500
}
