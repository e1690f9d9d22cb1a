// Sessions for Express 5: `req.session`, saved before the first byte of the answer.
import type { IncomingMessage } from 'node:http'
import type { RequestHandler } from 'express'
import { DroverError } from '../base/errors.ts'
import type { OpenSession, Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { gateResponse } from './response-gate.ts'
import type { ResponseGuard } from './response-gate.ts'

export type { Session } from '../session/session.ts'
export type { Sessions } from '../session/sessions.ts'

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
    interface Request {
      /** This visitor's session; the store is asked when it is first used. */
      session: Session<SessionData>
    }
  }
}

/**
 * Gives each request its session as `req.session` and `sessionOf(req, shop)`, and commits it before the first byte of
 * the answer. A commit that fails is answered in the app's place: 503 with Retry-After for a store that is unavailable,
 * 409 for a session that was signed out meanwhile, 500 otherwise; without the app's headers, and without a cookie.
 * Mount it before what answers. Behind another proxy than Drover's, set Express's own `trust proxy` for Secure cookies.
 */
export function expressSessions<Data extends object>(shop: Sessions<Data>): RequestHandler {
  return (req, res, next) => {
    // Mounted twice, say on the app and on a router, it stays one session behind one gate.
    if (shop.of(req) === undefined) {
      const session = shop.open(req, {
        cookieHeader: req.headers.cookie,
        encrypted: req.secure,
        forwardedProto: req.get('x-forwarded-proto'),
        headLeft: () => gate.headLeft(),
      })
      const gate = gateResponse(res, guardOf(session, shop))
      Object.defineProperty(req, 'session', {
        configurable: true,
        enumerable: true,
        writable: true,
        value: session,
      })
    }
    next()
  }
}

function guardOf<Data extends object>(session: OpenSession<Data>, shop: Sessions<Data>): ResponseGuard {
  return {
    pending: () => session.pending(),
    commit: async () => {
      await session.commit()
      const cookie = session.takeCookie()
      return cookie === undefined ? [] : [cookie]
    },
    report: (error) => {
      shop.report(error)
    },
  }
}

/**
 * The request's session with the type of `shop`: no global declaration needed, and right where an app has several.
 * Throws SESSION_NOT_MOUNTED when `expressSessions(shop)` did not see the request.
 */
export function sessionOf<Data extends object>(req: IncomingMessage, shop: Sessions<Data>): Session<Data> {
  const session = shop.of(req)
  if (session !== undefined) return session
  throw new DroverError(
    'SESSION_NOT_MOUNTED',
    `Cannot find session of ${req.method ?? 'the'} request: wanted app.use(expressSessions(…)) before this handler`,
  )
}
