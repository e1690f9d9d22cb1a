// The Express app on Drover's sessions, with their defaults but for patience.
import { createServer } from 'node:http'
import { expressSessions, sessionOf } from '../../src/adapters/express.ts'
import { sessions, type SessionStore } from '../../src/index.ts'
import { redisSessionStore } from '../../src/stores/redis/index.ts'
import { sqliteSessionStore } from '../../src/stores/sqlite/index.ts'
import { serve, settings } from './announce.ts'
import { expressApp } from './express-app.ts'
import type { Visit } from './session-data.ts'

/** The peers wait for their store without end; on a starved machine ours must not be the only one to lose patience. */
const patience = { operationTimeoutMs: 10_000 }

function openStore(address: string): SessionStore {
  const path = /^sqlite:(.+)$/.exec(address)?.[1]
  return path === undefined ? redisSessionStore(address, patience) : sqliteSessionStore(path, patience)
}

const [address = ''] = settings
const visits = sessions<Visit>({ store: openStore(address) })
serve(createServer(expressApp((request) => sessionOf(request, visits).data(), expressSessions(visits))))
