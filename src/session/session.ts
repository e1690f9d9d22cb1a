// One request's session: loaded when first touched, changed in memory, committed in one step.
import { DroverError } from '../base/errors.ts'
import { csrfField, flashField } from './conflict.ts'
import { csrfToken, isCsrfToken, newCsrfSecret } from './csrf.ts'
import type { OriginVerdict } from './csrf.ts'
import { logId } from './events.ts'
import type { CutChoice } from './sign-ins.ts'
import { Transaction } from './transaction.ts'
import type { CommitOutcome, FieldChange, TransactionRequest, TransactionSetting } from './transaction.ts'

export type { CommitOutcome, FieldChange } from './transaction.ts'
export type { SessionPorts } from './writer.ts'

/** What a sign-in may tell beside who signs in. */
export interface LoginOptions {
  /** What the client calls itself, for the principal's list of sessions: 'Firefox on Linux'. At most 256 characters. */
  readonly device?: string
}

export interface CommitOptions {
  /**
   * Stored with the fields in the one step. A commit with a key that the session has seen (it remembers the latest 16)
   * writes nothing and resolves to 'repeated'. For a session at rest: a new one has nothing to remember.
   */
  readonly idempotencyKey?: string
}

/**
 * What `req.session` is. The store is asked when one of these is first called; a request that calls none costs nothing.
 * Every method that asks it rejects with STORE_UNAVAILABLE (R3), and with SESSION_GONE when an earlier commit of this
 * request found the session deleted.
 */
export interface Session<Data extends object = Record<string, unknown>> {
  /**
   * The session's data; the same object on every call. Change it freely, nested values too: what differs at the commit
   * is saved, by top-level field. Keep plain JSON only. With a schema, rejects with SESSION_DATA_INVALID for what does not
   * fit. Reading a field whose stored text is damaged throws STORE_UNAVAILABLE.
   */
  data(): Promise<Data>
  /** Who is signed in, or undefined. */
  principal(): Promise<string | undefined>
  /**
   * Signs in at the commit: a new id with the data kept, and the old id is worthless (no session fixation). Data of a
   * *different* signed-in principal is dropped. SESSION_VALUE_INVALID for an unusable name.
   */
  login(principal: string, options?: LoginOptions): Promise<void>
  /** Signs out at the commit: the session is deleted, its data emptied at once, and the cookie taken away. */
  logout(): Promise<void>
  /**
   * Gives the session a new id at the commit, everything else stays. The old id works for `renewalGrace` longer, and answers
   * to it bring the new one again; of several requests that renew at once, one does. No effect without a session at rest.
   */
  renew(): Promise<void>
  /**
   * Replaces one field by `change(its newest value)` now, whatever other requests and servers do: atomic. `change` may be
   * called again, with a copy, when another server was faster, so it must do nothing else; under a `lease` rule it is called
   * once and may wait for up to the lease's duration. It must not use this session. Resolves to the new value; rejects with
   * SESSION_CONFLICT when others were faster all the time.
   */
  update<Name extends keyof Data & string>(
    field: Name,
    change: FieldChange<Data[Name]>,
  ): Promise<Data[Name] | undefined>
  /** Keeps a piece of news for the next `takeFlash(kind)`, in this request or a later one. Plain JSON. */
  flash(kind: string, value: unknown): Promise<void>
  /** The news of that kind, oldest first, once. */
  takeFlash(kind: string): Promise<readonly unknown[]>
  /** A token for forms and scripts of this session's pages; different text each time. Starts a session if there is none. */
  csrfToken(): Promise<string>
  /** Whether a token is one of this session's; for forms, whose fields only the app reads. */
  verifyCsrf(token: unknown): Promise<boolean>
  /**
   * Mode 'token': for this request, what to do with a signed-in session while the feed of revocations is cut or lags, in place of the option `whenCut`. Looks
   * at the session by that at once: rejects with REVOCATIONS_UNKNOWN or STORE_UNAVAILABLE where it does not count, and with SESSION_GONE where it was
   * used before and has ended. Visitors pass. Say it first in a route.
   */
  whenCut(choice: CutChoice): Promise<void>
  /** What `list` and `revoke` call this session; undefined while it is not at rest. Shows nothing by which to sign in. */
  handle(): Promise<string | undefined>
  /** What to call this session in logs: a salted hash that nobody can sign in with or look up. */
  logId(): Promise<string | undefined>
  /**
   * Calls `onEnd` once when the session has ended (signed out, revoked, expired) on whichever server; at once when there is
   * none. A renewal is no end. Resolves to the function that stops watching. For sockets that outlive their request.
   */
  watch(onEnd: () => void): Promise<() => void>
  /**
   * Saves now. An adapter does so itself before the first byte of the answer, and before the end of one that streams; this
   * is for long streams, and for work that goes on after the answer: what changes then is saved by nobody else.
   * SESSION_GONE when the session was deleted meanwhile; SESSION_CONFLICT when others kept changing the same fields;
   * SESSION_VALUE_INVALID, SESSION_DATA_INVALID and SESSION_TOO_LARGE for data that cannot be kept; SESSION_COOKIE_LATE
   * when a new id can no longer reach the client.
   */
  commit(options?: CommitOptions): Promise<CommitOutcome>
}

