// The app of the sessions suite on Express: fill a session, read one field of it, change one.
import express, { type Express, type Request, type RequestHandler } from 'express'
import { newVisit, type Visit } from './session-data.ts'

/** `open` gives the data that the request's session keeps; `mount` is the session middleware, if any. */
export function expressApp(
  open: (request: Request) => Partial<Visit> | Promise<Partial<Visit>>,
  mount?: RequestHandler,
): Express {
  const app = express()
  app.disable('x-powered-by')
  if (mount !== undefined) app.use(mount)
  app.post('/fill/:name', async (request, response) => {
    Object.assign(await open(request), newVisit(request.params.name))
    response.json({ filled: true })
  })
  app.get('/read', async (request, response) => {
    const visit = await open(request)
    response.json({ name: visit.name })
  })
  app.post('/write', async (request, response) => {
    const visit = await open(request)
    visit.count = (visit.count ?? 0) + 1
    response.json({ count: visit.count })
  })
  return app
}
