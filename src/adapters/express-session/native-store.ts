// A store of Drover's behind the classic API: only changed fields are written, and what was deleted stays deleted.
import { systemClock } from '../../base/clock.ts'
import { DroverError, isDroverError } from '../../base/errors.ts'
import { tell } from '../../session/events.ts'
import { slideTo } from '../../session/expiry.ts'
import { keyOf } from '../../session/id.ts'
import type { SessionChange, SessionStore } from '../../session/store.ts'
import { wholeDeadlineMs } from '../../stores/deadlines.ts'
import { readStore } from '../../stores/from-url.ts'
import type { Done } from './callback.ts'
import {
  cookieField,
  cookieText,
  fieldsOf,
  lifetimeOf,
  ownDeadline,
  readRecord,
  remembered,
} from './record.ts'
import type { Lifetime, Remembered } from './record.ts'
import type { SessionData } from './index.ts'
import type { SessionHolder } from './request.ts'
import type { Session } from './request-session.ts'
import { Store } from './store.ts'

export interface NativeSetting {
  /** The time to live of sessions whose cookie ends with the browser. */
  readonly idleMs: number
  /** How long a session lives at most; may be infinite. */
  readonly absoluteMs: number
  report(error: unknown): void
}

/** One opened store for each URL of this process: SQLite has a writer thread, the others have connections. */
const opened = new Map<string, SessionStore>()

/** Throws OPTION_INVALID for what is neither a store nor the URL of one. It is opened by the first request. */
export function nativeStore(store: unknown, setting: NativeSetting): NativeStore {
  return new NativeStore(typeof store === 'string' ? shared(store) : readStore(store, systemClock), setting)
}

function shared(url: string): SessionStore {
  const store = opened.get(url) ?? readStore(url, systemClock)
  opened.set(url, store)
  return store
}

/** Where a session, or the data it is made of, keeps what is stored of it. Not enumerable: no data of the app's. */
const lastKey: unique symbol = Symbol('last')

interface Kept {
  readonly [lastKey]?: Remembered
}

export class NativeStore extends Store {
  readonly #store: SessionStore
  readonly #setting: NativeSetting

  constructor(store: SessionStore, setting: NativeSetting) {
    super()
    this.#store = store
    this.#setting = setting
  }

  override get(sid: string, callback: (error: unknown, session?: SessionData) => void): void {
    answer<SessionData | undefined>(this.#load(keyOf(sid)), callback)
  }

  /**
   * Writes what changed since the session was loaded. A session that was deleted meanwhile is SESSION_GONE and is not
   * stored again (R4). Data that was never loaded is stored as it is, whatever was there.
   */
  override set(sid: string, session: object, callback: Done = this.#report): void {
    answer(this.#write(keyOf(sid), session), callback)
  }

  override destroy(sid: string, callback: Done = this.#report): void {
    const key = keyOf(sid)
    answer(
      this.#store.delete(key).then(() => tell('revoked', key)),
      callback,
    )
  }

  /**
   * Slides the deadline once that is worth it. Nobody waits for that, and a failure is only reported: nothing is lost.
   * A cookie that was changed is written; a session that was deleted is not.
   */
  override touch(sid: string, session: object, callback: Done = this.#report): void {
    answer(this.#use(keyOf(sid), session), callback)
  }

  override createSession(req: SessionHolder, data: SessionData): Session & Partial<SessionData> {
    const session = super.createSession(req, data)
    remember(session, lastOf(data))
    return session
  }

  /** Releases the store, for all that use the same one. Later calls fail. */
  close(): Promise<void> {
    return this.#store.close()
  }

  readonly #report: Done = (error) => {
    if (error) this.#setting.report(error)
  }

  async #load(key: string): Promise<SessionData | undefined> {
    const record = await this.#store.load(key)
    if (record === undefined) return undefined
    const nowMs = systemClock.now()
    const read = readable(() => readRecord(record, nowMs))
    if (read === undefined) return undefined
    const { windowMs } = lifetimeOf(read.data, nowMs, this.#setting.idleMs)
    remember(read.data, remembered(key, record, windowMs, read.ownDeadlineMs))
    return read.data
  }

  async #write(key: string, session: object): Promise<void> {
    const last = lastOf(session)
    if (last?.key !== key) return this.#create(key, session)
    const lifetime = this.#lifetimeOf(session)
    const ownDeadlineMs = ownDeadline(lifetime, last)
    const texts = fieldsOf(session, ownDeadlineMs)
    const set = new Map([...texts].filter(([name, text]) => last.texts.get(name) !== text))
    const remove = new Set([...last.texts.keys()].filter((name) => !texts.has(name)))
    if (set.size === 0 && remove.size === 0) return this.#slide(session, last, lifetime)
    const isSaved = await this.#save(session, last, { set, remove }, lifetime)
    // Without a change of its data the request was a reader, and lost nothing.
    if (!isSaved && (remove.size > 0 || [...set.keys()].some((name) => name !== cookieField))) throw gone()
  }

  async #use(key: string, session: object): Promise<void> {
    const last = lastOf(session)
    const lifetime = this.#lifetimeOf(session)
    if (last?.key !== key) return this.#store.touch(key, lifetime.deadlineMs)
    const text = cookieText(session, ownDeadline(lifetime, last))
    if (last.texts.get(cookieField) === text) return this.#slide(session, last, lifetime)
    await this.#save(session, last, { set: new Map([[cookieField, text]]), remove: new Set() }, lifetime)
  }