/** What one request brings, for the session's own judgement. */
export interface OpenRequest extends TransactionRequest {
  /** Where the request came from, as the browser tells. */
  readonly origin: OriginVerdict
  /** The header X-CSRF-Token. */
  readonly csrfToken: string | undefined
}

/** A store indexes principals: a name longer than this is a mistake. In UTF-16 code units. */
const longestPrincipal = 512
const longestDevice = 256
const longestIdempotencyKey = 512

/** A session as an adapter sees it: the app's side, and what has to be told to the client. */
export class OpenSession<Data extends object = Record<string, unknown>> implements Session<Data> {
  readonly #setting: TransactionSetting<Data>
  readonly #request: OpenRequest
  readonly #transaction: Transaction<Data>
  /** Operations run one after another, in the order they were called. */
  #lastTurn: Promise<unknown> = Promise.resolve()
  #turnsLeft = 0

  constructor(setting: TransactionSetting<Data>, request: OpenRequest) {
    this.#setting = setting
    this.#request = request
    this.#transaction = new Transaction(setting, request)
  }

  data(): Promise<Data> {
    return this.#loaded(() => this.#transaction.copy.data())
  }

  principal(): Promise<string | undefined> {
    return this.#loaded(() => this.#transaction.principal)
  }

  login(principal: string, options: LoginOptions = {}): Promise<void> {
    return this.#turn(async () => {
      checkText('sign in principal', principal, longestPrincipal)
      const { device } = options
      if (device !== undefined) checkText('sign in from device', device, longestDevice)
      // Asked even though a login needs nothing from there: an outage is loud right here, before the app acts on it.
      await this.#transaction.load()
      // A token that somebody saw before the sign-in is worth nothing after it.
      this.#transaction.copy.setOwn(csrfField, undefined)
      this.#transaction.signIn({ principal, device, ip: this.#request.ip() })
    })
  }

  logout(): Promise<void> {
    return this.#turn(() => this.#transaction.signOut())
  }

  renew(): Promise<void> {
    return this.#loaded(() => {
      this.#transaction.renew()
    })
  }

  update<Name extends keyof Data & string>(
    field: Name,
    change: FieldChange<Data[Name]>,
  ): Promise<Data[Name] | undefined> {
    return this.#turn(() => this.#transaction.update(field, change))
  }

  flash(kind: string, value: unknown): Promise<void> {
    return this.#loaded(() => {
      const id = Buffer.from(this.#setting.ports.randomBytes(6)).toString('base64url')
      this.#transaction.copy.setOwn(flashField, [...this.#news(), { id, kind, value }])
    })
  }

  takeFlash(kind: string): Promise<readonly unknown[]> {
    return this.#loaded(() => {
      const news = this.#news()
      const left = news.filter((item) => item.kind !== kind)
      if (left.length < news.length)
        this.#transaction.copy.setOwn(flashField, left.length === 0 ? undefined : left)
      return news.filter((item) => item.kind === kind).map((item) => item.value)
    })
  }

  csrfToken(): Promise<string> {
    return this.#loaded(() => {
      const { randomBytes } = this.#setting.ports
      const secret = this.#csrfSecret() ?? newCsrfSecret(randomBytes)
      if (secret !== this.#csrfSecret()) this.#transaction.copy.setOwn(csrfField, secret)
      return csrfToken(secret, randomBytes)
    })
  }

  verifyCsrf(token: unknown): Promise<boolean> {
    return this.#loaded(() => {
      const secret = this.#csrfSecret()
      return secret !== undefined && isCsrfToken(token, secret)
    })
  }

  whenCut(choice: CutChoice): Promise<void> {
    return this.#turn(() => this.#transaction.judgeBy(choice))
  }

  handle(): Promise<string | undefined> {
    return this.#loaded(() => this.#transaction.key)
  }

  logId(): Promise<string | undefined> {
    return this.#loaded(() => {
      const { key } = this.#transaction
      return key === undefined ? undefined : logId(key)
    })
  }

  watch(onEnd: () => void): Promise<() => void> {
    return this.#loaded(() => {
      const { key } = this.#transaction
      return this.#transaction.writer.watch(key, onEnd)
    })
  }

  commit(options: CommitOptions = {}): Promise<CommitOutcome> {
    return this.#turn(() => {
      const { idempotencyKey } = options
      if (idempotencyKey !== undefined)
        checkText('commit with idempotency key', idempotencyKey, longestIdempotencyKey)
      return this.#transaction.commit(idempotencyKey)
    })
  }

  /** For adapters: whether there is anything to commit or to tell the client; work under way counts. Never throws. */
  pending(): boolean {
    return this.#turnsLeft > 0 || this.#transaction.isPending()
  }

  /** For adapters: whether the session was asked for anything, so that the answer may depend on it. */
  touched(): boolean {
    return this.#turnsLeft > 0 || this.#transaction.isTouched
  }

  /** For adapters: the Set-Cookie lines due after a commit, once. */
  takeCookies(): readonly string[] {
    return this.#transaction.writer.takeCookies()
  }

  /**
   * For adapters: why the request must be answered 403 before the app sees it; CSRF_REFUSED, or what kept the token from
   * being checked. Usually undefined, and at once.
   */
  refusal(): DroverError | undefined | Promise<DroverError | undefined> {
    const { origin, csrfToken: token, sessionId, legacy } = this.#request
    const { csrf } = this.#setting.policy
    if (csrf === false || origin === 'same' || (sessionId === undefined && legacy === undefined))
      return undefined
    if (origin === 'foreign') return refused('it comes from a page of another site')
    if (csrf === 'origin') return undefined
    return this.verifyCsrf(token).then(
      (isValid) =>
        isValid ? undefined : refused('wanted a valid X-CSRF-Token, or Sec-Fetch-Site or Origin'),
      (error: unknown) => (error instanceof DroverError ? error : Promise.reject(error)),
    )
  }

  #loaded<Value>(work: () => Value | Promise<Value>): Promise<Value> {
    return this.#turn(async () => {
      await this.#transaction.load()
      return work()
    })
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

  #news(): readonly News[] {
    const news = this.#transaction.copy.own(flashField)
    return Array.isArray(news) ? news : []
  }

  #csrfSecret(): string | undefined {
    const secret = this.#transaction.copy.own(csrfField)
    return typeof secret === 'string' ? secret : undefined
  }
}

/** One flash value. The id keeps two equal ones apart. */
interface News {
  readonly id: string
  readonly kind: string
  readonly value: unknown
}

function refused(state: string): DroverError {
  return new DroverError('CSRF_REFUSED', `Cannot take request with a session's cookie: ${state}`)
}

function checkText(doing: string, text: unknown, longest: number): void {
  if (typeof text === 'string' && text.isWellFormed() && text.length >= 1 && text.length <= longest) return
  const got = typeof text === 'string' ? `one of ${text.length} characters` : `a ${typeof text}`
  throw new DroverError(
    'SESSION_VALUE_INVALID',
    `Cannot ${doing}: wanted a string of 1 to ${longest} whole Unicode characters, got ${got}`,
  )
}
