// The chat without its sockets: its page, and signing in and out. Those are requests: only an answer can carry a cookie.
import { fileURLToPath } from 'node:url'
import express, { type NextFunction, type Request, type Response } from 'express'
import type { Sessions } from 'drover'
import { expressSessions } from 'drover/express'

const policy = [
  "default-src 'none'",
  'img-src data:',
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

const ownPage = new URL('page/', import.meta.url)

/** `page` is the folder of what the browser loads; what it does not have comes from the one here. */
export function chatApp(visits: Sessions, page = ownPage): express.Express {
  const app = express()
  app.disable('x-powered-by')
  // The balancer is on this machine; what it says about the visitor's address and protocol is believed.
  app.set('trust proxy', 'loopback')
  app.use(safeHeaders)
  for (const folder of [page, ownPage]) app.use(express.static(fileURLToPath(folder)))
  app.use(expressSessions(visits), express.json({ limit: '1kb' }))

  app.get('/me', async (req, res) => {
    res.json({ user: (await req.session.principal()) ?? null })
  })

  app.post('/sign-in', async (req, res) => {
    const user = readName(req.body)
    if (user === undefined) {
      res.status(422).json({ error: 'A name has 1 to 20 characters' })
      return
    }
    // An example: whoever gives a name is believed. Yours asks for a password, or whatever proves it, before this line.
    await req.session.login(user)
    res.json({ user })
  })

  app.post('/sign-out', async (req, res) => {
    await req.session.logout()
    res.status(204).end()
  })

  // Ends this session and those of the user's other browsers; each of their sockets closes, on whichever server it hangs.
  app.post('/sign-out-everywhere', async (req, res) => {
    const user = await req.session.principal()
    if (user !== undefined) await visits.revokeAll(user)
    await req.session.logout()
    res.status(204).end()
  })

  return app
}

function readName(body: unknown): string | undefined {
  const name: unknown = typeof body === 'object' && body !== null && 'name' in body ? body.name : undefined
  return typeof name === 'string' && /^[^\s](?:.{0,18}[^\s])?$/u.test(name) ? name : undefined
}

function safeHeaders(_req: Request, res: Response, next: NextFunction): void {
  res.set({ 'content-security-policy': policy, 'x-content-type-options': 'nosniff' })
  next()
}
