// The app of the pains suite on express-session and connect-redis, set as their documentation advises.
import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Request } from 'express'
import expressSession from 'express-session'
import type { Visit } from '../pains/app.ts'
import { serveExpress } from '../pains/express.ts'
import { painSettings, secret } from '../pains/settings.ts'
import { callback, connectStore, revokerOf } from './store.ts'

const { secure, lifetimeMs } = painSettings
const store = await connectStore()
const mount = expressSession({
  secret,
  resave: false,
  saveUninitialized: false,
  cookie: { secure, ...(lifetimeMs === undefined ? {} : { maxAge: lifetimeMs }) },
  ...(store === undefined ? {} : { store }),
})

function open(request: Request): Visit {
  const { session } = request
  return {
    kept: session,
    principal: () => Promise.resolve(session.principal),
    login: (principal) => {
      session.principal = principal
      return Promise.resolve()
    },
    logout: () => callback((done) => session.destroy(done)),
    renew: () => callback((done) => session.regenerate(done)),
    save: () => Promise.resolve(),
  }
}

/** Its middleware, asked outside of Express, as the example of `ws` does. */
async function principalOf(request: IncomingMessage): Promise<string | undefined> {
  await callback((done) => Reflect.apply(mount, undefined, [request, new ServerResponse(request), done]))
  const session: unknown = Reflect.get(request, 'session')
  const principal: unknown = Reflect.get(Object(session), 'principal')
  return typeof principal === 'string' ? principal : undefined
}

serveExpress({
  mount,
  open: (request) => Promise.resolve(open(request)),
  revokeAll: store === undefined ? undefined : revokerOf(store),
  welcome: async (request) => ({ principal: await principalOf(request) }),
})
