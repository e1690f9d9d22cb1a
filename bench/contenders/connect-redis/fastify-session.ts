// The Fastify app on @fastify/session and connect-redis, set as their documentation advises.
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import { RedisStore } from 'connect-redis'
import { createClient } from 'redis'
import { settings } from '../announce.ts'
import { serveFastify } from '../fastify-app.ts'
import type { Visit } from '../session-data.ts'

declare module 'fastify' {
  interface Session extends Partial<Visit> {}
}

const [url = ''] = settings
const client = await createClient({ url }).connect()
await serveFastify(
  (request) => request.session,
  async (app) => {
    await app.register(fastifyCookie)
    await app.register(fastifySession, {
      store: new RedisStore({ client }),
      secret: 'for the benchmark only, not a secret',
      cookie: { secure: false },
      saveUninitialized: false,
      // `rolling` stays at its default, true: like the others, a session then lives on while it is used.
    })
  },
)
