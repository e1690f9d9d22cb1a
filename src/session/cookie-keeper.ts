// One request's session where it is kept in its cookie: every write makes a new cookie, and the last one that a browser gets counts.
import { DroverError } from '../base/errors.ts'
import type { Draft } from './conflict.ts'
import { clearCookie, issueCookie, wireName } from './cookie.ts'
import { readRecord, writeRecord } from './cookie-record.ts'
import type { CookieRecord } from './cookie-record.ts'
import type { CookieSeal } from './cookie-seal.ts'
import { tell } from './events.ts'
import { idleDeadline, slideTo } from './expiry.ts'
import type { FieldTexts } from './fields.ts'
import type { SessionKeeper } from './keeping.ts'
import type { HeldSession, SignIn } from './lifecycle.ts'
import type { SessionPolicy } from './policy.ts'
import { newCookieKey } from './sign-ins.ts'
import type { CutChoice, SignIns } from './sign-ins.ts'
import { cookieLate } from './writer.ts'
import type { Destination, Found, SessionPorts, SessionRequest, Written } from './writer.ts'

/** What all sessions of an app in cookies have in common. */
export interface CookieSetting {
  readonly policy: SessionPolicy
  readonly ports: SessionPorts
  readonly seal: CookieSeal
  readonly signIns: SignIns
}

/** What browsers keep of one cookie, name and attributes included (RFC 6265 section 6.1). In bytes. */
const mostCookieBytes = 4_096
/** How often a socket's session is looked at; in memory, as a rule. */
const lookEveryMs = 1_000

export class CookieKeeper implements SessionKeeper {
  readonly #setting: CookieSetting
  readonly #request: SessionRequest
  /** The session as it was found, or written last. */
  #record: CookieRecord | undefined
  #cookie: string | undefined
  /** Of this request; undefined: the app's. */
  #whenCut: CutChoice | undefined

  constructor(setting: CookieSetting, request: SessionRequest) {
    this.#setting = setting
    this.#request = request
  }

  get owesCookies(): boolean {
    return this.#cookie !== undefined
  }

  takeCookies(): readonly string[] {
    const cookies = this.#cookie === undefined ? [] : [this.#cookie]
    this.#cookie = undefined
    return cookies
  }

