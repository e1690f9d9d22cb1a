// One request's session: what it was when it came, what must be stored before the answer leaves, and its cookie.
import type { ServerResponse } from 'node:http'
import { DroverError } from '../../base/errors.ts'
import { describe, unavailable } from '../../stores/unavailable.ts'
import type { ResponseGuard } from '../response-gate.ts'
import type { Done } from './callback.ts'
import { beginSession } from './new-session.ts'
import type { Settings } from './options.ts'
import type { SessionRequest, StoreCalls } from './request.ts'
import type { Session } from './request-session.ts'
import { setCookieLine } from './set-cookie.ts'
import { signSid } from './signature.ts'
import type { Secret } from './signature.ts'
import { isSame, snapshotOf } from './snapshot.ts'
import type { Snapshot } from './snapshot.ts'
import { isSecure } from './transport.ts'

export interface VisitOf {
  readonly settings: Settings
  readonly req: SessionRequest
  readonly res: ServerResponse
  readonly next: (error?: unknown) => void
  /** The id that the client presented. */
  readonly cookieId: string | undefined
  /** The first one signs. */
  readonly secrets: readonly Secret[]
  /** Whether the head of the answer has left, so that a cookie would come too late. */
  readonly headLeft: () => boolean
}

export class Visit implements ResponseGuard, StoreCalls {
  readonly #of: VisitOf
  /** Undefined until the request has its session. */
  #original: Snapshot | undefined
  /** What the store holds, as far as this request knows. */
  #saved: Snapshot | undefined
  /** Calls to the store that the app began and that have not answered. */
  readonly #underWay: Set<Promise<void>> = new Set()
  /** Why a session that the app destroyed may still be there. */
  #unremoved: unknown
  /** A touch that has not answered. */
  #touching: Promise<void> | undefined
  #touched: Session | undefined
  /** The id whose cookie was decided on. */
  #cookieFor: string | undefined
  #lines: readonly string[] = []
  /** Errors that no answer waits for. */
  readonly #late: unknown[] = []
  #hasStored = false
  #hasEnded = false
  /** Nothing is left to store: it was destroyed at the end, or that cannot be done. */
  #isOver = false

  constructor(of: VisitOf) {
    this.#of = of
  }

  begin(): void {
    beginSession(this.#of.req, this.#of.settings)
  }

  /** The request has its session: a new one, or one that was stored. */
  opened(session: Session, isStored: boolean): void {
    this.#original = snapshotOf(session)
    if (isStored && !this.#of.settings.resave) this.#saved = this.#original
  }

  saving(session: Session, call: (done: Done) => void, callback: Done): void {
    const former = this.#saved
    this.#saved = snapshotOf(session)
    this.#run(call, callback, (error) => {
      if (error) this.#saved = former
      else this.#hasStored = true
    })
  }

