// Where an app's sessions are kept: as rows in a store, or sealed in each visitor's own cookie. A request does not know which.
import type { Draft } from './conflict.ts'
import type { FieldTexts } from './fields.ts'
import type { LegacySession } from './legacy.ts'
import type { HeldSession, SignIn } from './lifecycle.ts'
import type { RevokeAllOptions, SessionInfo } from './principals.ts'
import type { CutChoice } from './sign-ins.ts'
import type { Destination, Found, SessionRequest, Written } from './writer.ts'

/** All sessions of an app, as they are kept. */
export interface SessionKeeping {
  /**
   * Whether requests of one session meet where it is kept, so that their changes can be brought together. Otherwise
   * whatever needs that is refused with SESSION_MODE_UNSUPPORTED.
   */
  readonly isShared: boolean
  /** Whether whole numbers can be added to fields where they rest. */
  readonly canAdd: boolean
  readonly principals: PrincipalSessions
  /** What a Cookie header brings under this name that has the form of one of these sessions. Opens nothing. */
  cookieIn(cookieHeader: string | undefined, name: string): string | undefined
  keep(request: SessionRequest): SessionKeeper
  /** Lets go of what it holds. Idempotent. */
  close(): Promise<void>
}

/** A principal's sessions, wherever they were signed in. Each method rejects with STORE_UNAVAILABLE. */
export interface PrincipalSessions {
  list(principal: string): Promise<readonly SessionInfo[]>
  revoke(handle: string): Promise<void>
  revokeAll(principal: string, options: RevokeAllOptions): Promise<void>
}

/** One request's session: carries out what a commit decided, and holds the cookies due. */
export interface SessionKeeper {
  readonly owesCookies: boolean
  /** The Set-Cookie lines due, once. */
  takeCookies(): readonly string[]
  /** Finds the session under `key`, whose id is `id` where that is known, and slides its idle deadline. */
  load(key: string, id: string | undefined): Promise<Found | undefined>
  /** Finds another library's session, and takes it over. */
  takeOver(legacy: LegacySession): Promise<Found | undefined>
  save(session: HeldSession, draft: Draft): Promise<Written>
  create(signIn: SignIn | undefined, texts: FieldTexts): Promise<HeldSession>
  replace(session: HeldSession, to: Destination, draft: Draft, texts: FieldTexts): Promise<Written>
  discard(key: string, principal: string | undefined): Promise<void>
  /**
   * From now on it is told by this choice, and not by the app's, whether the session has ended. Resolves to whether one that was loaded before counts
   * by it, too. Undefined where each read asks the store anyway.
   */
  readonly judgeBy?: (whenCut: CutChoice) => Promise<boolean>
  /** Calls `onEnd` once the session under `key` has ended (at once for undefined); returns what stops that. */
  watch(key: string | undefined, onEnd: () => void): () => void
}
