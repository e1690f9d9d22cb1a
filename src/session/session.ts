// One request's session: loaded when first touched, changed in memory, committed in one step.
import type { Clock } from '../base/clock.ts'
import { DroverError } from '../base/errors.ts'
import { clearCookie, issueCookie } from './cookie.ts'
import { idleDeadline, slideTo } from './expiry.ts'
import type { Deadlines } from './expiry.ts'
import { changedFields, checkSize, isChanged, isUnchanged, readFields, writeFields } from './fields.ts'
import type { FieldChange, FieldTexts } from './fields.ts'
import { keyOf, newSessionId } from './id.ts'
import type { RandomBytes } from './id.ts'
import { belongsToAnother, hasIntent, planCommit, principalOf, transition } from './lifecycle.ts'
import type { CommitPlan, HeldSession, SessionState } from './lifecycle.ts'
import type { SessionPolicy } from './policy.ts'
import type { SaveOutcome, SessionIdentity, SessionStore } from './store.ts'

/** What `req.session` is. The store is asked when one of these is first called; a request that calls none costs nothing. */
export interface Session<Data extends object = Record<string, unknown>> {
  /**
   * The session's data; the same object on every call. Change it freely, nested values too: what differs at the commit
   * is saved, by top-level field. Keep plain JSON only. Rejects with STORE_UNAVAILABLE, or with SESSION_GONE when an
   * earlier commit found the session deleted. Reading a field whose stored text is damaged throws STORE_UNAVAILABLE.
   */
  data(): Promise<Partial<Data>>
  /** Who is signed in, or undefined. Rejects as `data` does. */
  principal(): Promise<string | undefined>
  /**
   * Signs in at the commit: a new id with the data kept, and the old id is worthless (no session fixation). Data of a
   * *different* signed-in principal is dropped. Rejects as `data` does; SESSION_VALUE_INVALID for an unusable name.
   */
  login(principal: string): Promise<void>
  /** Signs out at the commit: the session is deleted, its data emptied at once, and the cookie taken away. */
  logout(): Promise<void>
  /**
   * Saves now. An adapter does so itself before the first byte of the answer, and before the end of one that streams; this
   * is for long streams, and for work that goes on after the answer: what changes then is saved by nobody else.
   * Rejects with STORE_UNAVAILABLE; SESSION_GONE when the session was deleted meanwhile; SESSION_VALUE_INVALID and
   * SESSION_TOO_LARGE for data that cannot be kept; SESSION_COOKIE_LATE when a new id can no longer reach the client.
   */
  commit(): Promise<void>
}

/** The world outside, as ports. */
export interface SessionPorts {
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  /** Told of failures that no request needs to see: a missed slide of the idle deadline. */
  readonly report: (error: unknown) => void
}

/** What one request brings. */
export interface SessionRequest {
  /** The well-formed session id of the request's cookie, if any. */
  readonly sessionId: string | undefined
  /** Whether its cookie is the Secure one. */
  readonly secure: boolean
  /** Whether the response head has left, so that a cookie would come too late. */
  readonly headLeft: () => boolean
}

export interface SessionSetting {
  readonly store: SessionStore
  readonly policy: SessionPolicy
  readonly ports: SessionPorts
}

/** A store indexes principals: a name longer than this is a mistake. In UTF-16 code units. */
const longestPrincipal = 512

const noTexts: FieldTexts = new Map()

/** A session as an adapter sees it: the app's side, and what has to be told to the client. */
export class OpenSession<Data extends object = Record<string, unknown>> implements Session<Data> {
  readonly #setting: SessionSetting
  readonly #request: SessionRequest
  #state: SessionState
  /** The store's texts as of the last load or commit. */
  #saved: FieldTexts = noTexts
  #data: Partial<Data> | undefined
  #cookie: string | undefined
  /** Operations run one after another, in the order they were called. */
  #lastTurn: Promise<unknown> = Promise.resolve()
  #turnsLeft = 0

