// The Express app on express-session and connect-redis, set as their documentation advises.
import { createServer } from 'node:http'
import { RedisStore } from 'connect-redis'
import expressSession from 'express-session'
import { createClient } from 'redis'
import { settings, serve } from '../announce.ts'
import { expressApp } from '../express-app.ts'
import { sizeOf, type Visit } from '../session-data.ts'

declare module 'express-session' {
  interface SessionData extends Partial<Visit> {}
}

const [url = '', size] = settings
const client = await createClient({ url }).connect()
const mount = expressSession({
  store: new RedisStore({ client }),
  secret: 'for the benchmark only, not a secret',
  resave: false,
  saveUninitialized: false,
})
serve(
  createServer(expressApp({ size: sizeOf(size), mount, open: (request) => ({ visit: request.session }) })),
)
