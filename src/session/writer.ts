// Carries out what a commit decided, for one request whose session is kept in a store: store calls, new ids, cookies.
import type { Clock } from '../base/clock.ts'
import { DroverError } from '../base/errors.ts'
import { clearCookie, issueCookie } from './cookie.ts'
import { leasePrefix } from './conflict.ts'
import type { Draft } from './conflict.ts'
import { tell } from './events.ts'
import { idleDeadline, slideTo } from './expiry.ts'
import type { Deadlines } from './expiry.ts'
import type { FieldTexts } from './fields.ts'
import { keyOf, newSessionId, principalTag } from './id.ts'
import type { RandomBytes } from './id.ts'
import type { SessionKeeper } from './keeping.ts'
import type { LegacySession } from './legacy.ts'
import type { HeldSession, SignIn } from './lifecycle.ts'
import type { SessionPolicy } from './policy.ts'
import type { Sealing } from './seal.ts'
import type {
  LoadedSession,
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionStore,
  WatchingStore,
} from './store.ts'
import { openId, sealId } from './successor.ts'
import { takeOver } from './take-over.ts'
import { watchSession } from './watch.ts'

/** The world outside, as ports. */
export interface SessionPorts {
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  /** Told of failures that no request needs to see: a missed slide of the idle deadline. */
  readonly report: (error: unknown) => void
}

/** What one request brings. */
export interface SessionRequest {
  /** The well-formed session id of the request's cookie, if any; where sessions are kept in cookies, all of it. */
  readonly sessionId: string | undefined
  /** Whether its cookie is the Secure one. */
  readonly secure: boolean
  /** The client's address, where the framework knows it. */
  readonly ip: () => string | undefined
  /** Whether the response head has left, so that a cookie would come too late. */
  readonly headLeft: () => boolean
}

/** What all sessions of an app in a store have in common. */
export interface WriterSetting {
  readonly store: SessionStore & Partial<WatchingStore>
  readonly policy: SessionPolicy
  readonly ports: SessionPorts
  readonly sealing: Sealing
}

/** A session as found: who it is, and its fields as plain texts. */
export interface Found {
  readonly session: HeldSession
  readonly texts: FieldTexts
}

/** A session after a write; undefined for one that could not be written. */
export type Written =
  | { readonly outcome: 'saved'; readonly session: HeldSession }
  | { readonly outcome: Exclude<SaveOutcome, 'saved'> }

/** Where a session moves: to a sign-in, or to a new id that it is renewed under. Times are milliseconds since the epoch. */
export interface Destination {
  readonly signIn?: SignIn
  readonly forwardUntilMs?: number
}

/** A session at a new place. */
interface Place {
  readonly id: string
  readonly key: string
  readonly session: HeldSession
}

const noTexts: FieldTexts = new Map()

export class SessionWriter implements SessionKeeper {
  readonly #setting: WriterSetting
  readonly #request: SessionRequest
  /** The cookie of the session itself: the last word counts. */
  #cookie: string | undefined
  #otherCookies: string[] = []
  /** The store's own texts as of the last load or write: sealed ones differ each time they are made. */
  #resting: FieldTexts = noTexts

  constructor(setting: WriterSetting, request: SessionRequest) {
    this.#setting = setting
    this.#request = request
  }

  get owesCookies(): boolean {
    return this.#cookie !== undefined || this.#otherCookies.length > 0
  }

  /** The Set-Cookie lines due, once. */
  takeCookies(): readonly string[] {
    const cookies = this.#cookie === undefined ? this.#otherCookies : [...this.#otherCookies, this.#cookie]
    this.#cookie = undefined
    this.#otherCookies = []
    return cookies
  }

  /** Tells the client the id of a session that it did not ask for by that id. */
  tellId(session: HeldSession): void {
    if (session.id !== undefined) this.#oweId(session.id, session)
  }

