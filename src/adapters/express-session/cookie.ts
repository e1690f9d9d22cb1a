// `req.session.cookie`: the attributes of one visitor's cookie, and when it ends.
import { deprecate } from './deprecation.ts'
import { setCookieLine } from './set-cookie.ts'
import type { CookieAttributes } from './set-cookie.ts'

/** The `cookie` option: attributes of the session cookie. */
export interface CookieOptions {
  /** How long the cookie lives, in milliseconds. Default: until the browser closes. */
  maxAge?: number | null | undefined
  /** Better left to `maxAge`; of the two, the one named last counts. */
  expires?: Date | null | undefined
  /** Default: '/'. Requests for other paths have no session. */
  path?: string | undefined
  domain?: string | undefined
  /** Default: true. */
  httpOnly?: boolean | undefined
  /** Default: false. 'auto': as the connection is. A secure cookie is never sent over plain HTTP. */
  secure?: boolean | 'auto' | undefined
  /** Default: no attribute. `true` means 'strict'; 'auto' means 'none' on a secure connection and 'lax' otherwise. */
  sameSite?: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined
  partitioned?: boolean | undefined
  priority?: 'low' | 'medium' | 'high' | undefined
  /** Ignored, as by express-session: the cookie is always signed. */
  signed?: boolean | undefined
  /** Ignored, as by express-session. */
  encode?: ((value: string) => string) | undefined
}

/** A cookie as a store keeps it. */
export interface CookieData extends CookieAttributes {
  readonly originalMaxAge: number | null | undefined
}

export class Cookie {
  declare path: string | undefined
  declare domain?: string | undefined
  declare httpOnly: boolean | undefined
  declare secure?: boolean | 'auto' | undefined
  declare sameSite?: boolean | 'lax' | 'strict' | 'none' | 'auto' | undefined
  declare partitioned?: boolean | undefined
  declare priority?: 'low' | 'medium' | 'high' | undefined
  declare signed?: boolean | undefined
  /** The time to live that `touch()` gives it again, in milliseconds. */
  declare originalMaxAge: number | null
  declare _expires: Date | null | undefined

  /** Throws a TypeError for options that are no object. */
  constructor(options?: object) {
    this.path = '/'
    this.maxAge = null
    this.httpOnly = true
    if (options) take(this, options)
    this.originalMaxAge ??= this.maxAge ?? null
  }

  /** The cookie of a stored session: its end may be text by now, and counts as it is. */
  static of(stored: Pick<Cookie, 'expires' | 'originalMaxAge'>): Cookie {
    const expires: unknown = stored.expires
    const { originalMaxAge } = stored
    const cookie = new Cookie(stored)
    if (typeof expires === 'string') cookie.expires = new Date(expires)
    cookie.originalMaxAge = originalMaxAge
    return cookie
  }

  get expires(): Date | null | undefined {
    return this._expires
  }

  /** `false` or null: the cookie ends with the browser. */
  set expires(date: Date | false | null | undefined) {
    Reflect.set(this, '_expires', date)
    Reflect.set(this, 'originalMaxAge', this.maxAge)
  }

  /** What is left of its life, in milliseconds; null when it ends with the browser. */
  get maxAge(): number | null | undefined {
    const { expires } = this
    return expires instanceof Date ? expires.getTime() - Date.now() : expires
  }

  set maxAge(ms: number | Date | null | undefined) {
    if (ms && typeof ms !== 'number' && !(ms instanceof Date))
      throw new TypeError('maxAge must be a number or Date')
    if (ms instanceof Date) deprecate('maxAge as Date; pass number of milliseconds instead')
    this.expires = typeof ms === 'number' ? new Date(Date.now() + ms) : ms
    // Not what is left of it by now: each touch would make the session a millisecond shorter, and so a change to save.
    if (typeof ms === 'number') this.originalMaxAge = ms
  }

  get data(): CookieData {
    const { originalMaxAge, partitioned, priority, expires, secure, httpOnly, domain, path, sameSite } = this
    return { originalMaxAge, partitioned, priority, expires, secure, httpOnly, domain, path, sameSite }
  }

  /** The Set-Cookie line that gives this cookie the name and value. */
  serialize(name: string, value: string): string {
    return setCookieLine(name, value, this.data)
  }

  toJSON(): CookieData {
    return this.data
  }
}

function take(cookie: Cookie, options: object): void {
  if (typeof options !== 'object') throw new TypeError('argument options must be a object')
  // Inherited ones too: an app may derive its options from others.
  for (const name in options) {
    if (name !== 'data' && name !== '__proto__') Reflect.set(cookie, name, Reflect.get(options, name))
  }
}
