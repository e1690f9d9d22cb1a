// The Express app on Drover's sessions, with their defaults but for patience.
import { createServer } from 'node:http'
import { expressSessions, sessionOf } from '../../src/adapters/express.ts'
import { sessions, type SessionStore } from '../../src/index.ts'
import { postgresSessionStore } from '../../src/stores/postgres/index.ts'
import { redisSessionStore } from '../../src/stores/redis/index.ts'
import { sqliteSessionStore } from '../../src/stores/sqlite/index.ts'
import { serve, settings } from './announce.ts'
import { expressApp } from './express-app.ts'
import { sizeOf, type Visit } from './session-data.ts'

/** The peers wait for their store without end; on a starved machine ours must not be the only one to lose patience. */
const patience = { operationTimeoutMs: 10_000 }

const [address = '', size, cache] = settings

function openStore(): SessionStore {
  const path = /^sqlite:(.+)$/.exec(address)?.[1]
  if (path !== undefined) return sqliteSessionStore(path, patience)
  if (address.startsWith('postgres:')) return postgresSessionStore(address, patience)
  return redisSessionStore(address, { ...patience, nearCache: cache === 'near' })
}

const visits = sessions<Visit>({ store: openStore() })
const app = expressApp({
  size: sizeOf(size),
  mount: expressSessions(visits),
  open: async (request) => ({ visit: await sessionOf(request, visits).data() }),
  signIn: (request, principal) => sessionOf(request, visits).login(principal),
})
serve(createServer(app))
