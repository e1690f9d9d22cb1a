// The app of the pains suite on iron-session: the session itself is in an encrypted cookie.
import { ServerResponse, type IncomingMessage } from 'node:http'
import { getIronSession, type IronSession } from 'iron-session'
import type { Kept, Visit } from './app.ts'
import { serveExpress } from './express.ts'
import { painSettings, secret } from './settings.ts'

type Sealed = Kept & { principal?: string }

const { secure, lifetimeMs } = painSettings

function unseal(request: IncomingMessage, response: ServerResponse): Promise<IronSession<Sealed>> {
  return getIronSession<Sealed>(request, response, {
    cookieName: 'sid',
    password: secret,
    cookieOptions: { secure },
    // In whole seconds, of which it takes one minute off for the cookie.
    ...(lifetimeMs === undefined ? {} : { ttl: 60 + Math.ceil(lifetimeMs / 1000) }),
  })
}

async function open(request: IncomingMessage, response: ServerResponse): Promise<Visit> {
  const session = await unseal(request, response)
  return {
    kept: session,
    principal: () => Promise.resolve(session.principal),
    login: (principal) => {
      session.principal = principal
      return Promise.resolve()
    },
    logout: () => {
      session.destroy()
      return Promise.resolve()
    },
    renew: () => Promise.resolve(),
    save: () => session.save(),
  }
}

serveExpress({
  mount: undefined,
  open,
  revokeAll: undefined,
  welcome: async (request) => {
    const { principal } = await unseal(request, new ServerResponse(request))
    return { principal }
  },
})
