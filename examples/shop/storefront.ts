// The whole shop but its sessions, which server.ts puts in front of it.
import { json, Router, urlencoded, type RequestHandler } from 'express'
import { api } from './api.ts'
import type { Database } from './database.ts'
import { answerFailure } from './failures.ts'
import { pages } from './pages.ts'
import type { Pictures } from './pictured.ts'
import { Refusal } from './refusal.ts'
import { sameSite } from './same-site.ts'

/** No form or call of the shop comes near it. */
const bodyLimit = '10kb'

/**
 * `keyed` stands before what must not happen twice, as cart changes and checkouts. `pictures`: where those of visitors
 * rest. `tokens` stands before the API: what gives tokens out, and knows who brings one.
 */
export function storefront(
  database: Database,
  keyed: RequestHandler,
  pictures?: Pictures,
  tokens?: Router,
): Router {
  const router = Router()
  router.use(sameSite)
  router.use('/api', json({ limit: bodyLimit }))
  if (tokens !== undefined) router.use('/api', tokens)
  router.use('/api', api(database, keyed))
  if (pictures !== undefined) router.use(pictures.routes)
  router.use(urlencoded({ extended: false, limit: bodyLimit }), pages(database, keyed, pictures))
  router.use(() => {
    throw new Refusal('not_found', 'There is nothing at this address')
  })
  router.use(answerFailure)
  return router
}
