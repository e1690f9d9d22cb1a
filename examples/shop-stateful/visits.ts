// Sessions as most Express apps begin: express-session with its MemoryStore, so each server remembers only whom it met.
import { promisify } from 'node:util'
import session from 'express-session'
import type { ShopData } from '../shop/cart.ts'

/** What the shop asks of `request.session`; with Drover these are the session's own methods. */
interface Visit {
  data(): Promise<ShopData>
  principal(): Promise<string | undefined>
  login(account: string): Promise<void>
  logout(): Promise<void>
  /** Does nothing: what was changed in this server's memory is there. */
  commit(options: object): Promise<unknown>
}

declare module 'express-session' {
  interface SessionData {
    user: string
    shop: ShopData
  }
  interface Session extends Visit {}
}

type Stored = session.Session & Partial<session.SessionData> & { readonly req: { session: Stored } }

const visit: Visit & ThisType<Stored> = {
  async data() {
    this.shop ??= {}
    return this.shop
  },
  async principal() {
    return this.user
  },
  async login(account) {
    const { req, user, shop } = this
    await this.logout()
    // The new id's session is a new object, and starts empty.
    req.session.user = account
    if (shop !== undefined && (user ?? account) === account) req.session.shop = shop
  },
  async logout() {
    await promisify(this.regenerate.bind(this))()
  },
  async commit() {},
}

/** The middleware; it makes `request.session` look as the shop expects it. */
export function memorySessions(): ReturnType<typeof session> {
  Object.assign(session.Session.prototype, visit)
  // The secret is the same on every server, and the cookie is right: only the memory behind it is not shared.
  return session({
    name: 'shop',
    secret: 'an example, so no secret',
    resave: false,
    saveUninitialized: false,
    cookie: { httpOnly: true, sameSite: 'lax' },
  })
}
