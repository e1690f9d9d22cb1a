// `req.session`: a visitor's data as plain properties, with the methods of express-session.
import type { Done, SessionCallback } from './callback.ts'
import { Cookie } from './cookie.ts'
import { visitKey } from './request.ts'
import type { SessionHolder } from './request.ts'
import type { ClassicStore } from './store.ts'

export class Session {
  declare readonly req: SessionHolder
  /** The same as `req.sessionID`. */
  declare readonly id: string
  declare cookie: Cookie

  /** Stored data named like a method stays behind: it would hide the method. */
  constructor(req: SessionHolder, data?: object | null) {
    Object.defineProperty(this, 'req', { value: req })
    Object.defineProperty(this, 'id', { value: req.sessionID })
    if (typeof data !== 'object' || data === null) return
    for (const name in data) if (!(name in this)) Reflect.set(this, name, Reflect.get(data, name))
  }

  /** Gives the cookie its full time to live again. */
  touch(): this {
    return this.resetMaxAge()
  }

  resetMaxAge(): this {
    this.cookie.maxAge = this.cookie.originalMaxAge
    return this
  }

  /** Stores the session now. Without it, that happens before the answer leaves. */
  save(callback?: SessionCallback): this {
    const store = storeOf(this.req)
    const visit = this.req[visitKey]
    const done: Done = callback ?? ignore
    const save = (settle: Done) => store.set(this.id, this, settle)
    if (visit === undefined) save(done)
    else visit.saving(this, save, done)
    return this
  }

  /** Makes `req.session` a new object with what is stored now; changes not yet saved are lost. */
  reload(callback: SessionCallback): this {
    const { req } = this
    const store = storeOf(req)
    const done: Done = callback
    store.get(this.id, (error, data) => {
      if (error) done(error)
      else if (typeof data !== 'object' || data === null) done(new Error('failed to load session'))
      else {
        restore(req, data)
        done()
      }
    })
    return this
  }

  /** Ends the session: `req.session` is no more, and what is stored is deleted. */
  destroy(callback?: SessionCallback): this {
    const { req } = this
    const store = storeOf(req)
    delete req.session
    remove(req, (settle) => store.destroy(this.id, settle), callback)
    return this
  }

  /** Ends the session and gives the request a new one under a new id, as a sign-in should. */
  regenerate(callback?: SessionCallback): this {
    const { req } = this
    const store = storeOf(req)
    remove(req, (settle) => store.regenerate(req, settle), callback)
    return this
  }
}

// A function, not a private method: an app may hand out its session behind a Proxy, which has no private methods.
function remove(
  req: SessionHolder,
  call: (settle: Done) => void,
  callback: SessionCallback | undefined,
): void {
  const done: Done = callback ?? ignore
  const visit = req[visitKey]
  if (visit === undefined) call(done)
  else visit.removing(call, done)
}

/**
 * Makes stored data the request's session, through the store. One that extends express-session's own base class makes a
 * session of that library's, which would not tell the request what it stores: it is taken over into one of ours.
 */
export function restore(req: SessionHolder, data: object): Session {
  storeOf(req).createSession(req, data)
  const made = req.session
  if (made instanceof Session) return made
  const session = new Session(req, made)
  if (!(session.cookie instanceof Cookie)) session.cookie = Cookie.of(session.cookie)
  req.session = session
  return session
}

function storeOf(req: SessionHolder): ClassicStore {
  if (req.sessionStore === undefined) throw new TypeError('Cannot reach session store: the request has none')
  return req.sessionStore
}

function ignore(): void {
  // The answer still waits for the call and fails with it.
}
