// One site, written for each kind of app that `serve` takes.
import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { Express } from 'express'
import type { App } from '../../../src/instance/app.ts'

/**
 * What every kind does: `/` says hello, POST `/echo` gives the body back, `/hold` answers once it is released. Each records what
 * reached a handler.
 */
export class Site {
  /** Method and path of each request that a handler has seen. */
  readonly seen: string[] = []
  readonly #released = Promise.withResolvers<undefined>()
  readonly #onHold: () => void

  /** `onHold`: called when a request is held. */
  constructor(onHold: () => void = () => undefined) {
    this.#onHold = onHold
  }

  /** Lets every `/hold` answer. */
  release(): void {
    this.#released.resolve(undefined)
  }

  async held(): Promise<string> {
    this.#onHold()
    await this.#released.promise
    return 'held'
  }
}

export interface Kind {
  readonly name: string
  /** Loads its framework. */
  readonly create: (site: Site) => Promise<App>
}

export function nodeListener(site: Site): RequestListener {
  return (req, res) => void answerNode(site, req, res)
}

async function answerNode(site: Site, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const path = req.url ?? ''
  site.seen.push(`${req.method} ${path}`)
  if (path === '/hold') res.end(await site.held())
  else if (path === '/echo') req.pipe(res)
  else res.end('hello')
}

function expressApp(app: Express, site: Site): Express {
  app.use((req, _res, next) => {
    site.seen.push(`${req.method} ${req.path}`)
    next()
  })
  app.get('/hold', (_req, res) => void site.held().then((text) => res.send(text)))
  app.post('/echo', (req, res) => void req.pipe(res))
  app.get('/', (_req, res) => void res.send('hello'))
  return app
}

async function fastifyApp(site: Site): Promise<App> {
  const { fastify } = await import('fastify')
  const app = fastify()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', async (request) => void site.seen.push(`${request.method} ${request.url}`))
  app.get('/hold', () => site.held())
  app.post('/echo', async (request) => request.body)
  app.get('/', async () => 'hello')
  return app
}

async function honoApp(site: Site): Promise<App> {
  const { Hono } = await import('hono')
  const app = new Hono()
  app.use(async (c, next) => {
    site.seen.push(`${c.req.method} ${c.req.path}`)
    await next()
  })
  app.get('/hold', async (c) => c.text(await site.held()))
  app.post('/echo', async (c) => c.text(await c.req.text()))
  app.get('/', (c) => c.text('hello'))
  return app
}

/** Required, since it comes without declarations of its own; what is used of it is as in Express 5. */
function requireExpress4(): () => Express {
  return createRequire(import.meta.url)('express4')
}

export const kinds: readonly Kind[] = [
  { name: 'node:http handler', create: async (site) => nodeListener(site) },
  { name: 'http.Server', create: async (site) => createServer(nodeListener(site)) },
  { name: 'Express 4', create: async (site) => expressApp(requireExpress4()(), site) },
  { name: 'Express 5', create: async (site) => expressApp((await import('express')).default(), site) },
  { name: 'Fastify', create: fastifyApp },
  { name: 'Hono', create: honoApp },
]

export function kindNamed(name: string | undefined): Kind {
  const kind = kinds.find((one) => one.name === name)
  if (kind === undefined) throw new Error(`no kind is named ${name}`)
  return kind
}
