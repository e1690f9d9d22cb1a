// Sessions for handlers from Request to Response, as Bun, Deno, h3, Hono and React Router have them.
import { DroverError } from '../base/errors.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { errorAnswer } from './error-answer.ts'
import { errorResponse, isHttps, openFetchSession } from './fetch-session.ts'
import { mountedSession, refusalAnswer } from './mounted-session.ts'

export type { Session } from '../session/session.ts'
export type { Sessions } from '../session/sessions.ts'
export { fetchFiles, fetchUploads, uploadsOf } from './files/fetch.ts'
export type { UploadedFile, Uploads } from '../files/upload/form.ts'
export type { IncomingFile, UploadProgress, UploadRouteOptions } from '../files/upload/options.ts'
export { fetchIdempotency } from './idempotency/fetch.ts'
export type { IdempotencyRouteOptions } from './idempotency/options.ts'
export { fetchTokens, tokenIfAny, tokenOf } from './tokens/fetch.ts'
export type { TokenRouteOptions } from './tokens/admit.ts'

/** What a Request does not tell of its client. Both are given what the handler is given. */
export interface FetchOptions<Rest extends readonly unknown[] = readonly unknown[]> {
  /** The client's address, kept with a sign-in. Default: unknown. */
  readonly ip?: (request: Request, ...rest: Rest) => string | undefined
  /**
   * Whether the client came over HTTPS. Default: by the URL of the request. Behind another TLS-terminating proxy than
   * Drover's, read what that proxy sets, and only if no client reaches the server around it.
   */
  readonly encrypted?: (request: Request, ...rest: Rest) => boolean
}

export type FetchHandler<Rest extends readonly unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>

/**
 * Gives a function that wraps a handler, so that `sessionOf(request, shop)` works in it:
 *
 *     export default { fetch: fetchSessions(shop)(app.fetch) }
 *
 * The session is committed after the handler has returned and before its Response leaves. A commit that fails is answered
 * in the handler's place: 503 with Retry-After for a store that is unavailable, 409 for a session that was signed out
 * meanwhile, 500 otherwise; so is a DroverError that the handler throws. A request forged by another site is answered 403
 * and does not reach the handler. A Response that used the session is kept out of shared caches.
 *
 * What changes while a body streams is saved by `session.commit()` only; sign in before the Response is returned, since its
 * cookie leaves with the head. A framework that hands its handlers another Request object than it was given, as React
 * Router does, needs the session passed on: in its load context, or whatever it has for that.
 */
export function fetchSessions<Data extends object, Rest extends readonly unknown[] = readonly unknown[]>(
  shop: Sessions<Data>,
  options: FetchOptions<Rest> = {},
): <Arguments extends Rest>(
  handler: FetchHandler<Arguments>,
) => (request: Request, ...rest: Arguments) => Promise<Response> {
  return (handler) =>
    async (request, ...rest) => {
      // Wrapped twice, it stays one session with one commit.
      if (shop.of(request) !== undefined) return handler(request, ...rest)
      const { session, finish } = openFetchSession(shop, request, request, {
        ip: () => options.ip?.(request, ...rest),
        encrypted: options.encrypted?.(request, ...rest) ?? isHttps(request),
      })
      const refusal = refusalAnswer(session, shop)
      const refused = refusal instanceof Promise ? await refusal : refusal
      if (refused !== undefined) return errorResponse(refused)
      try {
        return await finish(await handler(request, ...rest))
      } catch (error) {
        if (!(error instanceof DroverError)) throw error
        shop.report(error)
        return errorResponse(errorAnswer(error))
      }
    }
}

/** The request's session. Throws SESSION_NOT_MOUNTED when `fetchSessions(shop)` did not see this very Request. */
export function sessionOf<Data extends object>(request: Request, shop: Sessions<Data>): Session<Data> {
  return mountedSession(shop.of(request), request.method, 'fetchSessions(…)(handler) with this very Request')
}