  removing(call: (done: Done) => void, callback: Done): void {
    this.#run(call, callback, (error) => {
      this.#unremoved = error || undefined
    })
  }

  pending(): boolean {
    if (this.#touching !== undefined) return true
    if (this.#original === undefined || this.#isOver) return false
    if (this.#underWay.size > 0 || this.#unremoved !== undefined || this.#mustDestroy()) return true
    const { session } = this.#of.req
    if (!session) return false
    try {
      const now = snapshotOf(session)
      return this.#mustSave(now) || this.#owesCookie(session, now)
    } catch {
      // Data that cannot be written: the commit says so.
      return true
    }
  }

  touched(): boolean {
    return this.#lines.length > 0
  }

  async commit(): Promise<readonly string[]> {
    const { ignoresSaveErrors, patience, storeTimeoutMs } = this.#of.settings
    try {
      const work = this.#commit()
      await (ignoresSaveErrors ? work : patience.bound(work, () => silent('save', storeTimeoutMs)))
    } catch (error) {
      this.#giveUp(error)
    }
    await this.#touching
    this.#passOnSoon()
    return this.#lines
  }

  report(error: unknown): void {
    this.#of.settings.report(error)
  }

  /** The app ends its answer: a session that was only used is touched, and the end waits for that. */
  ended(): void {
    const { req, settings, cookieId } = this.#of
    const { session, sessionID } = req
    if (this.#hasEnded || this.#original === undefined) return
    this.#hasEnded = true
    if (!session || sessionID === undefined || sessionID !== cookieId) return
    if (settings.store.touch === undefined || this.#hasStored || this.#underWay.size > 0) return
    if (this.#owesSave(session)) return
    this.#touch(session)
    const { patience, storeTimeoutMs } = settings
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#touching = promise
    const settle: Done = (error) => {
      if (this.#touching !== promise) return
      patience.end(wait)
      this.#touching = undefined
      resolve()
      // Nothing is lost: the answer is as good as it was.
      if (error) this.#passOn(error)
    }
    const wait = patience.begin(() => {
      settle(silent('touch', storeTimeoutMs))
    })
    try {
      settings.store.touch(sessionID, session, settle)
    } catch (error) {
      settle(error)
    }
  }

  async #commit(): Promise<void> {
    if (this.#isOver) return
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
    if (this.#unremoved !== undefined) throw this.#unremoved
    const { session } = this.#of.req
    if (this.#mustDestroy()) return this.#destroy()
    if (!session) return
    const now = snapshotOf(session)
    if (this.#owesCookie(session, now)) this.#bake(session)
    if (!this.#mustSave(now)) return
    this.#touch(session)
    await called((done) => session.save(done))
    this.#saved = now
  }

  async #destroy(): Promise<void> {
    const { sessionID = '' } = this.#of.req
    await called((done) => this.#of.settings.store.destroy(sessionID, done))
    this.#isOver = true
  }

  #giveUp(error: unknown): void {
    this.#isOver = true
    if (this.#of.settings.ignoresSaveErrors) return this.#passOn(error)
    this.#lines = []
    // The app answers with an error page of its own: better than ours, and as true.
    if (this.#of.res.statusCode < 500) throw failureOf(error)
    this.report(error)
  }

  /** Runs a call that the answer waits for; with `saveErrors: 'ignore'` it does not. */
  #run(call: (done: Done) => void, callback: Done, note: Done): void {
    if (this.#of.settings.ignoresSaveErrors) {
      call(callback)
      return
    }
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#underWay.add(promise)
    const end: Done = (error) => {
      this.#underWay.delete(promise)
      note(error)
      resolve()
      callback(error)
    }
    try {
      call(end)
    } catch (error) {
      this.#underWay.delete(promise)
      note(error)
      resolve()
      throw error
    }
  }

  #mustDestroy(): boolean {
    const { req, settings } = this.#of
    return settings.destroysUnset && Boolean(req.sessionID) && !req.session
  }

  #owesSave(session: Session): boolean {
    try {
      return this.#mustSave(snapshotOf(session))
    } catch {
      return true
    }
  }

  #mustSave(now: Snapshot): boolean {
    const { req, settings, cookieId } = this.#of
    if (typeof req.sessionID !== 'string') return false
    const isNew = this.#saved === undefined && cookieId !== req.sessionID
    return isNew && !settings.saveUninitialized ? !isSame(this.#original, now) : !isSame(this.#saved, now)
  }

  #owesCookie({ cookie }: Session, now: Snapshot): boolean {
    const { req, settings, cookieId, headLeft } = this.#of
    const { sessionID } = req
    if (typeof sessionID !== 'string' || sessionID === this.#cookieFor || headLeft()) return false
    if (cookie.secure && !isSecure(req, settings.proxy)) return false
    const isChanged = !isSame(this.#original, now)
    if (cookieId !== sessionID) return settings.saveUninitialized || isChanged
    return settings.rolling || (cookie.expires !== null && cookie.expires !== undefined && isChanged)
  }

  /** A cookie that cannot be written is not sent, and the error goes on, as with express-session. */
  #bake(session: Session): void {
    const { req, settings, secrets } = this.#of
    const { sessionID = '' } = req
    this.#cookieFor = sessionID
    this.#touch(session)
    try {
      const value = signSid(sessionID, firstOf(secrets))
      this.#lines = [setCookieLine(settings.name, value, session.cookie.data)]
      dateNow(this.#of.res)
    } catch (error) {
      this.#passOn(error)
    }
  }

  /** Once per request, so that the cookie and the store name the same end. */
  #touch(session: Session): void {
    if (this.#touched === session) return
    this.#touched = session
    session.touch()
  }

  /** To the next error handler, but not before the answer has left: that handler would begin another. */
  #passOn(error: unknown): void {
    this.#late.push(error)
    this.#passOnSoon()
  }

  #passOnSoon(): void {
    if (this.#late.length === 0) return
    setImmediate(() => {
      // A commit is under way, and comes by here when it ends.
      if (!this.#of.headLeft()) return
      for (const error of this.#late.splice(0)) this.#of.next(error)
    })
  }
}

/**
 * A cookie's Expires is read against Date (RFC 6265bis section 5.7 leaves that to the browser). Node would date the answer
 * when its head leaves, after the save, perhaps in another second. Past the lock: the head is closed to the app alone.
 */
function dateNow(res: ServerResponse): void {
  const setHeader: unknown = Reflect.get(Object.getPrototypeOf(res), 'setHeader')
  if (!res.sendDate || res.hasHeader('date') || typeof setHeader !== 'function') return
  Reflect.apply(setHeader, res, ['date', new Date().toUTCString()])
}

function firstOf(secrets: readonly Secret[]): Secret {
  const [secret] = secrets
  if (secret === undefined) throw new TypeError('Cannot sign session cookie: wanted a secret')
  return secret
}

function called(call: (done: Done) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    call((error) => {
      if (error) reject(error)
      else resolve()
    })
  })
}

/** STORE_UNAVAILABLE for a store that took too long. */
export function silent(doing: 'save' | 'load' | 'touch', timeoutMs: number): DroverError {
  return unavailable(`${doing} session`, `the store did not answer within ${timeoutMs} ms`)
}

/** What JavaScript itself raises is a bug, in the app's data or in the store; anything else is a store that cannot. */
function failureOf(error: unknown): unknown {
  const isBug = error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError
  if (error instanceof DroverError || isBug) return error
  return unavailable('save session', describe(error), error)
}
