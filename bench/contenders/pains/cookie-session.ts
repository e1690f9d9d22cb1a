// The app of the pains suite on cookie-session: the session itself is in a signed cookie.
import { ServerResponse, type IncomingMessage } from 'node:http'
import cookieSession from 'cookie-session'
import type { Kept, Visit } from './app.ts'
import { serveExpress } from './express.ts'
import { painSettings, secret } from './settings.ts'

type Sealed = Kept & { principal?: string }

const { secure, lifetimeMs } = painSettings
const mount = cookieSession({
  secret,
  secure,
  ...(lifetimeMs === undefined ? {} : { maxAge: lifetimeMs }),
})

function isSealed(value: unknown): value is Sealed {
  return typeof value === 'object' && value !== null
}

function sealedOf(request: object): Sealed {
  const session: unknown = Reflect.get(request, 'session')
  if (isSealed(session)) return session
  throw new Error('Cannot find the session: cookie-session did not see the request')
}

function open(request: object): Visit {
  const session = sealedOf(request)
  return {
    kept: session,
    principal: () => Promise.resolve(session.principal),
    login: (principal) => {
      session.principal = principal
      return Promise.resolve()
    },
    logout: () => {
      Reflect.set(request, 'session', null)
      return Promise.resolve()
    },
    renew: () => Promise.resolve(),
    save: () => Promise.resolve(),
  }
}

/** Its middleware, asked outside of Express: it only reads the Cookie header. */
function principalOf(request: IncomingMessage): Promise<string | undefined> {
  return new Promise((resolve) => {
    Reflect.apply(mount, undefined, [
      request,
      new ServerResponse(request),
      () => {
        resolve(sealedOf(request).principal)
      },
    ])
  })
}

serveExpress({
  mount,
  open: (request) => Promise.resolve(open(request)),
  revokeAll: undefined,
  welcome: async (request) => ({ principal: await principalOf(request) }),
})
