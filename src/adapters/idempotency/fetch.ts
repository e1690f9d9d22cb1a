// Idempotency keys for fetch-style handlers: (Request, …) => Response.
import type { Idempotency } from '../../idempotency/idempotency.ts'
import { beginFetchRequest, bytesOf } from './fetch-keys.ts'
import type { IdempotencyRouteOptions } from './options.ts'

type Handler<Rest extends readonly unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * Wraps a handler so that it honours the `Idempotency-Key` of requests, as `expressIdempotency` does. The handler gets the very
 * Request. With sessions, wrap this by them: `fetchSessions(shop)(fetchIdempotency(keys, …)(handler))`.
 */
export function fetchIdempotency(
  policy: Idempotency,
  options: IdempotencyRouteOptions<Request>,
): <Rest extends readonly unknown[]>(
  handler: Handler<Rest>,
) => (request: Request, ...rest: Rest) => Promise<Response> {
  return (handler) =>
    async (request, ...rest) => {
      const body = () => options.body?.(request) ?? bytesOf(request)
      const begun = await beginFetchRequest({ policy, request, options }, request, body)
      if (begun instanceof Response) return begun
      if (begun === undefined) return handler(request, ...rest)
      try {
        return await begun.finish(await handler(request, ...rest))
      } catch (error) {
        await begun.abandon()
        throw error
      }
    }
}
