// drover/express-session: a drop-in for the package express-session, with the same options and the same API.
import type { RequestHandler } from 'express'
import type { EveryOf } from '../every-of.ts'
import { Cookie } from './cookie.ts'
import type { CookieOptions } from './cookie.ts'
import { MemoryStore } from './memory-store.ts'
import { sessionMiddleware } from './middleware.ts'
import type { SessionOptions } from './options.ts'
import { Session } from './request-session.ts'
import { Store } from './store.ts'

export type { CookieOptions } from './cookie.ts'
export type { SessionOptions } from './options.ts'
export type { Secret } from './signature.ts'
export type { ClassicStore } from './store.ts'

/**
 * What a session keeps. Add your app's fields once:
 *
 *     declare module 'drover/express-session' {
 *       interface SessionData { views: number }
 *     }
 */
export interface SessionData {
  cookie: Cookie
}

declare global {
  namespace Express {
    /** What Drover's entries say of `req.session`; an app uses one of them. */
    interface DroverSessions {
      classic: Session & Partial<SessionData>
    }
    interface Request {
      /** This visitor's session: fields of SessionData, and the methods of Session. */
      session: EveryOf<DroverSessions>
      /** The id of the session. */
      sessionID: string
      /** The store in use. */
      sessionStore: Store & { generate(req: Request): void }
    }
  }
}

/**
 * Gives each request its session as `req.session`, stored before the first byte of the answer. Takes the options of
 * express-session; throws TypeError for the ones it refuses, and OPTION_INVALID for those of Drover's own.
 */
function session(options?: SessionOptions): RequestHandler {
  return sessionMiddleware(options)
}

/** For code that says `session.Store` or `session.SessionData`. */
declare namespace session {
  export { Cookie, MemoryStore, Session, Store }
  export type { CookieOptions, SessionData, SessionOptions }
}

Object.assign(session, { Cookie, MemoryStore, Session, Store })

export { Cookie, MemoryStore, Session, Store }
// The last one is for `require`, which then gives the function itself (Node's require(esm)).
export { session, session as default, session as 'module.exports' }