  async #save(
    session: object,
    last: Remembered,
    change: Pick<SessionChange, 'set' | 'remove'>,
    lifetime: Lifetime,
  ): Promise<boolean> {
    const idleDeadlineMs = Math.max(
      last.idleDeadlineMs,
      Math.min(lifetime.deadlineMs, last.absoluteDeadlineMs),
    )
    const outcome = await this.#store.save(last.key, { ...change, idleDeadlineMs })
    if (outcome !== 'saved') return false
    const fields = new Map([...last.texts, ...change.set])
    for (const name of change.remove) fields.delete(name)
    const { absoluteDeadlineMs } = last
    const record = { fields, idleDeadlineMs, absoluteDeadlineMs }
    remember(session, remembered(last.key, record, lifetime.windowMs, ownDeadline(lifetime, last)))
    return true
  }

  #slide(session: object, last: Remembered, { windowMs }: Lifetime): void {
    if (last.ownDeadlineMs !== undefined) return
    const idleDeadlineMs = slideTo(systemClock.now(), windowMs, last)
    if (idleDeadlineMs === undefined) return
    remember(session, { ...last, idleDeadlineMs })
    this.#store.touch(last.key, idleDeadlineMs).catch((error: unknown) => {
      this.#setting.report(error)
    })
  }

  async #create(key: string, session: object): Promise<void> {
    const nowMs = systemClock.now()
    const { deadlineMs, windowMs } = this.#lifetimeOf(session)
    const absoluteDeadlineMs = wholeDeadlineMs(nowMs + this.#setting.absoluteMs)
    const record = {
      fields: fieldsOf(session, undefined),
      principal: undefined,
      device: undefined,
      ip: undefined,
      createdAtMs: nowMs,
      absoluteDeadlineMs,
      idleDeadlineMs: Math.min(deadlineMs, absoluteDeadlineMs),
    }
    try {
      await this.#store.create(key, record)
    } catch (error) {
      if (!isDroverError(error, 'SESSION_ID_TAKEN')) throw error
      return this.#overwrite(key, session)
    }
    tell('created', key)
    remember(session, remembered(key, record, windowMs, undefined))
  }

  /** The classic API stores whatever it is given under whatever id, such as one that `genid` gave twice. */
  async #overwrite(key: string, session: object): Promise<void> {
    const found = await this.#store.load(key)
    if (found === undefined) throw gone()
    const { windowMs } = this.#lifetimeOf(session)
    remember(session, remembered(key, found, windowMs, undefined))
    await this.#write(key, session)
  }

  #lifetimeOf(session: object): Lifetime {
    return lifetimeOf(session, systemClock.now(), this.#setting.idleMs)
  }
}

function lastOf(session: object): Remembered | undefined {
  const kept: Kept = session
  return kept[lastKey]
}

function remember(session: object, last: Remembered | undefined): void {
  Object.defineProperty(session, lastKey, { configurable: true, value: last })
}

/** Outside of the promise: what a callback throws is the app's own error, not a rejection. */
function answer<Value>(work: Promise<Value>, callback: (error: unknown, value?: Value) => void): void {
  work.then(
    (value) => process.nextTick(callback, null, value),
    (error: unknown) => process.nextTick(callback, error),
  )
}

function readable<Value>(read: () => Value): Value {
  try {
    return read()
  } catch (cause) {
    throw new DroverError('STORE_UNAVAILABLE', 'Cannot read session: a stored field is not JSON', { cause })
  }
}

function gone(): DroverError {
  return new DroverError(
    'SESSION_GONE',
    'Cannot save session: it was signed out or expired while this request was at work',
  )
}
