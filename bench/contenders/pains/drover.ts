// The app of the pains suite on Drover's sessions, with their defaults.
import type { IncomingMessage } from 'node:http'
import { expressSessions, sessionOf } from '../../../src/adapters/express.ts'
import { acceptUpgrade, closeWithSession } from '../../../src/adapters/websocket.ts'
import { sessions, type SessionStore } from '../../../src/index.ts'
import { redisSessionStore } from '../../../src/stores/redis/index.ts'
import type { Kept, Visit } from './app.ts'
import { serveExpress } from './express.ts'
import { painSettings } from './settings.ts'

const { store, secure, lifetimeMs, nearCache } = painSettings

function openStore(url: string): SessionStore {
  // The Cluster here is one node alone, so no replica can confirm anything.
  const options = url.startsWith('redis-cluster:') ? { waitForReplicas: 0 } : {}
  return redisSessionStore(url, { ...options, nearCache })
}

const visits = sessions<Kept>({
  secure: secure ? true : 'auto',
  // Failures that clients are told of in an error answer are no news to the benchmark.
  onError: () => undefined,
  ...(lifetimeMs === undefined ? {} : { idle: lifetimeMs, absolute: lifetimeMs }),
  ...(store === undefined ? {} : { store: openStore(store) }),
})
const mount = expressSessions(visits)

async function open(request: IncomingMessage): Promise<Visit> {
  const session = sessionOf(request, visits)
  return {
    kept: await session.data(),
    principal: () => session.principal(),
    login: (principal) => session.login(principal),
    logout: () => session.logout(),
    renew: () => session.renew(),
    save: () => Promise.resolve(),
  }
}

serveExpress({
  mount,
  open,
  revokeAll: (principal) => visits.revokeAll(principal),
  welcome: async (request, socket) => {
    const session = await acceptUpgrade(visits, request, socket)
    if (session === undefined) return undefined
    return {
      principal: await session.principal(),
      attach: (accepted) => closeWithSession(session, accepted),
    }
  },
})
