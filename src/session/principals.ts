// A principal's sessions, wherever they were signed in: listed, ended one by one or all at once.
import { DroverError } from '../base/errors.ts'
import { tell } from './events.ts'
import { principalTag, tagOf } from './id.ts'
import type { PrincipalSessions } from './keeping.ts'
import type { Session } from './session.ts'
import type { ListedSession, SessionStore } from './store.ts'

/** One signed-in session, as its owner may see it. Times are milliseconds since the epoch. */
export interface SessionInfo {
  /** For `revoke`, and to be compared with `session.handle()`. Nobody can sign in with it. */
  readonly handle: string
  readonly device: string | undefined
  readonly ip: string | undefined
  readonly createdAtMs: number
  /** To within a tenth of the idle time: a use is written down only when that much has passed. */
  readonly lastSeenAtMs: number
  /** When it ends unless it is used before. */
  readonly expiresAtMs: number
}

export interface RevokeAllOptions {
  /** The session that stays: the request's own, or its handle. */
  readonly except?: Session<never> | Pick<Session, 'handle'> | string | undefined
}

export class Principals implements PrincipalSessions {
  readonly #store: SessionStore
  readonly #idleMs: number

  constructor(store: SessionStore, idleMs: number) {
    this.#store = store
    this.#idleMs = idleMs
  }

  async list(principal: string): Promise<readonly SessionInfo[]> {
    const sessions = await this.#store.list(principalTag(principal))
    // Two principals share a tag by a chance of 2^-96; a record says whose it is.
    return sessions
      .filter((session) => session.principal === principal)
      .map((session) => this.#infoOf(session))
  }

  async revoke(handle: string): Promise<void> {
    checkHandle(handle)
    await this.#store.delete(handle)
    tell('revoked', handle)
  }

  async revokeAll(principal: string, { except }: RevokeAllOptions): Promise<void> {
    const kept = typeof except === 'object' ? await except.handle() : except
    if (typeof kept === 'string') checkHandle(kept)
    await this.#store.revokeAll(principalTag(principal), kept)
    tell('revoked', '*', principal)
  }

  #infoOf(session: ListedSession): SessionInfo {
    const { key, device, ip, createdAtMs, idleDeadlineMs } = session
    const lastSeenAtMs = Math.max(createdAtMs, idleDeadlineMs - this.#idleMs)
    return { handle: key, device, ip, createdAtMs, lastSeenAtMs, expiresAtMs: idleDeadlineMs }
  }
}

/** Only signed-in sessions have one that others may name: a visitor's is nobody's to revoke. */
function checkHandle(handle: unknown): void {
  if (typeof handle === 'string' && /^[\w-]{16}\.[\w-]{43}$/.test(handle) && tagOf(handle) !== undefined)
    return
  throw new DroverError('SESSION_VALUE_INVALID', 'Cannot find session: wanted a handle as list() gives them')
}