  async load(): Promise<Found | undefined> {
    const record = this.#open()
    if (record === undefined || !(await this.#isAlive(record))) return undefined
    this.#record = record
    const idleDeadlineMs = this.#slid(record)
    if (idleDeadlineMs !== record.idleDeadlineMs) this.#slide({ ...record, idleDeadlineMs })
    return { session: heldOf(this.#record), texts: record.fields }
  }

  async takeOver(): Promise<undefined> {
    return undefined
  }

  /** A session that ended while this request held it stays so: no cookie brings it back (R4). */
  async save(_session: HeldSession, draft: Draft): Promise<Written> {
    const record = this.#held()
    if (!(await this.#isAlive(record))) return this.#gone()
    const fields = new Map([...record.fields, ...draft.set])
    for (const name of draft.remove) fields.delete(name)
    return {
      outcome: 'saved',
      session: this.#write({ ...record, fields, idleDeadlineMs: this.#slid(record) }),
    }
  }

  async create(signIn: SignIn | undefined, fields: FieldTexts): Promise<HeldSession> {
    const { clock } = this.#setting.ports
    const absoluteDeadlineMs = clock.now() + this.#setting.policy.absoluteMs
    const given = { principal: signIn?.principal, createdAtMs: clock.now(), absoluteDeadlineMs, fields }
    return this.#begin(given, 'created')
  }

  /** The former sign-in ends once the new one has begun: its cookie is worthless, also for requests that are under way. */
  async replace(_session: HeldSession, to: Destination, _draft: Draft, fields: FieldTexts): Promise<Written> {
    const former = this.#held()
    if (!(await this.#isAlive(former))) return this.#gone()
    const session =
      to.signIn === undefined
        ? await this.#begin({ ...former, fields }, 'renewed')
        : await this.create(to.signIn, fields)
    try {
      await this.#end(former)
    } catch (error) {
      // The client keeps what it has, and may try again.
      this.#cookie = undefined
      throw error
    }
    return { outcome: 'saved', session }
  }

  async discard(key: string, principal: string | undefined): Promise<void> {
    const record = this.#record ?? this.#open()
    // Nothing but the cookie's own absence ends a visitor's session.
    if (record !== undefined && record.principal === undefined && this.#request.headLeft()) throw cookieLate()
    if (record !== undefined) await this.#end(record)
    this.#record = undefined
    tell('revoked', record?.key ?? key, record?.principal ?? principal)
    if (!this.#request.headLeft()) this.#cookie = clearCookie(this.#setting.policy, this.#request.secure)
  }

  async judgeBy(whenCut: CutChoice): Promise<boolean> {
    this.#whenCut = whenCut
    return this.#record === undefined || this.#isAlive(this.#record)
  }

  watch(key: string | undefined, onEnd: () => void): () => void {
    const record = this.#record
    let timer: NodeJS.Timeout | undefined
    let isStopped = false
    const look = (): void => {
      this.#hasEnded(record).then(
        (isOver) => {
          if (isStopped) return
          if (isOver) onEnd()
          else timer = setTimeout(look, lookEveryMs).unref()
        },
        () => {
          // Where it cannot be told, it has not ended (R3).
          if (!isStopped) timer = setTimeout(look, lookEveryMs).unref()
        },
      )
    }
    if (key === undefined) queueMicrotask(onEnd)
    else look()
    return () => {
      isStopped = true
      clearTimeout(timer)
    }
  }

  #open(): CookieRecord | undefined {
    const { sessionId: cookie } = this.#request
    if (cookie === undefined) return undefined
    const text = this.#setting.seal.open(this.#name(), cookie)
    return text === undefined ? undefined : readRecord(text)
  }

  async #isAlive(record: CookieRecord): Promise<boolean> {
    if (record.idleDeadlineMs <= this.#setting.ports.clock.now()) return false
    return !(await this.#hasEnded(record))
  }

  /** But for its idle time, of which a socket hears nothing: the newer cookie is with the browser. */
  async #hasEnded(record: CookieRecord | undefined): Promise<boolean> {
    if (record === undefined || this.#absoluteDeadlineOf(record) <= this.#setting.ports.clock.now())
      return true
    if (record.principal === undefined) return false
    return this.#setting.signIns.isEnded(record.key, record.mark, this.#whenCut)
  }

  /** A policy that has become shorter holds for cookies that are out, too: what was revoked is not remembered any longer. */
  #absoluteDeadlineOf({ createdAtMs, absoluteDeadlineMs }: CookieRecord): number {
    return Math.min(absoluteDeadlineMs, createdAtMs + this.#setting.policy.absoluteMs)
  }

  async #begin(
    given: Pick<CookieRecord, 'principal' | 'createdAtMs' | 'absoluteDeadlineMs' | 'fields'>,
    event: 'created' | 'renewed',
  ): Promise<HeldSession> {
    const { policy, ports, signIns } = this.#setting
    if (this.#request.headLeft()) throw cookieLate()
    const { principal, createdAtMs, absoluteDeadlineMs, fields } = given
    const key = newCookieKey(ports.randomBytes, principal)
    const idleDeadlineMs = idleDeadline(ports.clock.now(), policy.idleMs, absoluteDeadlineMs)
    const record = { key, principal, mark: 0, createdAtMs, idleDeadlineMs, absoluteDeadlineMs, fields }
    // Before anybody is told of it: a sign-in that has no cookie would be left over.
    this.#lineOf(record)
    const mark = principal === undefined ? 0 : await signIns.begin(key, absoluteDeadlineMs)
    const session = this.#write({ ...record, mark })
    tell(event, key, principal)
    return session
  }

  async #end({ key, principal, absoluteDeadlineMs }: CookieRecord): Promise<void> {
    if (principal !== undefined) await this.#setting.signIns.end(key, absoluteDeadlineMs)
  }

  #gone(): Written {
    this.#cookie = undefined
    return { outcome: 'gone' }
  }

  #held(): CookieRecord {
    if (this.#record !== undefined) return this.#record
    throw new Error('Cannot write to session: it was not found')
  }

  /** Throws SESSION_COOKIE_LATE or SESSION_COOKIE_TOO_LARGE, and then the client keeps the cookie it has. */
  #write(record: CookieRecord): HeldSession {
    if (this.#request.headLeft()) throw cookieLate()
    this.#cookie = this.#lineOf(record)
    this.#record = record
    return heldOf(record)
  }

  /** Best effort: the next request tries again. */
  #slide(record: CookieRecord): void {
    if (this.#request.headLeft()) return
    try {
      this.#write(record)
    } catch (error) {
      this.#setting.ports.report(error)
    }
  }

  #slid(record: CookieRecord): number {
    const { policy, ports } = this.#setting
    return slideTo(ports.clock.now(), policy.idleMs, record) ?? record.idleDeadlineMs
  }

  #name(): string {
    return wireName(this.#setting.policy, this.#request.secure)
  }

  #lineOf(record: CookieRecord): string {
    const { policy, ports, seal } = this.#setting
    const lifetimeMs = this.#absoluteDeadlineOf(record) - ports.clock.now()
    const value = seal.seal(this.#name(), writeRecord(record))
    const line = issueCookie(policy, value, lifetimeMs, this.#request.secure)
    const bytes = Buffer.byteLength(line)
    if (bytes > mostCookieBytes) throw tooLarge(bytes, record.fields)
    return line
  }
}

function heldOf({
  key,
  principal,
  createdAtMs,
  absoluteDeadlineMs,
  idleDeadlineMs,
}: CookieRecord): HeldSession {
  const identity = { principal, device: undefined, ip: undefined, createdAtMs, absoluteDeadlineMs }
  return { ...identity, key, idleDeadlineMs, id: undefined, isFresh: false }
}

function tooLarge(bytes: number, fields: FieldTexts): DroverError {
  const [name] = [...fields].reduce(
    (most, field) => (field[1].length > most[1].length ? field : most),
    ['', ''],
  )
  return new DroverError(
    'SESSION_COOKIE_TOO_LARGE',
    `Cannot keep session in a cookie of ${bytes} bytes: wanted at most ${mostCookieBytes}, and the largest field is ` +
      `${JSON.stringify(name)}; keep large things elsewhere and their id here`,
  )
}
