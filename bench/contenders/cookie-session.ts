// The Express app on cookie-session: the session itself is in a signed cookie.
import { createServer } from 'node:http'
import cookieSession from 'cookie-session'
import { serve, settings } from './announce.ts'
import { expressApp } from './express-app.ts'
import { sizeOf, type Visit } from './session-data.ts'

function isVisit(value: unknown): value is Partial<Visit> {
  return typeof value === 'object' && value !== null
}

const app = expressApp({
  size: sizeOf(settings[1]),
  mount: cookieSession({ secret: 'for the benchmark only, not a secret', secure: false }),
  open: (request) => {
    const visit: unknown = Reflect.get(request, 'session')
    if (isVisit(visit)) return { visit }
    throw new Error('Cannot find the session: cookie-session did not see the request')
  },
})
serve(createServer(app))
