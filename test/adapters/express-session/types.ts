// Compiled, never run: what the types of drover/express-session promise to code written for those of express-session.
import express from 'express'
import session, { Cookie, MemoryStore, Session, Store } from 'drover/express-session'
import type { SessionData, SessionOptions } from 'drover/express-session'
import type { SessionStore } from 'drover'

declare module 'drover/express-session' {
  // Names that no other file uses: the declaration holds for the whole program.
  interface SessionData {
    classicViews: number
    classicUser: { name: string }
  }
}

function prove<Claim extends true>(claim: Claim): Claim {
  return claim
}
type IsAny<Type> = 0 extends 1 & Type ? true : false
type Equal<One, Other> = IsAny<One> extends true ? false : [One, Other] extends [Other, One] ? true : false

const app = express()
const options: SessionOptions = {
  secret: ['keyboard cat', Buffer.from('nyan cat')],
  name: 'shop',
  genid: (req) => req.get('x-id') ?? 'id',
  cookie: { maxAge: 60_000, sameSite: 'lax', secure: 'auto', partitioned: true, priority: 'high' },
  resave: false,
  rolling: true,
  saveUninitialized: false,
  unset: 'destroy',
  proxy: true,
}
app.use(session(options))
app.use(session({ secret: 'x', cookie: (req) => ({ path: req.path, expires: new Date() }) }))
app.use(
  session({ secret: 'x', store: 'redis://localhost', saveErrors: 'ignore', idle: '1h', absolute: '30d' }),
)
app.use(session({ secret: 'x', store: new session.MemoryStore() }))
// @ts-expect-error what is asked for by no name is no option
app.use(session({ secret: 'x', storage: 'redis://localhost' }))
// @ts-expect-error unset has two words
app.use(session({ secret: 'x', unset: 'remove' }))

app.get('/', (req, res, next) => {
  prove<Equal<typeof req.session.classicViews, number | undefined>>(true)
  req.session.classicViews = (req.session.classicViews ?? 0) + 1
  req.session.classicUser = { name: 'ann' }
  // @ts-expect-error fields keep their type
  req.session.classicUser = 'ann'
  // @ts-expect-error only declared fields exist
  void req.session.undeclared
  delete req.session.classicUser

  req.session.cookie.expires = false
  req.session.cookie.maxAge = 1_000
  const id: string = req.session.id + req.sessionID
  req.session.regenerate((error) => {
    // As with express-session's own types, errors have a message without being asked what they are.
    if (error) res.set(error.name, error.code ?? error.message)
    req.session.save((again: Error) => {
      next(again)
    })
  })
  req.session.touch().resetMaxAge().save()
  req.session.reload(next)
  req.session.destroy(() => res.send(id))
  req.sessionStore.generate(req)
  req.sessionStore.get('sid', (_error, data) => data?.classicViews)
  req.sessionStore.load('sid', (_error, loaded) => loaded?.save())
})

class MapStore extends Store {
  readonly #map = new Map<string, string>()
  get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    const text = this.#map.get(sid)
    callback(null, text === undefined ? null : JSON.parse(text))
  }
  set(sid: string, data: SessionData, callback?: (error?: unknown) => void): void {
    this.#map.set(sid, JSON.stringify(data))
    callback?.()
  }
  destroy(sid: string, callback?: (error?: unknown) => void): void {
    this.#map.delete(sid)
    callback?.()
  }
}
app.use(session({ secret: 'x', store: new MapStore() }))
declare const ownStore: SessionStore
app.use(session({ secret: 'x', store: ownStore }))

const named: session.SessionOptions & { cookie?: session.CookieOptions } = { secret: 'x' }
const store: session.Store = new MemoryStore()
const data: session.SessionData = { cookie: new Cookie(), classicViews: 1, classicUser: { name: 'ann' } }
void [named, store, data, Session]
