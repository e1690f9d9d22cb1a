// The base class of session stores for express-session: connect-* stores and apps' own extend it.
import { EventEmitter } from 'node:events'
import type { Done } from './callback.ts'
import { callableClass } from './callable-class.ts'
import { Cookie } from './cookie.ts'
import type { SessionData } from './index.ts'
import type { SessionHolder } from './request.ts'
import { Session } from './request-session.ts'

/** What the middleware asks of a store. Any store written for express-session has it, whichever base class it extends. */
export interface ClassicStore {
  get(sid: string, callback: (error: unknown, session?: unknown) => void): unknown
  set(sid: string, session: object, callback?: Done): unknown
  destroy(sid: string, callback?: Done): unknown
  /** Slides the expiry of a session that was not changed. */
  touch?(sid: string, session: object, callback?: Done): unknown
  regenerate(req: object, callback: Done): unknown
  createSession(req: object, session: object): object
  /** Set by the middleware. */
  generate?(req: object): void
  on(event: string, listener: () => void): unknown
}

abstract class StoreBase extends EventEmitter {
  /** Set by the middleware: gives the request a session under a new id. */
  generate?(req: SessionHolder): void
  /** Passes the session's data, or nothing when there is none. The error code ENOENT means that there is none, too. */
  abstract get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void
  /** Stores the session, new or not. */
  abstract set(sid: string, session: SessionData, callback?: Done): void
  abstract destroy(sid: string, callback?: Done): void
  touch?(sid: string, session: SessionData, callback?: Done): void
  all?(
    callback: (error: unknown, sessions?: SessionData[] | Record<string, SessionData> | null) => void,
  ): void
  length?(callback: (error: unknown, length?: number) => void): void
  clear?(callback?: Done): void

  /** Destroys the request's session and gives it a new one, whether or not the first could be destroyed. */
  regenerate(req: SessionHolder, callback: Done): void {
    this.destroy(req.sessionID ?? '', (error) => {
      this.generate?.(req)
      callback(error)
    })
  }

  /** The session under `sid` as an object with its methods, outside of a request. */
  load(sid: string, callback: (error?: unknown, session?: Session & Partial<SessionData>) => void): void {
    this.get(sid, (error, data) => {
      if (error) callback(error)
      else if (data) callback(null, this.createSession({ sessionID: sid, sessionStore: this }, data))
      else callback()
    })
  }

  /** Makes stored data the request's session. */
  createSession(req: SessionHolder, data: SessionData): Session & Partial<SessionData> {
    data.cookie = Cookie.of(data.cookie)
    const session = new Session(req, data)
    req.session = session
    return session
  }
}

/** Base class of stores: implement `get`, `set` and `destroy`, and `touch` where sessions expire. */
export const Store: typeof StoreBase = callableClass(StoreBase, (store) => {
  EventEmitter.call(store)
})
export type Store = StoreBase
