// The app of the pains suite on @fastify/session and connect-redis, set as their documentation advises.
import type { IncomingMessage } from 'node:http'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import fastify, { type FastifyRequest } from 'fastify'
import { announce, keepAliveMs } from '../announce.ts'
import { answer, type Visit } from '../pains/app.ts'
import { painSettings, secret } from '../pains/settings.ts'
import { takeSockets } from '../pains/sockets.ts'
import { connectStore, revokerOf } from './store.ts'

const { secure, lifetimeMs } = painSettings
const store = await connectStore()
const app = fastify({ logger: false, keepAliveTimeout: keepAliveMs })
await app.register(fastifyCookie)
await app.register(fastifySession, {
  secret,
  saveUninitialized: false,
  cookie: { secure, ...(lifetimeMs === undefined ? {} : { maxAge: lifetimeMs }) },
  ...(store === undefined ? {} : { store }),
})

function open(request: FastifyRequest): Visit {
  const { session } = request
  return {
    kept: session,
    principal: () => Promise.resolve(session.principal),
    login: (principal) => {
      session.principal = principal
      return Promise.resolve()
    },
    logout: () => session.destroy(),
    renew: () => session.regenerate(),
    save: () => Promise.resolve(),
  }
}

const revokeAll = store === undefined ? undefined : revokerOf(store)

app.all('/*', (request) => answer(request.url, { open: () => Promise.resolve(open(request)), revokeAll }))

/** The plugin's own way to find a session outside of a request. */
function principalOf(request: IncomingMessage): Promise<string | undefined> {
  const { sessionId } = app.parseCookie(request.headers.cookie ?? '')
  if (sessionId === undefined) return Promise.resolve(undefined)
  return new Promise((resolve, reject) => {
    const bearer: { session?: { principal?: string } } = {}
    app.decryptSession(sessionId, bearer, (error: unknown) => {
      if (error instanceof Error) reject(error)
      else resolve(bearer.session?.principal)
    })
  })
}

takeSockets(app.server, async (request) => ({ principal: await principalOf(request) }))
const address = await app.listen({ host: '127.0.0.1', port: 0 })
announce(Number(new URL(address).port))
