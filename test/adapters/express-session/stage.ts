// Serves one handler behind one setup's middleware on a real socket, and visits it.
import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import type { Session, SessionOptions, Store } from '../../../src/adapters/express-session/index.ts'
import { listen as listenOnFreePort } from '../../support/free-port.ts'
import { everySetup } from './setups.ts'
import type { Library, Setup } from './setups.ts'

/** What the tests put into sessions. */
export interface Data {
  count?: number
  user?: string
  theme?: string
  cart?: string[]
  [field: string]: unknown
}

export type TestSession = Session & Data

export interface TestRequest extends IncomingMessage {
  session: TestSession
  sessionID: string
  sessionStore: Store
  secure?: boolean
  secret?: string
  originalUrl?: string
  cookies?: Record<string, string>
  signedCookies?: Record<string, string>
}

export type Handler = (req: TestRequest, res: ServerResponse) => void

export interface Served {
  readonly url: string
  readonly visit: (path?: string, options?: VisitOptions) => Promise<Answer>
  /** Errors that reached the error handler after the head of the answer had left. */
  readonly lateErrors: Error[]
}

export type VisitOptions = RequestInit & { readonly cookie?: string | undefined }

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly cookies: readonly string[]
  readonly text: string
}

export interface ServeOptions extends Partial<SessionOptions> {
  /** Runs before the middleware. */
  readonly before?: Handler
}

export class Stage {
  readonly context: TestContext
  readonly session: Library
  readonly #setup: Setup

  constructor(context: TestContext, setup: Setup) {
    this.context = context
    this.session = setup.session
    this.#setup = setup
  }

  openStore(): Promise<NonNullable<SessionOptions['store']>> {
    return this.#setup.openStore(this.context)
  }

  /** With a store of its own, a secret, and the options that need no warning, unless others are given. */
  async serve(options: ServeOptions, handler: Handler): Promise<Served> {
    const { before, ...given } = options
    const middleware = this.session({
      secret: 'keyboard cat',
      resave: false,
      saveUninitialized: true,
      ...given,
      store: given.store ?? (await this.openStore()),
    })
    const lateErrors: Error[] = []
    return listen(
      this.context,
      (req, res) => {
        before?.(req, res)
        const next = (error?: Error) => {
          if (error === undefined) handler(req, res)
          else if (res.headersSent) lateErrors.push(error)
          else answerError(res, error)
        }
        void middleware(req as never, res as never, next as never)
      },
      lateErrors,
    )
  }
}

/** As Express does it. */
function answerError(res: ServerResponse, error: Error): void {
  const { status = 500, headers = {} } = error as { status?: number; headers?: Record<string, string> }
  res.writeHead(status, headers).end(error.message)
}

export async function listen(
  context: TestContext,
  listener: Handler,
  lateErrors: Error[] = [],
): Promise<Served> {
  const server = createServer((req, res) => {
    listener(req as TestRequest, res)
  })
  const port = await listenOnFreePort(server)
  context.after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const url = `http://127.0.0.1:${port}`
  return { url, visit: (path = '/', options = {}) => visit(url + path, options), lateErrors }
}

async function visit(url: string, { cookie, ...init }: VisitOptions): Promise<Answer> {
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
export function cookieOf(answer: Answer, name = 'connect.sid'): string {
  const pair = answer.cookies.find((line) => line.startsWith(`${name}=`))?.split(';')[0]
  if (pair === undefined) throw new Error(`Cannot find ${name}: answer ${answer.status} ${answer.text}`)
  return pair
}

/** The id in the session cookie. */
export function sidOf(answer: Answer): string {
  return decodeURIComponent(cookieOf(answer)).replace(/^.*?=s:|\.[^.]*$/g, '')
}

/** The words of the session's Set-Cookie line after its value. */
export function attributesOf(answer: Answer): readonly string[] {
  const line = answer.cookies.find((text) => text.startsWith('connect.sid='))
  return line?.split('; ').slice(1) ?? []
}

/** One test for each setup. */
export function behaviour(
  title: string,
  play: (stage: Stage) => Promise<void>,
  setups: readonly Setup[] = everySetup,
): void {
  for (const setup of setups) {
    test(`${setup.name}: ${title}`, async (context) => {
      await play(new Stage(context, setup))
    })
  }
}
