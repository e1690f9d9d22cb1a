// The Express app on iron-session: the session itself is in an encrypted cookie.
import { createServer } from 'node:http'
import { getIronSession } from 'iron-session'
import { serve, settings } from './announce.ts'
import { expressApp } from './express-app.ts'
import { sizeOf, type Visit } from './session-data.ts'

const app = expressApp({
  size: sizeOf(settings[1]),
  open: async (request, response) => {
    const visit = await getIronSession<Partial<Visit>>(request, response, {
      cookieName: 'sid',
      password: 'for the benchmark only, not a secret',
      cookieOptions: { secure: false },
    })
    return { visit, save: () => visit.save() }
  },
})
serve(createServer(app))
