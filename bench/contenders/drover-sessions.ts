// The Express app on Drover's sessions, with their defaults but for patience: in a store, with or without a near cache, or in cookies.
import { createServer } from 'node:http'
import { expressSessions, sessionOf } from '../../src/adapters/express.ts'
import { sessions, type Sessions, type SessionStore } from '../../src/index.ts'
import { postgresSessionStore } from '../../src/stores/postgres/index.ts'
import { redisSessionStore, redisTokenStore } from '../../src/stores/redis/index.ts'
import { sqliteSessionStore } from '../../src/stores/sqlite/index.ts'
import { serve, settings } from './announce.ts'
import { expressApp } from './express-app.ts'
import { sizeOf, type Visit } from './session-data.ts'

/** The peers wait for their store without end; on a starved machine ours must not be the only one to lose patience. */
const patience = { operationTimeoutMs: 10_000 }

const [address = '', size, kind] = settings

function openStore(): SessionStore {
  const path = /^sqlite:(.+)$/.exec(address)?.[1]
  if (path !== undefined) return sqliteSessionStore(path, patience)
  if (address.startsWith('postgres:')) return postgresSessionStore(address, patience)
  return redisSessionStore(address, { ...patience, nearCache: kind === 'near' })
}

function openSessions(): Sessions<Partial<Visit>> {
  if (kind !== 'cookies') return sessions<Visit>({ store: openStore() })
  const encryptionKeys = [Buffer.alloc(32, 'not a secret').toString('base64')]
  return sessions<Visit>({ mode: 'token', encryptionKeys, revocations: redisTokenStore(address, patience) })
}

const visits = openSessions()
const app = expressApp({
  size: sizeOf(size),
  mount: expressSessions(visits),
  open: async (request) => {
    const session = sessionOf(request, visits)
    // Only a sign-in can be revoked: so each request looks for that, too.
    if (kind === 'cookies' && request.path.startsWith('/fill')) await session.login('visitor')
    return { visit: await session.data() }
  },
  signIn: (request, principal) => sessionOf(request, visits).login(principal),
})
serve(createServer(app))
