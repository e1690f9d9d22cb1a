// Tokens, for apps and command lines: who signs in for one is known by it on every server, as a browser is by its session.
import { Router } from 'express'
import { expressTokens, tokenIfAny, tokenOf } from 'drover/express'
import { memoryTokenStore } from 'drover/memory'
import { postgresTokenStore } from 'drover/postgres'
import { redisTokenStore } from 'drover/redis'
import { sqliteTokenStore } from 'drover/sqlite'
import { tokenBody, tokens, type Tokens, type TokenStore } from 'drover/tokens'
import { accountOf } from './accounts.ts'
import type { Database } from './database.ts'
import { readRefreshToken } from './input.ts'

export interface ShopTokens {
  /** What is to stand before the API. */
  readonly routes: Router
  /** The same on all servers that take each other's tokens. */
  readonly fingerprint: string
  readonly close: () => Promise<void>
}

/** Keeps keys, sign-ins and revocations in the store at `url`, which is that of the sessions. Resolves once all are known. */
export async function openTokens(url: string, database: Database): Promise<ShopTokens> {
  const issued = tokens({
    store: storeAt(url),
    secrets: secrets(),
    issuer: 'https://longmeadow.example',
    audience: 'https://longmeadow.example/api',
  })
  await issued.ready()
  return {
    routes: tokenRoutes(issued, database),
    fingerprint: await issued.fingerprint(),
    close: () => issued.close(),
  }
}

function tokenRoutes(issued: Tokens, database: Database): Router {
  const router = Router()

  router.post('/token', async (request, response) => {
    const account = await accountOf(database, request.body)
    response.json(tokenBody(await issued.issue(account)))
  })

  router.post('/token/refresh', async (request, response) => {
    response.json(tokenBody(await issued.refresh(readRefreshToken(request.body))))
  })

  router.post('/token/revoke', expressTokens(issued), async (request, response) => {
    await issued.revoke(tokenOf(request, issued))
    response.status(204).end()
  })

  // Who brings a token must bring a good one; who brings none may have a session.
  router.get(['/me', '/orders'], expressTokens(issued, { required: false }), (request, _response, next) => {
    const token = tokenIfAny(request, issued)
    if (token !== undefined) request.bearer = token.principal
    next()
  })

  return router
}

/** All servers have the same. A secret that stands in a repository is none: it is for demonstrations, and not for production. */
function secrets(): 'env:APP_SECRETS' | readonly string[] {
  const { APP_SECRETS, NODE_ENV } = process.env
  const isDemonstration = APP_SECRETS === undefined && NODE_ENV !== 'production'
  return isDemonstration ? [Buffer.alloc(32, 1).toString('base64')] : 'env:APP_SECRETS'
}

function storeAt(url: string): TokenStore {
  if (url === 'memory:') return memoryTokenStore()
  if (url.startsWith('sqlite:')) return sqliteTokenStore(url.slice('sqlite:'.length))
  if (/^postgres(ql)?:/.test(url)) return postgresTokenStore(url)
  return redisTokenStore(url)
}
