// Sessions for Hono: `c.get('session')`, saved before the Response leaves.
import type { Context, MiddlewareHandler } from 'hono'
import { DroverError } from '../base/errors.ts'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { errorAnswer } from './error-answer.ts'
import { errorResponse, isHttps, openFetchSession } from './fetch-session.ts'
import { mountedSession, refusalAnswer } from './mounted-session.ts'

export type { Session } from '../session/session.ts'
export type { Sessions } from '../session/sessions.ts'
export { honoFiles, honoUploads, uploadsOf } from './files/hono.ts'
export type { UploadedFile, Uploads } from '../files/upload/form.ts'
export type { IncomingFile, UploadProgress, UploadRouteOptions } from '../files/upload/options.ts'
export { honoIdempotency } from './idempotency/hono.ts'
export type { IdempotencyRouteOptions } from './idempotency/options.ts'
export { honoTokens, tokenIfAny, tokenOf } from './tokens/hono.ts'
export type { TokenRouteOptions } from './tokens/admit.ts'

/** The environment of an app with these sessions: `new Hono<SessionEnv<Shop>>()`. Chained `use` calls infer it. */
export interface SessionEnv<Data extends object = Record<string, unknown>> {
  Variables: {
    /** This visitor's session; the store is asked when it is first used. */
    session: Session<Data>
  }
}

/** What a Request does not tell of its client. */
export interface HonoOptions {
  /** The client's address, kept with a sign-in; `getConnInfo(c).remote.address` of your runtime. Default: unknown. */
  readonly ip?: (c: Context) => string | undefined
  /**
   * Whether the client came over HTTPS. Default: by the URL of the request. Behind another TLS-terminating proxy than
   * Drover's, read what that proxy sets, and only if no client reaches the server around it.
   */
  readonly encrypted?: (c: Context) => boolean
}

/**
 * Gives each request its session as `c.get('session')` and `sessionOf(c, shop)`, and commits it after the handler has
 * returned, before the Response leaves. A commit that fails is answered in the app's place: 503 with Retry-After for a store
 * that is unavailable, 409 for a session that was signed out meanwhile, 500 otherwise; without the app's headers, and
 * without a cookie. So is a DroverError that no handler caught and `onError` left at 500. A request forged by another site is
 * answered 403 and reaches no later handler. An answer that used the session is kept out of shared caches.
 *
 * `stream` and `streamSSE` run on after the head has left: sign in before them, and save what changes in them with
 * `session.commit()`.
 */
export function honoSessions<Data extends object>(
  shop: Sessions<Data>,
  options: HonoOptions = {},
): MiddlewareHandler<SessionEnv<Data>> {
  return async (c, next) => {
    const outer = shop.of(c) ?? shop.of(c.req.raw)
    if (outer !== undefined) {
      // Mounted twice, or inside fetchSessions, it stays one session with one commit.
      c.set('session', outer)
      return next()
    }
    // By the context: another middleware may replace c.req.raw.
    const { session, finish } = openFetchSession(shop, c, c.req.raw, {
      ip: () => options.ip?.(c),
      encrypted: options.encrypted?.(c) ?? isHttps(c.req.raw),
    })
    c.set('session', session)
    const refusal = refusalAnswer(session, shop)
    const refused = refusal instanceof Promise ? await refusal : refusal
    if (refused !== undefined) return errorResponse(refused)
    await next()
    const given = c.error instanceof DroverError && c.res.status === 500 ? uncaught(shop, c.error) : c.res
    const response = await finish(given)
    if (response === c.res) return
    // Assigning over a response would add the headers of the former one to it.
    c.res = undefined
    c.res = response
  }
}

/** Hono answers an error 500 unless told otherwise, but an outage is 503 (R3). */
function uncaught<Data extends object>(shop: Sessions<Data>, error: DroverError): Response {
  shop.report(error)
  return errorResponse(errorAnswer(error))
}

/**
 * The request's session with the type of `shop`: right where an app has several kinds, or an environment of its own.
 * Throws SESSION_NOT_MOUNTED when `honoSessions(shop)` did not see the request.
 */
export function sessionOf<Data extends object>(c: Context, shop: Sessions<Data>): Session<Data> {
  const session = shop.of(c) ?? shop.of(c.req.raw)
  return mountedSession(session, c.req.method, 'app.use(honoSessions(…)) before this handler')
}
