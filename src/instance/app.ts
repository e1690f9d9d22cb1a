// Meets each kind of app: from whatever `serve` is given to a server that can listen and close.
import { createServer, Server } from 'node:http'
import type { RequestListener } from 'node:http'
import { Server as TlsServer } from 'node:https'
import { DroverError } from '../base/errors.ts'
import { fetchListener } from './fetch-listener.ts'

/** What `serve` needs of a Fastify app, which makes its own server. */
export interface FastifyApp {
  readonly server: object
  ready(): unknown
  listen(address: { port: number; host: string }): Promise<string>
  close(): unknown
}

/** Hono, and whatever else answers a Request with a Response. */
export interface FetchApp {
  fetch(request: Request, env?: unknown): Response | Promise<Response>
}

/** A node:http listener such as an Express app, a Fastify app, a Hono app, or a server that does not listen yet. */
export type App = RequestListener | FastifyApp | FetchApp | Server | TlsServer

export type HttpServer = Server | TlsServer

export interface Address {
  readonly port: number
  readonly host: string
}

/** An app with its server. */
export interface AppServer {
  readonly server: HttpServer
  /** Resolves once the app is complete and its server listens. Rejects with the app's or the system's error. */
  readonly listen: (address: Address) => Promise<unknown>
  /** Listens no more; resolves when every connection is closed and the app has closed what it opened. */
  readonly close: () => Promise<unknown>
}

/** Throws OPTION_INVALID for what is no app. */
export function appServer(app: App): AppServer {
  const given: unknown = app
  if (isServer(given)) return ownServer(given)
  if (isFastify(given)) return fastifyServer(given)
  if (isFetchApp(given)) return fetchServer(given)
  if (isListener(given)) return plainServer(createServer(given))
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot serve ${given === null ? 'null' : `a value of type ${typeof given}`}: ` +
      'wanted a node:http handler, an Express, Fastify or Hono app, or an HTTP server',
  )
}

function isServer(app: unknown): app is HttpServer {
  return app instanceof Server || app instanceof TlsServer
}

function isFastify(app: unknown): app is FastifyApp {
  if (typeof app !== 'object' || app === null || !('server' in app)) return false
  return ['ready', 'listen', 'close'].every((method) => typeof Reflect.get(app, method) === 'function')
}

function isFetchApp(app: unknown): app is FetchApp {
  if (app === null || (typeof app !== 'object' && typeof app !== 'function')) return false
  return 'fetch' in app && typeof app.fetch === 'function'
}

function isListener(app: unknown): app is RequestListener {
  return typeof app === 'function'
}

function ownServer(server: HttpServer): AppServer {
  if (!server.listening) return plainServer(server)
  throw new DroverError(
    'OPTION_INVALID',
    'Cannot serve a server that listens already: wanted one before its listen()',
  )
}

function plainServer(server: HttpServer): AppServer {
  return { server, listen: (address) => listen(server, address), close: () => close(server) }
}

/** Fastify listens and closes itself, so that its hooks run: onListen, preClose, onClose. */
function fastifyServer(app: FastifyApp): AppServer {
  const { server } = app
  if (!isServer(server)) {
    throw new DroverError(
      'OPTION_INVALID',
      'Cannot serve this Fastify app: wanted one of HTTP/1.1, without http2',
    )
  }
  if (server.listening) return ownServer(server)
  return { server, listen: (address) => app.listen({ ...address }), close: async () => app.close() }
}

function fetchServer(app: FetchApp): AppServer {
  const server = createServer()
  const open = async (address: Address) => {
    server.on('request', await fetchListener(app))
    await listen(server, address)
  }
  return { server, listen: open, close: () => close(server) }
}

function listen(server: HttpServer, address: Address): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...address }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

/** Also of a server that did not come to listen. */
function close(server: HttpServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
