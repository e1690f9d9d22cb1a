// Starts an Express app with sessions on a real SQLite file and a real socket, for one test.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import express from 'express'
import type { Express } from 'express'
import { sessions } from '../../src/index.ts'
import type { Sessions, SessionsOptions } from '../../src/index.ts'
import { expressSessions } from '../../src/adapters/express.ts'
import { sqliteSessionStore } from '../../src/stores/sqlite/index.ts'
import { WatchedStore } from './watched-store.ts'

export interface Shop {
  cart: { sku: string; quantity: number }[]
  theme: string
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly cookies: readonly string[]
  readonly text: string
}

export type VisitOptions = RequestInit & { readonly cookie?: string | undefined }

export interface RunningApp {
  readonly url: string
  readonly store: WatchedStore
  readonly shop: Sessions<Shop>
  /** What sessions reported to the operator. */
  readonly reports: unknown[]
  readonly clock: { nowMs: number; now(): number }
  readonly visit: (path: string, options?: VisitOptions) => Promise<Answer>
}

export interface AppOptions extends Omit<SessionsOptions, 'store' | 'clock' | 'onError'> {
  /** Middleware mounted before and after sessions. */
  readonly before?: (app: Express) => void
}

/** Runs `routes` behind sessions until the test ends. */
export async function runApp(
  context: TestContext,
  routes: (app: Express, shop: Sessions<Shop>) => void,
  { before, ...options }: AppOptions = {},
): Promise<RunningApp> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-express-'))
  const clock = { nowMs: Date.now(), now: () => clock.nowMs }
  const store = new WatchedStore(sqliteSessionStore(join(folder, 'sessions.db'), { clock }))
  const reports: unknown[] = []
  const shop = sessions<Shop>({ ...options, store, clock, onError: (error) => reports.push(error) })
  const app = express()
  app.set('env', 'test')
  before?.(app)
  app.use(expressSessions(shop), express.json())
  routes(app, shop)
  const server = createServer(app).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await shop.close()
    await rm(folder, { recursive: true })
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('Cannot read port: not listening')
  const url = `http://127.0.0.1:${address.port}`
  return { url, store, shop, reports, clock, visit: (path, visitOptions) => visit(url + path, visitOptions) }
}

async function visit(url: string, { cookie, ...init }: VisitOptions = {}): Promise<Answer> {
  const headers = new Headers(init.headers)
  if (cookie !== undefined) headers.set('cookie', cookie)
  const response = await fetch(url, { redirect: 'manual', ...init, headers })
  const text = await response.text()
  return {
    status: response.status,
    headers: response.headers,
    cookies: response.headers.getSetCookie(),
    text,
  }
}

/** The session cookie to send back. */
export function cookieOf(answer: Answer): string {
  const pair = answer.cookies.find((line) => /^(__Host-)?sid=/.test(line))?.split(';')[0]
  if (pair === undefined)
    throw new Error(`Cannot find session cookie: answer ${answer.status} ${answer.text}`)
  return pair
}
