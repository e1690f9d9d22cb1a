// Serves the suite's app on Express 4 or 5.
import { Readable, pipeline } from 'node:stream'
import type { Express, NextFunction, Request, Response } from 'express'
import { expressSessions, sessionOf } from '../../src/adapters/express.ts'
import { serveListener } from './adapter.ts'
import type { Adapter, Reply } from './adapter.ts'

type AsyncHandler = (req: Request, res: Response, next: NextFunction) => Promise<void>

export function expressAdapter(name: string, create: () => Express): Adapter {
  return {
    name,
    serve: ({ shops, handle, trustProxy }) => {
      const app = create()
      app.set('env', 'test').set('trust proxy', trustProxy)
      for (const shop of shops) app.use(expressSessions(shop))
      const answer: AsyncHandler = async (req, res, next) => {
        try {
          const reply = await handle({
            method: req.method,
            path: req.path,
            sessionOf: (shop) => sessionOf(req, shop),
            res: () => res,
          })
          if (reply !== undefined) send(res, reply)
        } catch (error) {
          next(error)
        }
      }
      // Express 4 does not wait for handlers.
      app.use((req, res, next) => void answer(req, res, next))
      return serveListener((req, res) => void app(req, res))
    },
  }
}

function send(res: Response, { status = 200, headers = {}, cookies = [], body = '', redirect }: Reply): void {
  res.status(status).set({ ...headers })
  for (const cookie of cookies) res.append('set-cookie', cookie)
  if (redirect !== undefined) res.redirect(redirect)
  // A client that leaves is told to the source, which is all that is wanted here.
  else if (typeof body === 'object') pipeline(Readable.from(body), res, () => undefined)
  else res.send(body)
}
