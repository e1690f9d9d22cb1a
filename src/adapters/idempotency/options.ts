// What an app says about the requests of its framework where it mounts idempotency keys.
import type { Idempotency, KeyedRequest } from '../../idempotency/idempotency.ts'
import type { AppResponse } from '../../idempotency/response.ts'
import type { Run } from '../../idempotency/run.ts'

export interface IdempotencyRouteOptions<Request> {
  /**
   * Whose request it is: the signed-in user, say. Nobody gets the answer of another's key. Where it gives nothing, the request
   * is answered 401. `'anonymous'` lets all clients share their keys, which is safe as long as nobody can guess one.
   */
  readonly principal: 'anonymous' | ((request: Request) => string | undefined | Promise<string | undefined>)
  /**
   * What tells requests apart beside the query: with the same key and another, a request is answered 422. Default: the body as
   * the framework's parser read it (objects in any order of their fields); its bytes in `fetch` and Hono.
   */
  readonly body?: (request: Request) => string | Uint8Array | Promise<string | Uint8Array>
  /**
   * Saves what the answer promises, before its key counts as done: `(req) => req.session.commit()`, where the handler changes
   * the session. Otherwise a crash in between would lose the change, and the answer would be given again all the same.
   */
  readonly save?: (request: Request) => unknown
}

export interface BegunRequest<Request> {
  readonly policy: Idempotency
  readonly request: Request
  readonly options: IdempotencyRouteOptions<Request>
}

export function principalOf<Request>(
  { principal }: IdempotencyRouteOptions<Request>,
  request: Request,
): KeyedRequest['principal'] {
  return () => (principal === 'anonymous' ? anonymous : principal(request))
}

/** No principal of an app's own: those begin with a letter, say. */
const anonymous = '\0anonymous'

/** Saves, and then settles the key. What could not be saved leaves the key free. */
export async function settle<Request>(
  { request, options: { save } }: BegunRequest<Request>,
  run: Run,
  response: AppResponse,
): Promise<void> {
  try {
    await save?.(request)
  } catch (error) {
    await run.abandon()
    throw error
  }
  await run.finish(response)
}
