// A request that is sent again, by a client or by the balancer, carries the Idempotency-Key of the first.
import { hash } from 'node:crypto'
import type { Request } from 'express'

/** Stands for the request's key at its address; undefined without one, as with forms of a browser that no balancer is before. */
export function keyOf(request: Request): string | undefined {
  const key = request.get('idempotency-key')
  return key === undefined
    ? undefined
    : hash('sha256', `${request.baseUrl}${request.path} ${key}`, 'base64url')
}

/**
 * Saves the session now, together with the request's key. When an earlier server did that and died before it could answer,
 * nothing changes a second time, and the session's data is what was saved then.
 */
export async function saveOnce(request: Request): Promise<void> {
  const idempotencyKey = keyOf(request)
  await request.session.commit(idempotencyKey === undefined ? {} : { idempotencyKey })
}