  /** Takes another library's cookie away with this answer, if its head has not left. */
  clearOther(line: string): void {
    if (!this.#request.headLeft()) this.#otherCookies.push(line)
  }

  /** Asks the store, and slides the idle deadline where that is worth a write. A renewed session is found under its new id. */
  async load(key: string, id: string | undefined): Promise<Found | undefined> {
    const record = await this.#setting.store.load(key)
    if (record?.successor === undefined)
      return record === undefined ? undefined : this.#found(key, id, record)
    const { successor } = record
    const newId = id === undefined ? undefined : openId(successor.sealedId, id)
    // Damaged: the session is there all the same, only its new id cannot be told.
    if (newId === undefined) return this.#found(successor.key, undefined, record)
    const found = await this.load(successor.key, newId)
    if (found === undefined) return undefined
    // The answer that brought the new id may have been lost, so it is told again while the old one is still sent.
    this.tellId(found.session)
    return { ...found, session: { ...found.session, isFresh: true } }
  }

  takeOver(legacy: LegacySession): Promise<Found | undefined> {
    return takeOver(legacy, { setting: this.#setting, request: this.#request, writer: this })
  }

  watch(key: string | undefined, onEnd: () => void): () => void {
    return watchSession(this.#setting.store, key, onEnd)
  }

  async save(session: HeldSession, draft: Draft): Promise<Written> {
    const idleDeadlineMs = this.#slide(session)
    const outcome = await this.#setting.store.save(
      session.key,
      this.#change(session.key, draft, idleDeadlineMs),
    )
    return outcome === 'saved' ? { outcome, session: { ...session, idleDeadlineMs } } : { outcome }
  }

  /** Stores under a new id, and only then makes the cookie: the client never hears of an id that was not saved (R2). */
  async create(signIn: SignIn | undefined, texts: FieldTexts): Promise<HeldSession> {
    const place = this.#newPlace(signIn)
    const fields = this.#seal(place.key, texts)
    await this.#setting.store.create(place.key, { ...place.session, fields })
    this.#resting = fields
    return this.#arrive(place, 'created')
  }

  /**
   * Moves the session to a new id with its data: signed in anew, or as it is. The old id stands for it until
   * `forwardUntilMs`, or is worthless at once.
   */
  async replace(session: HeldSession, to: Destination, draft: Draft, texts: FieldTexts): Promise<Written> {
    const { ports, store } = this.#setting
    const place = this.#newPlace(to.signIn, to.signIn === undefined ? session : undefined)
    const change = this.#moveChange(place, draft, texts)
    const forwarding =
      to.forwardUntilMs === undefined || session.id === undefined
        ? undefined
        : { untilMs: to.forwardUntilMs, sealedId: sealId(place.id, session.id, ports.randomBytes) }
    const outcome = await store.replace(session.key, place.key, identityOf(place.session), change, forwarding)
    if (outcome !== 'saved') return { outcome }
    return { outcome, session: this.#arrive(place, to.signIn === undefined ? 'renewed' : 'created') }
  }

  async discard(key: string, principal: string | undefined): Promise<void> {
    await this.#setting.store.delete(key)
    tell('revoked', key, principal)
    // A stale cookie after the head has left does no harm: it names a session that is no more.
    this.#oweCookie(clearCookie(this.#setting.policy, this.#request.secure))
  }

  #found(key: string, id: string | undefined, record: LoadedSession): Found {
    const idleDeadlineMs = this.#slide(record)
    this.#resting = record.fields
    // Not awaited: no answer depends on it, and the next request tries again.
    if (idleDeadlineMs !== record.idleDeadlineMs)
      this.#setting.store.touch(key, idleDeadlineMs).catch(this.#setting.ports.report)
    const isFresh = record.successor !== undefined
    const session: HeldSession = { ...identityOf(record), key, id, idleDeadlineMs, isFresh }
    return { session, texts: this.#setting.sealing.open(key, record.fields) }
  }

  #newPlace(signIn: SignIn | undefined, renewed?: HeldSession): Place {
    if (this.#request.headLeft()) throw cookieLate()
    const { policy, ports } = this.#setting
    const principal = signIn?.principal ?? renewed?.principal
    const id = newSessionId(ports.randomBytes, principal === undefined ? undefined : principalTag(principal))
    const key = keyOf(id)
    const nowMs = ports.clock.now()
    const identity: SessionIdentity =
      renewed === undefined
        ? {
            principal,
            device: signIn?.device,
            ip: signIn?.ip,
            createdAtMs: nowMs,
            absoluteDeadlineMs: nowMs + policy.absoluteMs,
          }
        : identityOf(renewed)
    const idleDeadlineMs = idleDeadline(nowMs, policy.idleMs, identity.absoluteDeadlineMs)
    return { id, key, session: { ...identity, key, id, idleDeadlineMs, isFresh: renewed !== undefined } }
  }

  #arrive(place: Place, event: 'created' | 'renewed'): HeldSession {
    tell(event, place.key, place.session.principal)
    this.#oweId(place.id, place.session)
    return place.session
  }

  #oweId(id: string, session: HeldSession): void {
    const lifetimeMs = session.absoluteDeadlineMs - this.#setting.ports.clock.now()
    this.#oweCookie(issueCookie(this.#setting.policy, id, lifetimeMs, this.#request.secure))
  }

  #oweCookie(line: string): void {
    if (!this.#request.headLeft()) this.#cookie = line
  }

  #change(key: string, draft: Draft, idleDeadlineMs: number): SessionChange {
    const set = this.#seal(key, draft.set)
    const change: SessionChange = {
      set,
      remove: draft.remove,
      idleDeadlineMs,
      ...(draft.add.size > 0 && { add: draft.add }),
      ...(draft.expected.size > 0 && { expect: this.#expectations(draft) }),
    }
    const resting = new Map([...this.#resting, ...set])
    for (const name of draft.remove) resting.delete(name)
    this.#resting = resting
    return change
  }

  /** Sealed texts belong to their key, so all of them are sealed anew; what another server added meanwhile is a conflict. */
  #moveChange(place: Place, draft: Draft, texts: FieldTexts): SessionChange {
    const { idleDeadlineMs } = place.session
    if (!this.#setting.sealing.isSealed) return this.#change(place.key, draft, idleDeadlineMs)
    const expect = new Map(this.#resting)
    const set = this.#seal(place.key, texts)
    const remove = new Set([...expect.keys()].filter((name) => !texts.has(name)))
    this.#resting = set
    return { set, remove, expect, expectWhole: true, idleDeadlineMs }
  }

  #expectations(draft: Draft): ReadonlyMap<string, string | undefined> {
    return new Map([...draft.expected].map((name) => [name, this.#resting.get(name)]))
  }

  #seal(key: string, texts: FieldTexts): FieldTexts {
    const { sealing } = this.#setting
    if (!sealing.isSealed) return texts
    const sealOne = (name: string, text: string) =>
      name.startsWith(leasePrefix) ? text : sealing.seal(key, name, text)
    return new Map([...texts].map(([name, text]) => [name, sealOne(name, text)]))
  }

  /** The idle deadline of a session used now: moved once that is worth a write, else the one it has. */
  #slide(session: Deadlines): number {
    const { policy, ports } = this.#setting
    return slideTo(ports.clock.now(), policy.idleMs, session) ?? session.idleDeadlineMs
  }
}

function identityOf(session: SessionIdentity): SessionIdentity {
  const { principal, device, ip, createdAtMs, absoluteDeadlineMs } = session
  return { principal, device, ip, createdAtMs, absoluteDeadlineMs }
}

/** SESSION_COOKIE_LATE. */
export function cookieLate(): DroverError {
  return new DroverError(
    'SESSION_COOKIE_LATE',
    'Cannot start session: the response head has left without its cookie; sign in or set data before the first byte',
  )
}
