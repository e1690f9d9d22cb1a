// What express-session puts on a request, and where our own part of it hides.
import type { IncomingMessage } from 'node:http'
import type { Done } from './callback.ts'
import type { Session } from './request-session.ts'
import type { ClassicStore } from './store.ts'

/** Where a request keeps its visit; not enumerable, so that whoever prints or copies a request does not see it. */
export const visitKey: unique symbol = Symbol('visit')

/** What the session object tells of calls to the store that an app makes on its own. */
export interface StoreCalls {
  /** Gives the request a session under a new id, by the options of the middleware that it came through. */
  begin(): void
  /** Runs a save of `session`; the answer waits for it, and counts the session as saved only if it was. */
  saving(session: Session, call: (done: Done) => void, callback: Done): void
  /** Runs a removal; the answer waits for it, and is an error where it failed. */
  removing(call: (done: Done) => void, callback: Done): void
}

/** All that a session needs of its request; a store's `load` makes one without a request. */
export interface SessionHolder {
  session?: Session | null | undefined
  sessionID?: string | undefined
  sessionStore?: ClassicStore | undefined
  readonly [visitKey]?: StoreCalls
}

/** A request of Express, or of anything else on node:http. */
export interface SessionRequest extends IncomingMessage, SessionHolder {
  /** As Express mounts an app: the path before its mount point was taken off. */
  readonly originalUrl?: string
  /** Express's own answer to whether the client came over HTTPS. */
  readonly secure?: boolean
  /** What the middleware cookie-parser leaves. */
  readonly secret?: unknown
  readonly cookies?: unknown
  readonly signedCookies?: unknown
}
