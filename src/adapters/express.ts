// Sessions for Express 4 and 5: `req.session`, saved before the first byte of the answer.
import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { EveryOf } from './every-of.ts'
import { mountedSession } from './mounted-session.ts'
import { admit, openNodeSession } from './node-session.ts'

export type { Session } from '../session/session.ts'
export type { Sessions } from '../session/sessions.ts'
export { expressFiles, expressUploads, uploadsOf } from './files/express.ts'
export type { UploadedFile, Uploads } from '../files/upload/form.ts'
export type { IncomingFile, UploadProgress, UploadRouteOptions } from '../files/upload/options.ts'
export { expressIdempotency } from './idempotency/express.ts'
export type { IdempotencyRouteOptions } from './idempotency/options.ts'
export { expressTokens, tokenIfAny, tokenOf } from './tokens/express.ts'
export type { TokenRouteOptions } from './tokens/admit.ts'

/**
 * The shape of `req.session`'s data. Add your app's fields once:
 *
 *     declare module 'drover/express' {
 *       interface SessionData { cart: { sku: string; quantity: number }[] }
 *     }
 *
 * An app with several kinds of sessions asks `sessionOf(req, shop)` instead, which has the type of `shop`.
 */
export interface SessionData {}

declare global {
  namespace Express {
    /** What Drover's entries say of `req.session`; an app uses one of them. */
    interface DroverSessions {
      native: Session<Partial<SessionData>>
    }
    interface Request {
      /** This visitor's session; the store is asked when it is first used. */
      session: EveryOf<DroverSessions>
    }
  }
}

/**
 * Gives each request its session as `req.session` and `sessionOf(req, shop)`, and commits it before the first byte of
 * the answer. A commit that fails is answered in the app's place: 503 with Retry-After for a store that is unavailable,
 * 409 for a session that was signed out meanwhile, 500 otherwise; without the app's headers, and without a cookie.
 * A request forged by another site is answered 403 and reaches no handler. An answer that used the session is kept out of
 * shared caches. Mount it before what answers. Behind another proxy than Drover's, set Express's own `trust proxy`.
 */
export function expressSessions<Data extends object>(shop: Sessions<Data>): RequestHandler {
  return (req, res, next) => {
    // Mounted twice, say on the app and on a router, it stays one session behind one gate.
    if (shop.of(req) !== undefined) {
      next()
      return
    }
    const session = openNodeSession(shop, req, res, { ip: () => req.ip, encrypted: req.secure })
    Object.defineProperty(req, 'session', {
      configurable: true,
      enumerable: true,
      writable: true,
      value: session,
    })
    admit(session, shop, res, next)
  }
}

/**
 * The request's session with the type of `shop`: no global declaration needed, and right where an app has several.
 * Throws SESSION_NOT_MOUNTED when `expressSessions(shop)` did not see the request.
 */
export function sessionOf<Data extends object>(req: IncomingMessage, shop: Sessions<Data>): Session<Data> {
  return mountedSession(shop.of(req), req.method, 'app.use(expressSessions(…)) before this handler')
}
