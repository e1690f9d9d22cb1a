// Idempotency keys for Hono.
import type { Context, MiddlewareHandler } from 'hono'
import type { Idempotency } from '../../idempotency/idempotency.ts'
import { beginFetchRequest, bytesOf } from './fetch-keys.ts'
import type { IdempotencyRouteOptions } from './options.ts'

/**
 * Honours the `Idempotency-Key` of requests, as `expressIdempotency` does: `app.post('/orders', honoIdempotency(keys, …), handler)`,
 * after sessions. `stream` and `streamSSE` run on after the head has left: their answers are held back until they end, but for
 * event streams.
 */
export function honoIdempotency(
  policy: Idempotency,
  options: IdempotencyRouteOptions<Context>,
): MiddlewareHandler {
  return async (c, next) => {
    const body = () => options.body?.(c) ?? bodyOf(c)
    const begun = await beginFetchRequest({ policy, request: c, options }, c.req.raw, body)
    if (begun instanceof Response) return begun
    await next()
    if (begun === undefined) return undefined
    const response = await begun.finish(c.res)
    if (response === c.res) return undefined
    // Assigning over a response would add the headers of the former one to it.
    c.res = undefined
    c.res = response
    return undefined
  }
}

/** Hono remembers what an earlier middleware has read, and reads it once for all later ones. */
async function bodyOf(c: Context): Promise<Uint8Array> {
  return c.req.raw.bodyUsed ? new Uint8Array(await c.req.arrayBuffer()) : bytesOf(c.req.raw)
}
