// Idempotency keys for Express 4 and 5.
import type { ServerResponse } from 'node:http'
import type { Request, RequestHandler } from 'express'
import type { Idempotency } from '../../idempotency/idempotency.ts'
import type { AppResponse } from '../../idempotency/response.ts'
import { sendErrorAnswer } from '../error-answer.ts'
import { beginNodeRequest, fieldsByName } from './node-keys.ts'
import type { IdempotencyRouteOptions } from './options.ts'
import { replayedHeader } from './refused.ts'

/**
 * Honours the `Idempotency-Key` of requests: the first one with a key runs the handler, and its answer is given again to every
 * later one, with the header `Idempotency-Replayed: true`. 400 for a key that is malformed, or missing where one is required;
 * 422 for one that was used with another query or body; 409 with Retry-After while the first still runs; 503 with Retry-After,
 * and no handler run, while the store is down. The answer is held back until its key is settled.
 *
 * Mount it after sessions and body parsers, before the routes: `app.post('/orders', expressIdempotency(keys, …), handler)`.
 */
export function expressIdempotency(
  policy: Idempotency,
  options: IdempotencyRouteOptions<Request>,
): RequestHandler {
  return async (req, res, next) => {
    const instead = await beginNodeRequest({ policy, request: req, options }, req, res)
    if (instead.kind === 'none') next()
    else if (instead.kind === 'refused') sendErrorAnswer(res, instead.answer)
    else sendAgain(res, instead.response)
  }
}

function sendAgain(res: ServerResponse, response: AppResponse): void {
  res.statusCode = response.status
  for (const [name, value] of fieldsByName(response)) res.setHeader(name, value)
  res.setHeader(replayedHeader, 'true')
  res.end(response.body)
}
