// Serves the app of the pains suite on Express.
import { createServer } from 'node:http'
import express, { type Request, type RequestHandler, type Response } from 'express'
import { serve } from '../announce.ts'
import { answer, type Visit } from './app.ts'
import { takeSockets, type WelcomeUpgrade } from './sockets.ts'

export interface ExpressLibrary {
  readonly mount: RequestHandler | undefined
  readonly open: (request: Request, response: Response) => Promise<Visit>
  readonly revokeAll: ((principal: string) => Promise<void>) | undefined
  /** Whom an upgrade request belongs to. */
  readonly welcome: WelcomeUpgrade
}

export function serveExpress({ mount, open, revokeAll, welcome }: ExpressLibrary): void {
  const app = express()
  app.disable('x-powered-by')
  if (mount !== undefined) app.use(mount)
  app.use(async (request, response) => {
    response.json(await answer(request.url, { open: () => open(request, response), revokeAll }))
  })
  const server = createServer(app)
  takeSockets(server, welcome)
  serve(server)
}
