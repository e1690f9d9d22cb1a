// The app of the sessions suites on Express: fill a session, read one field of it, change one.
import express, { type Express, type Request, type RequestHandler, type Response } from 'express'
import { newVisit, type Size, type Visit } from './session-data.ts'

export interface ExpressAppParts {
  readonly size: Size
  /** The data that the request's session keeps. */
  readonly open: (request: Request, response: Response) => Opened | Promise<Opened>
  /** The session middleware, if any. */
  readonly mount?: RequestHandler
  /** Makes the request's session that of a signed-in principal. */
  readonly signIn?: (request: Request, principal: string) => Promise<void>
}

export interface Opened {
  readonly visit: Partial<Visit>
  /** For libraries that want to be told to keep what changed. */
  readonly save?: () => Promise<void>
}

export function expressApp({ size, open, mount, signIn }: ExpressAppParts): Express {
  const app = express()
  app.disable('x-powered-by')
  if (mount !== undefined) app.use(mount)
  app.post('/fill/:name', async (request, response) => {
    const { visit, save } = await open(request, response)
    Object.assign(visit, newVisit(request.params.name, size))
    await save?.()
    response.json({ filled: true })
  })
  app.post('/sign-in/:name', async (request, response) => {
    const { visit, save } = await open(request, response)
    Object.assign(visit, newVisit(request.params.name, size))
    await signIn?.(request, request.params.name)
    await save?.()
    response.json({ filled: true })
  })
  app.get('/read', async (request, response) => {
    const { visit } = await open(request, response)
    response.json({ name: visit.name })
  })
  app.post('/write', async (request, response) => {
    const { visit, save } = await open(request, response)
    visit.count = (visit.count ?? 0) + 1
    await save?.()
    response.json({ count: visit.count })
  })
  return app
}