  constructor(setting: SessionSetting, request: SessionRequest) {
    this.#setting = setting
    this.#request = request
    const { sessionId } = request
    this.#state = { is: 'untouched', key: sessionId === undefined ? undefined : keyOf(sessionId) }
  }

  data(): Promise<Partial<Data>> {
    return this.#turn(async () => {
      await this.#load()
      this.#data ??= readFields<Data>(this.#saved)
      return this.#data
    })
  }

  principal(): Promise<string | undefined> {
    return this.#turn(async () => {
      await this.#load()
      return principalOf(this.#state)
    })
  }

  login(principal: string): Promise<void> {
    return this.#turn(async () => {
      checkPrincipal(principal)
      // Asked even though a login needs nothing from there: an outage is loud right here, before the app acts on it.
      await this.#load()
      if (belongsToAnother(this.#state, principal)) this.#forget()
      this.#state = transition(this.#state, { type: 'login', principal })
    })
  }

  logout(): Promise<void> {
    return this.#turn(() => {
      this.#refuseGone()
      this.#forget()
      this.#state = transition(this.#state, { type: 'logout' })
      return Promise.resolve()
    })
  }

  commit(): Promise<void> {
    return this.#turn(() => this.#commit())
  }

  /** Whether there is anything to commit or to tell the client; an operation still under way counts. Never throws. */
  pending(): boolean {
    return (
      this.#turnsLeft > 0 || this.#cookie !== undefined || hasIntent(this.#state) || this.#isDataChanged()
    )
  }

  /** The Set-Cookie line due after a commit, once. */
  takeCookie(): string | undefined {
    const cookie = this.#cookie
    this.#cookie = undefined
    return cookie
  }

  #turn<Value>(work: () => Promise<Value>): Promise<Value> {
    this.#turnsLeft += 1
    const turn = this.#lastTurn.then(work)
    const end = () => {
      this.#turnsLeft -= 1
    }
    // The caller holds `turn` and its failure; the next turn only waits for the end of this one.
    this.#lastTurn = turn.then(end, end)
    return turn
  }

  #refuseGone(): void {
    if (this.#state.is === 'gone') throw gone()
  }

  #forget(): void {
    this.#saved = noTexts
    // Emptied in place: the app may hold the object, and must not find the former data in it.
    const data = this.#data ?? {}
    for (const name of Object.keys(data)) Reflect.deleteProperty(data, name)
  }

  #isDataChanged(): boolean {
    if (this.#data === undefined || this.#state.is === 'gone') return false
    try {
      return isChanged(this.#data, this.#saved)
    } catch {
      // Data that cannot be read is a change: the commit that follows meets the same failure, and tells it.
      return true
    }
  }

  async #load(): Promise<void> {
    this.#refuseGone()
    if (this.#state.is !== 'untouched') return
    const { key } = this.#state
    const record = key === undefined ? undefined : await this.#setting.store.load(key)
    if (key === undefined || record === undefined) {
      this.#state = transition(this.#state, { type: 'loaded', session: undefined })
      return
    }
    const { principal, absoluteDeadlineMs } = record
    const idleDeadlineMs = this.#slide(record)
    const session = { key, principal, absoluteDeadlineMs, idleDeadlineMs }
    this.#state = transition(this.#state, { type: 'loaded', session })
    this.#saved = record.fields
    // Not awaited: no answer depends on it, and the next request tries again.
    if (idleDeadlineMs !== record.idleDeadlineMs)
      this.#setting.store.touch(key, idleDeadlineMs).catch(this.#setting.ports.report)
  }

  async #commit(): Promise<void> {
    this.#refuseGone()
    const texts = this.#data === undefined ? this.#saved : writeFields(this.#data, this.#saved)
    const change = changedFields(this.#saved, texts)
    const plan = planCommit(this.#state, texts.size > 0, !isUnchanged(change))
    if (plan.discardKey === undefined && plan.write.kind === 'none') return
    if (change.set.size > 0) checkSize(texts, this.#setting.policy.maxBytes)
    if (plan.discardKey !== undefined) await this.#discard(plan.discardKey)
    const session = await this.#write(plan.write, texts, change)
    this.#state = transition(this.#state, { type: 'committed', session })
    this.#saved = texts
  }

  async #discard(key: string): Promise<void> {
    await this.#setting.store.delete(key)
    // A stale cookie after the head has left does no harm: it names a session that is no more.
    if (!this.#request.headLeft()) {
      this.#cookie = clearCookie(this.#setting.policy.cookieName, this.#request.secure)
    }
  }

  async #write(
    write: CommitPlan['write'],
    texts: FieldTexts,
    change: FieldChange,
  ): Promise<HeldSession | undefined> {
    switch (write.kind) {
      case 'none':
        return undefined
      case 'save': {
        const idleDeadlineMs = this.#slide(write.session)
        const { key } = write.session
        this.#demandSaved(await this.#setting.store.save(key, { ...change, idleDeadlineMs }))
        return { ...write.session, idleDeadlineMs }
      }
      case 'create':
        return this.#issue(write.principal, (key, identity, idleDeadlineMs) =>
          this.#setting.store.create(key, { ...identity, fields: texts, idleDeadlineMs }),
        )
      case 'replace':
        return this.#issue(write.principal, async (key, identity, idleDeadlineMs) => {
          const sliding = { ...change, idleDeadlineMs }
          this.#demandSaved(await this.#setting.store.replace(write.key, key, identity, sliding))
        })
    }
  }

  /** Stores under a new id, and only then makes the cookie: the client never hears of an id that was not saved (R2). */
  async #issue(
    principal: string | undefined,
    put: (key: string, identity: SessionIdentity, idleDeadlineMs: number) => Promise<void>,
  ): Promise<HeldSession> {
    if (this.#request.headLeft()) {
      throw new DroverError(
        'SESSION_COOKIE_LATE',
        'Cannot start session: the response head has left without its cookie; sign in or set data before the first byte',
      )
    }
    const { policy, ports } = this.#setting
    const sessionId = newSessionId(ports.randomBytes)
    const key = keyOf(sessionId)
    const createdAtMs = ports.clock.now()
    const absoluteDeadlineMs = createdAtMs + policy.absoluteMs
    const idleDeadlineMs = idleDeadline(createdAtMs, policy.idleMs, absoluteDeadlineMs)
    await put(key, { principal, createdAtMs, absoluteDeadlineMs }, idleDeadlineMs)
    this.#cookie = issueCookie(policy.cookieName, sessionId, policy.absoluteMs, this.#request.secure)
    return { key, principal, absoluteDeadlineMs, idleDeadlineMs }
  }

  /** The idle deadline of a session used now: moved once that is worth a write, else the one it has. */
  #slide(session: Deadlines): number {
    const { policy, ports } = this.#setting
    return slideTo(ports.clock.now(), policy.idleMs, session) ?? session.idleDeadlineMs
  }

  /**
   * A vanished session saves nothing, and its answer keeps the client's cookie: by now that may be the cookie of a newer
   * sign-in, which a slower request must not undo.
   */
  #demandSaved(outcome: SaveOutcome): void {
    if (outcome === 'saved') return
    this.#state = transition(this.#state, { type: 'vanished' })
    throw gone()
  }
}

function gone(): DroverError {
  return new DroverError(
    'SESSION_GONE',
    'Cannot save session: it was signed out or expired while this request was at work',
  )
}

function checkPrincipal(principal: unknown): void {
  if (isPrincipal(principal)) return
  const got =
    typeof principal === 'string' ? `one of ${principal.length} characters` : `a ${typeof principal}`
  throw new DroverError(
    'SESSION_VALUE_INVALID',
    `Cannot sign in principal: wanted a string of 1 to ${longestPrincipal} whole Unicode characters, got ${got}`,
  )
}

function isPrincipal(principal: unknown): principal is string {
  if (typeof principal !== 'string' || !principal.isWellFormed()) return false
  return principal.length >= 1 && principal.length <= longestPrincipal
}
