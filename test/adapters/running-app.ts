// Runs an app behind an adapter on a real SQLite file and a real socket, for one test, and visits it.
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { sessions } from '../../src/index.ts'
import type { Sessions, SessionsOptions } from '../../src/index.ts'
import { sqliteSessionStore } from '../../src/stores/sqlite/index.ts'
import type { Adapter, Asked, Handler, Shop, Visit } from './adapter.ts'
import { WatchedStore } from './watched-store.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly cookies: readonly string[]
  readonly text: string
}

export type VisitOptions = RequestInit & { readonly cookie?: string | undefined }

export interface RunningApp {
  readonly url: string
  readonly port: number
  readonly store: WatchedStore
  readonly shop: Sessions<Shop>
  /** What sessions reported to the operator. */
  readonly reports: unknown[]
  readonly clock: { nowMs: number; now(): number }
  readonly visit: (path: string, options?: VisitOptions) => Promise<Answer>
}

export interface AppOptions extends Omit<SessionsOptions<Shop>, 'store' | 'clock' | 'onError'> {
  /** Default: the shop alone. */
  readonly mounted?: (shop: Sessions<Shop>) => readonly Sessions<Shop>[]
  readonly trustProxy?: boolean
}

/** Serves `handler` with sessions until the test ends. */
export async function runApp(
  context: TestContext,
  adapter: Adapter,
  handler: Handler,
  { mounted = (shop) => [shop], trustProxy = false, ...options }: AppOptions = {},
): Promise<RunningApp> {
  const folder = await mkdtemp(join(tmpdir(), 'drover-adapter-'))
  const clock = { nowMs: Date.now(), now: () => clock.nowMs }
  const store = new WatchedStore(sqliteSessionStore(join(folder, 'sessions.db'), { clock }))
  const reports: unknown[] = []
  const shop = sessions<Shop>({ ...options, store, clock, onError: (error) => reports.push(error) })
  const shops = mounted(shop)
  const handle = async (asked: Asked) => handler(visitOf(asked, shop))
  const { port, close } = await adapter.serve({ shops, handle, trustProxy })
  context.after(async () => {
    await close()
    await Promise.all(shops.map((each) => each.close()))
    await rm(folder, { recursive: true })
  })
  const url = `http://127.0.0.1:${port}`
  return { url, port, store, shop, reports, clock, visit: (path, more) => visit(url + path, more) }
}

function visitOf(asked: Asked, shop: Sessions<Shop>): Visit {
  return {
    ...asked,
    get session() {
      return asked.sessionOf(shop)
    },
    get res() {
      if (asked.res === undefined) throw new Error('Cannot answer by hand: no response of node:http')
      return asked.res()
    },
  }
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

/** Asks on a connection of its own, so that its body can be read at the test's pace, and left. */
export function ask(app: RunningApp, path: string, options: RequestOptions = {}): ClientRequest {
  return request({ host: '127.0.0.1', port: app.port, path, agent: false, ...options }).end()
}

export async function responseTo(asked: ClientRequest): Promise<IncomingMessage> {
  const [response]: IncomingMessage[] = await once(asked, 'response')
  if (response === undefined) throw new Error('Cannot read response: there is none')
  return response
}

export async function textOf(response: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of response) text += String(chunk)
  return text
}
